/** Earlier versions of the map: which there are, which is shown, and what became of it since. */
import { CompareClient } from '../../core/compare/client'
import type { Group } from '../../core/compare/groups'
import { IDENTITY, inverse, type Similarity } from '../../core/compare/procrustes'
import { wordsFor, type GroupWords } from '../../core/compare/words'
import { projectionOf, type Projection } from '../../core/data/manifest'
import { formatCount } from '../../core/format'
import type { Layer } from '../../core/gl/renderer'
import { LayerStore, worldOf } from '../../core/map/layers'
import type { Guest } from '../../core/map/projecting'
import { around, idOf, inWords, readSince, writeSince, type Version } from '../../core/versions/list'
import type { Matched } from '../../core/versions/match'
import { VersionFiles, type Opened } from '../../core/versions/open'
import { guestOf, layerOfRows } from '../../core/versions/places'
import { growthText } from '../../core/versions/words'
import { Blend } from '../compare/blend.svelte'
import { manifestUrl } from '../manifest_url'
import type { Page } from '../page.svelte'
import type { Picked } from '../picked.svelte'
import type { Selection } from '../selection.svelte'
import type { Work } from '../selection/work.svelte'

export interface MovedGroup extends Group, GroupWords {}

export class Past extends Blend {
  /** Newest first; none before the list is there. */
  earlier = $state.raw<readonly Version[]>([])
  /** The version that this page shows by itself. */
  own = $state.raw<Version | null>(null)
  /** A newer one than this page shows is published. */
  newer = $state(false)
  /** What is being opened. */
  opening = $state.raw<Version | null>(null)
  /** What is shown, or on its way from or to the latest. */
  shown = $state.raw<Opened | null>(null)
  /** The version shown has this map; else nothing slides. */
  hasMap = $state(false)
  /** How far those of `matched.now` moved, in their order and in shares of the map's width. */
  moved = $state.raw<Float32Array | null>(null)
  groups = $state.raw<readonly MovedGroup[]>([])
  /** The page was opened by a link to an earlier version. */
  readonly arrived: boolean

  #guest: Guest | null = null
  #token = 0
  #client: CompareClient | null = null
  #aligned: (similarity: Similarity) => void = () => {}
  #named: (groups: Group[]) => void = () => {}
  readonly #files: VersionFiles

  readonly #picked: Picked
  readonly #work: Work

