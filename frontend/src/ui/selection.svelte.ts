/** The selected entity: its details and neighbours, each loaded on its own, so that one missing file hides only itself. */
import type { Neighbour } from '../core/data/bundle'
import type { DetailValue } from '../core/fields'
import { sentenceOf } from '../core/data/errors'
import { keptOnMap } from '../core/select/faithful'
import type { Page } from './page.svelte'

// Replaced as a whole, never changed, so it need not be reactive inside.
const NONE: ReadonlySet<number> = Object.freeze(new Set<number>())
const VISITS_KEPT = 100

export class Selection {
  row = $state(-1)
  id = $state<string | null>(null)
  details = $state.raw<DetailValue[] | null>(null)
  neighbours = $state.raw<Neighbour[] | null>(null)
  /** Neighbours that the shown projection puts far away. */
  far = $state.raw(NONE)
  /** Neighbours that are also among the nearest on the shown projection; null = not known yet. */
  kept = $state.raw<ReadonlySet<number> | null>(null)
  error = $state('')
  #visits = $state.raw<readonly number[]>([])
  #visit = $state(-1)
  #token = 0

  constructor(private readonly page: Page) {
    page.onProjection(() => this.updateFar())
  }

  async choose(row: number, options: { fly?: boolean } = {}): Promise<void> {
    const { page } = this
    const bundle = page.bundle!
    const token = ++this.#token
    const known = row === this.row
    this.row = row
    this.error = ''
    if (this.#visits[this.#visit] !== row) {
      this.#visits = [...this.#visits.slice(0, this.#visit + 1), row].slice(-VISITS_KEPT)
      this.#visit = this.#visits.length - 1
    }
    if (!known) {
      this.details = null
      this.neighbours = null
      this.far = NONE
      this.kept = null
      this.id = null
      page.map?.setSelection(row, [])
    }
    if (options.fly) page.map?.camera.flyToRow(row)
    const current = () => token === this.#token
    const part = async (load: () => Promise<void>) => {
      try {
        await load()
      } catch (error) {
        if (current()) this.error = sentenceOf(error)
      }
    }
    await Promise.all([
      part(async () => {
        const details = await bundle.details(row)
        if (current()) this.details = details
      }),
      part(async () => {
        const neighbours = await bundle.neighbours(row)
        if (!current()) return
        this.neighbours = neighbours
        page.map?.setSelection(row, neighbours)
        this.updateFar()
      }),
      part(async () => {
        const id = await bundle.idOf(row)
        if (!current()) return
        this.id = id
        page.link.remember('push')
      }),
    ])
  }

  /** False where the map has no such entity. */
  async chooseId(id: string | null, options: { fly: boolean }): Promise<boolean> {
    const row = id === null ? -1 : await this.page.bundle!.rowOf(id)
    if (row >= 0) await this.choose(row, options)
    else this.clear()
    return row >= 0 || id === null
  }

  clear(): void {
    if (this.row < 0) return
    this.#token++
    this.row = -1
    this.id = null
    this.details = null
    this.neighbours = null
    this.far = NONE
    this.kept = null
    this.error = ''
    this.page.map?.setSelection(-1, [])
    this.page.link.remember('push')
  }

  /** The entity looked at before this one, and the one after it, after going back; -1 = none. */
  get before(): number {
    return this.#visits[this.#visit - 1] ?? -1
  }

  get after(): number {
    return this.#visits[this.#visit + 1] ?? -1
  }

  async revisit(step: -1 | 1): Promise<void> {
    const row = step < 0 ? this.before : this.after
    if (row < 0) return
    this.#visit += step
    await this.choose(row)
    this.page.map?.camera.reveal(row)
  }

  /** Holds the neighbours against the shown projection; to be called whenever that changes. */
  updateFar(): void {
    const { map, projectionKey } = this.page
    const { neighbours, row } = this
    this.far = map?.farNeighbours() ?? NONE
    this.kept = null
    if (!map || !neighbours || neighbours.length === 0) return
    const token = this.#token
    map.positionsOf(projectionKey).then(
      (layer) => {
        if (token === this.#token && projectionKey === this.page.projectionKey)
          this.kept = keptOnMap(layer, row, neighbours)
      },
      () => {}, // the map itself says when its positions are missing
    )
  }
}
