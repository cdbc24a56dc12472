/** The visitor's own list on the map, what lies close to it, and a second list to compare with. Nothing of it leaves the browser. */
import { sentenceOf } from '../core/data/errors'
import {
  closeTo,
  compareProfiles,
  regionShares,
  relatedPairs,
  type Close,
  type NeighbourLists,
} from '../core/profile/close'
import { ListReader } from '../core/profile/client'
import { readListFile } from '../core/profile/file'
import { loadNeighbours, rowsOf } from '../core/profile/neighbours'
import { packProfile, unpackProfile } from '../core/profile/shared'
import { mostLikedFirst, pullsOf } from '../core/profile/rows'
import { readParts, readQuery } from '../core/url/state'
import type { Filter } from './filter.svelte'
import type { Page } from './page.svelte'
import { Roster } from './profile/roster.svelte'

/** How much fame counts against what is offered. */
export const TASTES = { known: 0, balanced: 0.15, hidden: 0.4 } as const
export type Taste = keyof typeof TASTES

export interface RegionOfMine {
  name: string
  rows: number[]
  share: number
  times: number
}

const MOST_LINES = 600
const NO_NEIGHBOURS: NeighbourLists = new Map()

export class Profile {
  readonly mine: Roster
  readonly theirs: Roster
  taste = $state<Taste>('balanced')
  /** Low ratings speak against what lies near. */
  against = $state(true)
  remembered = $state(false)
  /** Part of a shared link: only after the visitor said so. */
  share = $state(false)
  /** Share of the neighbour lists that have arrived; null = all there. */
  loading = $state<number | null>(null)
  problem = $state('')
  /** A list came without the visitor having opened its section. */
  arrived = $state(false)
  regions = $state.raw<RegionOfMine[]>([])
  #dismissed = $state.raw<readonly number[]>([])
  /** Replaced when a load is done, so that what depends on it is worked out once. */
  #neighbours = $state.raw(NO_NEIGHBOURS)
  #reader: ListReader | null = null
  #token = 0
  /** The part of the address this list came from. */
  #linked: string | null = null
  /** The list came with a link, so it does not replace the one that this browser remembers. */
  #borrowed = false

