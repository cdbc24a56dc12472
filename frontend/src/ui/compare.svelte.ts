/** Two maps compared: which, how they are shown, and what is found out about them in a worker. */
import type { Encoding } from '../core/colour/encode'
import { CompareClient } from '../core/compare/client'
import { encodeChange } from '../core/compare/encode'
import type { Group } from '../core/compare/groups'
import { IDENTITY, type Similarity } from '../core/compare/procrustes'
import { divideAt, partCover } from '../core/compare/split'
import { percent, wordsFor, type GroupWords } from '../core/compare/words'
import { projectionOf } from '../core/data/manifest'
import type { Layer } from '../core/gl/renderer'
import type { MapView } from '../core/map/map_view'
import type { Colour } from './colour.svelte'
import { Blend } from './compare/blend.svelte'
import type { Cover } from './insets'
import type { Page } from './page.svelte'
import type { Picked } from './picked.svelte'
import type { Selection } from './selection.svelte'

/** One map that blends into the other, or both at once. */
export type Way = 'blend' | 'side'
/** What counts as change: how far from its place, or how many new neighbours. */
export type Measure = 'places' | 'neighbours'

export interface SuggestedGroup extends Group, GroupWords {}

const NO_REGION = 65535

export class Compare extends Blend {
  /** Keys of the two maps; null = nothing is compared. */
  pair = $state.raw<{ a: string; b: string } | null>(null)
  way = $state<Way>('blend')
  /** Side by side: the cameras move together. */
  linked = $state(true)
  /** Side by side: the first map's share of the free space. */
  share = $state(0.5)
  /** Side by side: where the second map begins, CSS px from the left or, stacked, from the top. */
  divide = $state(0)
  measure = $state<Measure>('places')
  /** Per row, in shares of the map's width; null while it is worked out. */
  moved = $state.raw<Float32Array | null>(null)
  /** Per row, the share of its neighbours on a that b keeps; null while it is worked out. */
  kept = $state.raw<Float32Array | null>(null)
  /** How far the neighbours are worked out, 0 … 1. */
  progress = $state(0)
  groups = $state.raw<readonly SuggestedGroup[]>([])
  /** The second map, while side by side. */
  second = $state.raw<MapView | null>(null)
  readonly a = $derived.by(() => this.#projection(this.pair?.a))
  readonly b = $derived.by(() => this.#projection(this.pair?.b))
  /** Lays b over a. */
  similarity: Similarity = IDENTITY
  layers: [Layer, Layer] | null = null

  #client: CompareClient | null = null
  #token = 0
  #colourBefore: string | null = null
  #cover: Cover = { insets: { left: 0, top: 0, right: 0, bottom: 0 }, obstacles: [] }
  /** Those who wait for the next finding. */
  #waiting: (() => void)[] = []

  constructor(
    page: Page,
    selection: Selection,
    private readonly picked: Picked,
    private readonly colour: Colour,
  ) {
    super(page, selection)
    colour.offer('moved', {
      label: () => (this.pair ? 'What changed between the maps' : null),
      encode: () => this.encoding(),
    })
    page.link.register({
      key: 'c',
      read: () =>
        this.pair ? `${this.pair.b}~${this.way === 'side' ? 'side' : Math.round(this.t * 100) / 100}` : null,
      apply: (value, all) => {
        const cut = value?.lastIndexOf('~') ?? -1
        const b = value?.slice(0, Math.max(0, cut))
        const how = value?.slice(cut + 1)
        if (!b || !how || !this.#projection(b))
          return this.pair ? page.showProjection(this.pair.a, { remember: false, again: true }) : undefined
        const a = all.get('map') ?? page.manifest!.default.projection
        return this.open(b, {
          a,
          way: how === 'side' ? 'side' : 'blend',
          t: Number.isFinite(Number(how)) ? Math.min(1, Math.max(0, Number(how))) : 0,
          remember: false,
        })
      },
    })
  }

  protected get ends(): readonly [string, string] | null {
    return this.pair && [this.pair.a, this.pair.b]
  }

  #projection(key: string | undefined) {
    return key !== undefined && this.page.manifest ? (projectionOf(this.page.manifest, key) ?? null) : null
  }

  // ---- Which maps

  open(b: string, options: { a?: string; t?: number; way?: Way; remember?: boolean } = {}): Promise<void> {
    const { page } = this
    const { a = this.pair?.a ?? page.projectionKey, t = 0, way = this.way, remember = true } = options
    return page.attempt(async () => {
      const { map } = page
      if (!map || a === b || !this.#projection(a) || !this.#projection(b)) return
      const token = ++this.#token
      const layers = await Promise.all([map.positionsOf(a), map.positionsOf(b)])
      if (token !== this.#token) return
      this.pause()
      page.mix(this)
      const known = this.pair?.a === a && this.pair.b === b
      this.pair = { a, b }
      this.t = t
      this.way = way
      page.projectionKey = a
      if (!known) this.#ask(a, b, layers)
      if (remember) page.say(`Comparing ${this.a!.name} with ${this.b!.name}.`)
      await this.#show()
      if (!known && this.colour.choice.key === 'moved') void this.colour.set('moved', { remember: false })
      if (remember) page.link.remember('push')
    })
  }

  #ask(a: string, b: string, layers: [Layer, Layer]): void {
    this.#forget()
    this.layers = layers
    this.#client ??= new CompareClient({
      movement: ({ shares, similarity }) => {
        this.similarity = similarity
        this.moved = shares
        this.#tell()
      },
      progress: (share) => (this.progress = share),
      neighbours: ({ kept, groups }) => {
        this.progress = 1
        this.kept = kept
        this.#tell()
        void this.#name(groups)
      },
    })
    this.#client.compare([a, b], layers)
  }

  #forget(): void {
    this.#client?.stop()
    this.moved = null
    this.kept = null
    this.groups = []
    this.progress = 0
    this.layers = null
    this.similarity = IDENTITY
    this.#tell()
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Only this map, whether or not two are compared. */
  showOnly(key: string): Promise<void> {
    return this.page.showProjection(key, { again: this.pair !== null })
  }

  /** Ends the comparison with the map that is nearer. */
  close(): Promise<void> {
    const { pair } = this
    if (!pair) return Promise.resolve()
    const key = this.way === 'blend' && this.t >= 0.5 ? pair.b : pair.a
    return this.page
      .showProjection(key, { again: true })
      .then(() => this.page.say(`Showing ${this.#projection(key)!.name}.`))
  }

  /** Called when one map is to be shown: forgets the pair. True when the map holds a mix of two. */
  release(): boolean {
    if (!this.pair) return false
    this.pause()
    this.#token++
    this.pair = null
    this.#forget()
    if (this.colour.choice.key === 'moved')
      void this.colour.set(this.#colourBefore ?? this.colour.textOf(null), { remember: false })
    return this.way === 'blend'
  }

  end(): void {
    this.release()
  }

  swap(): Promise<void> {
    const { a, b } = this.pair!
    return this.open(a, { a: b, t: 1 - this.t })
  }

  setWay(way: Way): Promise<void> {
    return this.open(this.pair!.b, { way, t: way === 'side' ? 0 : this.t })
  }

  async #show(): Promise<void> {
    const { map } = this.page
    const { a, b } = this.pair!
    if (this.way === 'blend') await map!.setMix(a, b, this.t)
    else if (map!.projection.key === a) await map!.endMix(a)
    else await map!.show(a)
    this.selection.updateFar()
  }

  // ---- Side by side

  /** Divides the screen where two maps share it; returns what the panels cover of the first. */
  divided(cover: Cover, size: { width: number; height: number }, stacked: boolean): Cover {
    this.#cover = cover
    if (this.pair === null || this.way === 'blend') return cover
    this.divide = divideAt(cover, size, stacked, this.share)
    const [first, second] = partCover(cover, this.divide, stacked)
    this.second?.setInsets(second.insets, second.obstacles)
    return first
  }

  /** Moves the divider to a place in CSS px. */
  divideTo(at: number, whole: number, stacked: boolean): void {
    const { insets } = this.#cover
    const [from, to] = stacked ? [insets.top, insets.bottom] : [insets.left, insets.right]
    this.share = Math.min(0.85, Math.max(0.15, (at - from) / Math.max(1, whole - from - to)))
  }

  // ---- What changed

  near(rows: Uint32Array): Promise<[Uint32Array, Uint32Array] | null> {
    return this.#client!.near(rows)
  }

  /** What moved most as a colour; waits until it is known. */
  async encoding(): Promise<Encoding | null> {
    const { colour } = this
    const { manifest } = this.page
    if (colour.choice.key !== 'moved') this.#colourBefore = colour.text
    while (this.pair) {
      const values = this.measure === 'places' ? this.moved : this.kept?.map((share) => 1 - share)
      if (values)
        return encodeChange(values, manifest!.n, (most) =>
          this.measure === 'places' ? ['stayed', `moved ${percent(most)} or more`] : ['same neighbours', 'new ones'],
        )
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return null
  }

  toggleColour(): void {
    void this.colour.set(
      this.colour.choice.key === 'moved' ? (this.#colourBefore ?? this.colour.textOf(null)) : 'moved',
    )
  }

  setMeasure(measure: Measure): void {
    this.measure = measure
    if (this.colour.choice.key === 'moved') void this.colour.set('moved', { remember: false })
  }

  /** Picks a suggested group and, where the maps blend, shows how it gets from one to the other. */
  show(group: SuggestedGroup): void {
    const { page } = this
    this.picked.set(group.rows, 'replace', group.name)
    requestAnimationFrame(() => page.map?.camera.fit()) // in what the panel of the set leaves free
    if (this.way === 'blend') {
      this.setT(0)
      this.play({ once: true })
    }
  }

  async #name(groups: Group[]): Promise<void> {
    const { layers } = this
    const { bundle, manifest, sizes } = this.page
    const regionsOf = async (key: string): Promise<(row: number) => string | null> => {
      const projection = this.#projection(key)!
      if (!projection.region_rows) return () => null
      // Without their names, groups are told by their members.
      const [regions, rows] = await Promise.all([bundle!.regions(projection), bundle!.regionRows(projection)]).catch(
        () => [[], new Uint16Array(0)] as const,
      )
      return (row) => (rows[row] === undefined || rows[row] === NO_REGION ? null : (regions[rows[row]]?.name ?? null))
    }
    const { a, b } = this.pair!
    const [before, after] = await Promise.all([regionsOf(a), regionsOf(b)])
    if (layers !== this.layers) return
    this.groups = groups.map((group) => ({
      ...group,
      ...wordsFor(group, {
        nameOf: (row) => bundle!.nameOf(row) ?? '',
        importance: (row) => sizes[row] ?? 0,
        entity: manifest!.atlas.entity,
        regionOf: group.kind === 'joined' ? after : before,
        maps: [this.a!.name, this.b!.name],
      }),
    }))
  }
}
