/** Where a list, or a text, that is not on the map would stand on it. */
import { beside, NEAREST, nearestOf, partsOf, type Near, type Parts, type Place } from '../../core/profile/standing'
import type { Layer } from '../../core/gl/renderer'
import { worldOf } from '../../core/map/layers'
import type { Meaning } from '../../core/search/meaning'
import type { Page } from '../page.svelte'
import type { Profile } from '../profile.svelte'

export interface Standing {
  /** World units; null where it has no place. */
  place: Place | null
  nearest: Near[]
  parts: Parts
}

export class Guess {
  /** What is marked on the map. */
  of = $state<'list' | 'text' | null>(null)
  /** A text was looked for, and none of its words is known. */
  unknown = $state(false)
  #ofText = $state.raw<Near[]>([])
  #layer = $state.raw<{ key: string; layer: Layer } | null>(null)
  #meaning: Promise<Meaning> | null = null

  readonly standing = $derived.by((): Standing | null => {
    if (this.of === null || this.page.projection?.dims !== 2) return null
    const { weights } = this.profile.mine
    const liked = [...weights.keys()].filter((row) => weights.get(row)! > 0)
    const parts = this.of === 'list' ? partsOf(liked, this.profile.neighbours) : { parts: [], alone: [] }
    // Of a list that falls apart into single ones no place would be true.
    const largest = parts.parts[0] ?? (liked.length === 1 ? liked : [])
    const nearest = this.of === 'list' ? nearestOf(largest, weights, this.profile.neighbours) : this.#ofText
    return { place: beside(nearest, (row) => this.#placeOf(row)), nearest, parts }
  })

  constructor(
    private readonly page: Page,
    private readonly profile: Profile,
  ) {
    page.onProjection(() => (this.of === null ? undefined : this.#load()))
  }

  /** The list's, or no more of it. */
  async toggleList(): Promise<void> {
    if (this.of === 'list') return this.clear()
    await this.page.attempt(async () => {
      await this.#load()
      this.of = 'list'
      this.#look()
    })
  }

  async findText(text: string): Promise<void> {
    const { bundle } = this.page
    const entry = bundle?.manifest.meaning
    if (!bundle || !entry) return
    await this.page.attempt(async () => {
      const [{ Meaning }, { wordsOf }] = await Promise.all([
        import('../../core/search/meaning'),
        import('../../core/search/tokens'),
      ])
      this.#meaning ??= Meaning.open(entry, bundle.manifest.n, (file) => bundle.bytes(file))
      const model = await this.#meaning.catch((error: unknown) => {
        this.#meaning = null
        throw error
      })
      const vector = model.vectorOf(wordsOf(text))
      this.#ofText = (vector ? model.nearest(vector, NEAREST) : []).map((row) => ({ row, weight: 1 }))
      this.unknown = this.#ofText.length === 0
      await this.#load()
      this.of = this.unknown ? null : 'text'
      this.#look()
    })
  }

  clear(): void {
    this.of = null
    this.unknown = false
  }

  /** Tells where it is, and shows it. */
  #look(): void {
    const { map, bundle } = this.page
    const { place, nearest } = this.standing ?? { place: null, nearest: [] }
    if (!map || !place) return
    map.camera.flyToPlace([place[0], place[1], 0], 3)
    const names = nearest.map(({ row }) => bundle!.nameOf(row) ?? '')
    this.page.say(`By guess it stands beside ${names.join(', ')}.`)
  }

  async #load(): Promise<void> {
    const { map, projectionKey: key } = this.page
    if (map) this.#layer = { key, layer: await map.positionsOf(key) }
  }

  #placeOf(row: number): Place | null {
    if (this.#layer?.key !== this.page.projectionKey) return null
    const { layer } = this.#layer
    if (layer.positions[4 * row + 3] !== 0) return null // not on this map
    const [x, y] = worldOf(layer, row, [0, 0, 0])
    return [x, y]
  }
}
