/** The selected entity: its details and neighbours, each loaded on its own, so that one missing file hides only itself. */
import type { DetailValue, Neighbour } from '../core/data/bundle'
import { sentenceOf } from '../core/data/errors'
import type { Atlas } from './atlas.svelte'

// Replaced as a whole, never changed, so it need not be reactive inside.
const NONE: ReadonlySet<number> = Object.freeze(new Set<number>())

export class Selection {
  row = $state(-1)
  id = $state<string | null>(null)
  details = $state.raw<DetailValue[] | null>(null)
  neighbours = $state.raw<Neighbour[] | null>(null)
  /** Neighbours that the shown projection puts far away. */
  far = $state.raw(NONE)
  error = $state('')
  #token = 0

  constructor(private readonly atlas: Atlas) {}

  async choose(row: number, options: { fly?: boolean } = {}): Promise<void> {
    const { atlas } = this
    const bundle = atlas.bundle!
    const token = ++this.#token
    const known = row === this.row
    this.row = row
    this.error = ''
    if (!known) {
      this.details = null
      this.neighbours = null
      this.far = NONE
      this.id = null
      atlas.map?.setSelection(row, [])
    }
    if (options.fly) atlas.map?.flyToRow(row)
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
        atlas.map?.setSelection(row, neighbours)
        this.updateFar()
      }),
      part(async () => {
        const id = await bundle.idOf(row)
        if (!current()) return
        this.id = id
        atlas.link.remember('push')
      }),
    ])
  }

  async chooseId(id: string | null, options: { fly: boolean }): Promise<void> {
    if (id === null) return this.clear()
    const row = await this.atlas.bundle!.rowOf(id)
    if (row >= 0) await this.choose(row, options)
    else this.clear()
  }

  clear(): void {
    if (this.row < 0) return
    this.#token++
    this.row = -1
    this.id = null
    this.details = null
    this.neighbours = null
    this.far = NONE
    this.error = ''
    this.atlas.map?.setSelection(-1, [])
    this.atlas.link.remember('push')
  }

  updateFar(): void {
    this.far = this.atlas.map?.farNeighbours() ?? NONE
  }
}