  readonly shareable = $derived.by(() => this.mine.weights.size > 0)
  readonly #pulls = $derived.by(() => {
    return pullsOf(this.mine.weights, this.against && this.mine.scale !== null)
  })
  readonly #ranked = $derived.by(() => {
    const { sizeValues, sizeColumn } = this.page
    return closeTo({
      pulls: this.#pulls,
      neighbours: this.#neighbours,
      popularity: sizeColumn ? sizeValues : null,
      modesty: TASTES[this.taste],
      usual: sizeColumn?.quantiles[10] ?? 0,
    })
  })
  /** What lies close that the visitor lacks, closest first; without what was dismissed or is filtered out. */
  readonly close = $derived.by((): Close[] => {
    const { passes } = this.filter
    return this.#ranked.filter(({ row }) => !this.#dismissed.includes(row) && (!passes || passes[row] === 1))
  })
  readonly dismissed = $derived.by(() => this.#ranked.filter(({ row }) => this.#dismissed.includes(row)).length)
  readonly comparison = $derived.by(() =>
    this.mine.weights.size > 0 && this.theirs.weights.size > 0
      ? compareProfiles(this.mine.weights, this.theirs.weights, this.#neighbours)
      : null,
  )

  /** Of the rows of the lists, those that have arrived. */
  get neighbours(): NeighbourLists {
    return this.#neighbours
  }

  constructor(
    private readonly page: Page,
    private readonly filter: Filter,
  ) {
    const reader = () => (this.#reader ??= new ListReader(page.bundle!, page.sizeValues))
    this.mine = new Roster(page, reader, () => void this.#changed())
    this.theirs = new Roster(page, reader, () => void this.#changed())
    page.link.register({
      key: 'p',
      read: () => this.#linked,
      apply: (value) => this.#applyLink(value),
      share: async () => (this.share && this.shareable ? packProfile(await this.#byId()) : null),
    })
  }

  /** Applies `?items=` and `?items2=`, else what this browser remembers; a list in the link itself goes before both. */
  async open(): Promise<void> {
    const [items, items2] = ['items', 'items2'].map((name) => readQuery(location.search, name))
    const kept = this.#stored()
    this.remembered = kept !== null
    if (this.mine.list) return
    if (readParts(location.hash).has('p')) return
    this.#borrowed = items !== null
    this.arrived = items !== null || kept !== null
    if (items !== null) await this.mine.read(items, 'items')
    else if (kept !== null) await this.mine.read(kept)
    if (items2 !== null) await this.theirs.read(items2, 'items')
  }

  /** What the visitor wrote or pasted; the map then shows all of it. */
  async read(roster: Roster, text: string, file: string | null = null): Promise<void> {
    if (roster === this.mine) this.#borrowed = false
    roster.file = file
    await roster.read(text)
    if (roster.weights.size > 0) this.page.map?.camera.flyToRows(Uint32Array.from(roster.weights.keys()))
  }

  async readFile(roster: Roster, file: File): Promise<void> {
    try {
      await this.read(roster, await readListFile(file), file.name)
    } catch (error) {
      roster.error = sentenceOf(error)
    }
  }

  clear(): void {
    this.#dismissed = []
    this.mine.clear()
    this.theirs.clear()
    this.#reader?.destroy()
    this.#reader = null
  }

  /** What reading a list came to, in a sentence. */
  summary(roster: Roster): string {
    const { lines, found, open } = roster
    return `${found.length} of ${lines.length} found${open.length > 0 ? `, ${open.length} to decide` : ''}`
  }

  /** Again after a file could not be had. */
  retry(): void {
    this.#reader?.destroy()
    this.#reader = null
    void this.#changed()
  }

  dismiss(row: number): void {
    this.#dismissed = [...this.#dismissed, row]
  }

  restoreDismissed(): void {
    this.#dismissed = []
  }

  // ---- What follows from a list

  async #changed(): Promise<void> {
    const token = ++this.#token
    const { page } = this
    const rows = rowsOf(this.mine.weights, this.theirs.weights)
    this.problem = ''
    if (this.#linked !== null) {
      this.#linked = null
      page.link.remember('replace')
    }
    this.#remember()
    this.paint()
    try {
      this.loading = [...rows].every((row) => this.#neighbours.has(row)) ? null : 0
      const [neighbours] = await Promise.all([
        loadNeighbours(page.bundle!, rows, this.#neighbours, (done) => {
          if (token === this.#token) this.loading = done
        }),
        this.locate().catch(() => (this.regions = [])), // an extra: the list does without
      ])
      if (token !== this.#token) return
      this.#neighbours = neighbours
      this.paint()
    } catch (error) {
      if (token === this.#token) this.problem = sentenceOf(error)
    } finally {
      if (token === this.#token) this.loading = null
    }
  }

  /** The most liked are named first on the map, of these the best known. */
  paint(): void {
    const worth = (row: number) => this.page.sizeValues?.[row] || 0
    const ordered = ({ weights }: Roster) => mostLikedFirst(weights, worth)
    this.page.map?.setProfile(
      ordered(this.mine),
      ordered(this.theirs),
      relatedPairs(this.mine.weights, this.#neighbours, MOST_LINES),
    )
  }

  /** Regions of the projection that is shown, in which the list lies. */
  async locate(): Promise<void> {
    const { projection, bundle } = this.page
    if (!bundle || !projection?.regions || !projection.region_rows || this.mine.weights.size === 0) {
      this.regions = []
      return
    }
    const [regions, finest] = await Promise.all([bundle.regions(projection), bundle.regionRows(projection)])
    if (projection !== this.page.projection) return
    const outermost = regions.map((_, place) => {
      for (let parent = regions[place].parent; parent !== null; parent = regions[place].parent) place = parent
      return place
    })
    const regionOf = finest.map((place) => outermost[place] ?? 65535)
    this.regions = regionShares(this.mine.weights.keys(), regionOf).map(({ region, ...rest }) => ({
      name: regions[region].name,
      ...rest,
    }))
  }

  // ---- Remembering

  get #storageKey(): string {
    return `atlas-list:${this.page.manifest!.atlas.name}`
  }

  #stored(): string | null {
    try {
      return localStorage.getItem(this.#storageKey)
    } catch {
      return null // a browser that keeps nothing
    }
  }

  setRemembered(wanted: boolean): void {
    this.remembered = wanted
    this.#borrowed = false
    this.#remember()
  }

  #remember(): void {
    if (this.#borrowed) return
    try {
      if (this.remembered && this.mine.list) localStorage.setItem(this.#storageKey, this.mine.source)
      else localStorage.removeItem(this.#storageKey)
    } catch {
      this.remembered = false
    }
  }

  // ---- The link

  #byId(): Promise<(readonly [id: string, weight: number])[]> {
    const bundle = this.page.bundle!
    return Promise.all([...this.mine.weights].map(async ([row, weight]) => [await bundle.idOf(row), weight] as const))
  }

  async #applyLink(value: string | null): Promise<void> {
    const byId = value === null ? null : await unpackProfile(value)
    if (!byId) return
    const bundle = this.page.bundle!
    const [rows] = await Promise.all([
      bundle.rowsOfIds([...byId.keys()]),
      ...bundle.manifest.buckets.map((_, bucket) => bundle.names(bucket)),
    ])
    this.#borrowed = this.arrived = true
    this.mine.adopt([...rows].map(([id, row]) => [row, byId.get(id)!]))
    this.#linked = value
  }
}