  /** `url`: of the list, below the site's root; null where the site has none, and a link may still ask for a version. */
  constructor(
    page: Page,
    private readonly url: string | null,
    { selection, picked, work }: { selection: Selection; picked: Picked; work: Work },
  ) {
    super(page, selection)
    this.t = 1 // 0 = as it was then, 1 = the latest
    this.#picked = picked
    this.#work = work
    page.onProjection(() => this.#follow())
    this.#files = new VersionFiles(page.bundle!, document.baseURI)
    this.arrived = location.hash.includes('since=')
    addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.#look().catch(() => {}) // offline, say; the next look will tell
    })
    void page.attempt(async () => {
      await this.#look()
      page.link.register({
        key: 'since',
        read: () => (this.shown ? writeSince(this.shown.version, this.t) : null),
        apply: (value) => this.#apply(value),
      })
    })
  }

  protected get ends(): readonly [string, string] | null {
    return this.#guest && [this.#guest.projection.key, this.page.projectionKey]
  }

  get all(): Version[] {
    return [...(this.own ? [this.own] : []), ...this.earlier]
  }

  get since(): string {
    return this.shown ? inWords(this.shown.version.published) : ''
  }

  // ---- Which versions there are

  async #look(): Promise<void> {
    if (this.url === null) return
    const { earlier, own, newer } = around(await this.#files.list(this.url), idOf(manifestUrl()))
    const told = this.newer
    this.newer = newer
    if (own) Object.assign(this, { earlier, own }) // else this page has been open longer than its version is kept
    if (newer && !told) this.#work.say('A newer version of this map is there.', 'Reload', () => location.reload())
  }

  #apply(value: string | null): Promise<void> | void {
    const wanted = value === null ? null : readSince(value)
    const version = wanted && this.earlier.find(({ id }) => id === wanted.id)
    if (version) return this.choose(version, { t: wanted.t, remember: false })
    this.#end()
    if (wanted && wanted.id !== this.own?.id) this.#tellGone(wanted.date)
  }

  // ---- Which one is shown

  /** Shows the map as it was then, sliding there; from the latest, a link leads at once to where it says. */
  choose(version: Version, { t = 0, remember = true }: { t?: number; remember?: boolean } = {}): Promise<void> {
    const { page } = this
    const token = ++this.#token
    this.opening = version
    return page.attempt(async () => {
      try {
        const opened = await this.#open(version)
        if (!opened || token !== this.#token) return
        this.pause()
        const guest = await this.#lay(opened, token)
        if (token !== this.#token) return
        page.mix(this)
        await this.#show(opened, guest, { t, remember })
        page.say(this.summary)
      } finally {
        if (token === this.#token) this.opening = null
      }
    })
  }

  /** From one version straight to another; else along the way from the latest. `remember`: somebody chose it just now. */
  async #show(opened: Opened, guest: Guest | null, { t, remember }: { t: number; remember: boolean }): Promise<void> {
    const { map, projectionKey, link } = this.page
    const before = this.#guest
    const exchanged = this.shown !== null && before !== guest && !(remember && this.t === 1)
    if (!this.shown) this.t = 1
    this.shown = opened
    this.hasMap = guest !== null
    this.#guest = guest
    if (!guest) {
      this.t = 0
      if (before) {
        map!.welcome(null)
        await map!.endMix(projectionKey)
      }
    } else if (exchanged) {
      this.t = t
      await map!.exchange(guest, projectionKey, t)
    } else {
      if (before !== guest) map!.welcome(guest)
      await map!.setMix(guest.projection.key, projectionKey, remember ? this.t : t)
    }
    if (remember) link.remember('push') // before the way is remembered, which makes no step
    if (guest && !exchanged) {
      if (remember) this.travel(t as 0 | 1)
      else this.setT(t)
    }
    this.selection.updateFar()
  }

  /** What a screen reader is told, and a folded section. */
  get summary(): string {
    if (!this.shown) return ''
    const { version, matched } = this.shown
    const entity = this.page.manifest!.atlas.entity
    const size = `The map of ${this.since}: ${formatCount(version.n)} ${version.n === 1 ? entity[0] : entity[1]}.`
    return `${size} ${growthText({ fresh: matched.fresh.length, gone: matched.gone.length, entity, since: this.since })}`
  }

  async #open(version: Version): Promise<Opened | null> {
    try {
      return await this.#files.open(version)
    } catch (error) {
      await this.#look()
      if (this.earlier.some(({ id }) => id === version.id)) throw error
      this.#tellGone(version.published) // while this page was open
      return null
    }
  }

  #tellGone(date: Date): void {
    const text = `The version of ${inWords(date)} is not kept any more; this is the latest one.`
    this.#work.say(text)
    this.page.say(text)
  }

  /** The version laid over today's map; null where it did not have this map. What is on screen stays there meanwhile. */
  async #lay({ version, bundle, matched }: Opened, token: number): Promise<Guest | null> {
    const { map, projection } = this.page
    const was = projection && projectionOf(bundle.manifest, projection.key)
    const key = `${projection?.key}@${version.id}`
    if (this.#guest?.projection.key === key) return this.#guest
    this.#unfind()
    if (!map || !projection || was?.dims !== projection.dims) return null
    const [now, then, regions] = await Promise.all([
      map.positionsOf(projection.key),
      new LayerStore(bundle).whole(was),
      bundle.regions(was).catch(() => []),
    ])
    if (token !== this.#token) return null
    const similarity = await this.#align(
      key,
      matched,
      [layerOfRows(then, matched.then), layerOfRows(now, matched.now)],
      projection,
      token,
    )
    if (token !== this.#token) return null
    return guestOf(key, { projection, layer: now }, { projection: was, layer: then, regions }, matched, similarity)
  }

  /** Lays the earlier places over today's; what moved becomes known on the way, and which groups did later. */
  #align(
    key: string,
    matched: Matched,
    layers: [Layer, Layer],
    projection: Projection,
    token: number,
  ): Promise<Similarity> {
    this.#client ??= new CompareClient({
      movement: ({ shares, similarity }) => {
        this.moved = shares
        this.#aligned(inverse(similarity))
      },
      progress: () => {},
      neighbours: ({ groups }) => this.#named(groups),
    })
    this.#aligned(IDENTITY) // whoever still waits was overtaken, and does not use it
    const aligned = new Promise<Similarity>((resolve) => (this.#aligned = resolve))
    this.#named = (groups) => void this.#name(groups, matched, projection, token)
    this.#client.compare([`${key} then`, `${key} now`], layers)
    return aligned
  }

  async #name(groups: Group[], matched: Matched, projection: Projection, token: number): Promise<void> {
    const { bundle, manifest, sizes } = this.page
    const [regions, rows] = await Promise.all([
      bundle!.regions(projection),
      projection.region_rows ? bundle!.regionRows(projection) : [],
    ]).catch(() => [[], []] as const)
    if (token !== this.#token) return
    this.groups = groups.map((group) => {
      const here = { ...group, rows: group.rows.map((i) => matched.now[i]) }
      return {
        ...here,
        ...wordsFor(here, {
          nameOf: (row) => bundle!.nameOf(row) ?? '',
          importance: (row) => sizes[row] ?? 0,
          entity: manifest!.atlas.entity,
          regionOf: (row) => regions[rows[row]]?.name ?? null,
          maps: [`the map of ${this.since}`, 'the latest'],
        }),
      }
    })
  }

  /** Forgets what moved. */
  #unfind(): void {
    this.#client?.stop()
    this.#aligned(IDENTITY)
    this.moved = null
    this.groups = []
  }

  #forget(): void {
    this.#unfind()
    this.#guest = null
    this.page.map?.welcome(null)
  }

  /** Slides to the latest and stays there. */
  close(): void {
    if (!this.shown) return
    this.#token++
    this.opening = null
    this.page.say('The latest version is shown.')
    const end = () => {
      this.#end()
      this.page.link.remember('push')
    }
    if (this.hasMap && this.t < 1) this.travel(1, end)
    else end()
  }

  #end(): void {
    this.#token++
    this.pause()
    const mixed = this.#guest !== null
    this.shown = null
    this.opening = null
    this.t = 1
    if (mixed) void this.page.map?.endMix(this.page.projectionKey)
    this.#forget()
  }

  /** Called when another map is to be shown. True when the map holds a mix with an earlier version. */
  release(): boolean {
    if (!this.shown) return false
    this.#token++
    this.pause()
    const mixed = this.#guest !== null
    this.#forget()
    return mixed
  }

  /** When another map is shown, the version shows that one, too. */
  #follow(): void {
    if (this.shown) void this.choose(this.shown.version, { t: this.hasMap ? this.t : 0, remember: false })
  }

  /** Called when two maps of today are compared: there is no place for a third. */
  end(): void {
    this.release()
    this.shown = null
    this.t = 1
  }

  // ---- What is looked at

  /** Selects all that are new, where they are seen: on the latest. */
  pickFresh(): void {
    this.#toLatest()
    this.#picked.set(this.shown!.matched.fresh, 'replace', `what is new since ${this.since}`)
  }

  chooseFresh(row: number): void {
    this.#toLatest()
    void this.selection.choose(row, { fly: true })
  }

  #toLatest(): void {
    if (this.hasMap && this.t < 1) this.travel(1)
  }

  /** Goes to where one that is gone was; `place`: its place among those that are gone. */
  flyToGone(place: number): void {
    if (!this.#guest) return
    this.travel(0)
    const { scale, offset } = this.#guest.layer
    this.page.map?.camera.flyToPlace(
      worldOf({ positions: this.#guest.ghosts.positions[0], scale, offset }, place, [0, 0, 0]),
    )
  }

  /** Picks a group that moved, and shows how it got to where it is. */
  showGroup(group: MovedGroup): void {
    const { page } = this
    this.#picked.set(group.rows, 'replace', group.name)
    requestAnimationFrame(() => page.map?.camera.fit()) // in what the panel of the set leaves free
    this.setT(0)
    this.travel(1)
  }
}
