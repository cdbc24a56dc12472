/** The page with all its concerns: puts them together, opens the bundle, and passes on what the map tells. */
import type { Legend } from '../core/colour/encode'
import { Bundle, type Region } from '../core/data/bundle'
import { sentenceOf } from '../core/data/errors'
import { projectionOf } from '../core/data/manifest'
import { sizesFrom } from '../core/gl/look'
import type { Above } from '../core/map/events'
import { MapView, type MapEvents } from '../core/map/map_view'
import { readParts } from '../core/url/state'
import { Colour, type NumberData } from './colour.svelte'
import { Compare } from './compare.svelte'
import { embedded } from './embed/embed'
import { Filter } from './filter.svelte'
import { registerCamera, registerParts } from './link_parts'
import { manifestUrl } from './manifest_url'
import { Page } from './page.svelte'
import { Picked } from './picked.svelte'
import { Pictures } from './pictures/pictures.svelte'
import { Profile } from './profile.svelte'
import { Guess } from './profile/guess.svelte'
import { Links } from './links/links.svelte'
import { Places } from './regions/places.svelte'
import { Selection } from './selection.svelte'
import { Saved } from './selection/saved.svelte'
import { Work } from './selection/work.svelte'
import { Tours } from './tours/tours.svelte'
import type { Past } from './versions/past.svelte'
import { Welcome } from './welcome/welcome.svelte'

/** What a panel or a component is handed: the page, and those of its concerns that it shows. */
export type With<Parts extends keyof Atlas> = Page & Pick<Atlas, Parts>

export class Atlas extends Page {
  readonly work = new Work()
  readonly selection = new Selection(this)
  readonly picked = new Picked(this, this.selection)
  readonly filter = new Filter(this)
  readonly colour = new Colour(this, this.filter)
  readonly saved = new Saved(this, this.picked, this.work)
  readonly profile = new Profile(this, this.filter)
  readonly guess = new Guess(this, this.profile)
  readonly places = new Places(this, this.selection)
  readonly pictures = new Pictures(this, () => this.selection.row)
  readonly tours = new Tours(this)
  readonly welcome = new Welcome()
  readonly links = new Links(this)
  readonly compare = new Compare(this, this.selection, this.picked, this.colour)
  /** Earlier versions of the map, once it is known that there may be some. */
  past = $state.raw<Past | null>(null)
  /** Resolves when the map and all names are there; rejects with the error that is on screen. */
  readonly ready: Promise<void>

  #settle!: { resolve: () => void; reject: (error: unknown) => void }

  constructor() {
    super()
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    this.ready.catch(() => {}) // shown on the page; nobody else need listen
    registerParts(this, this)
  }

  async start(): Promise<void> {
    this.phase = 'opening'
    this.error = ''
    try {
      const bundle = await Bundle.open(manifestUrl(), { onProgress: (progress) => (this.progress = progress) })
      this.theme.use(bundle.manifest.atlas.theme)
      document.title = bundle.manifest.atlas.title
      this.bundle = bundle
      const wanted = readParts(location.hash).get('map') ?? ''
      this.projectionKey = projectionOf(bundle.manifest, wanted) ? wanted : bundle.manifest.default.projection
      if (readParts(location.hash).get('v') === 'list') this.showAs('list', { remember: false })
      this.manifest = bundle.manifest
      this.saved.open()
      this.phase = 'painting'
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.error = sentenceOf(error)
    this.phase = 'failed'
    this.#settle.reject(error)
  }

  /** Called once the stage is in the document: paints the first bucket, then loads the rest. */
  async attach(stage: HTMLElement, canvas: HTMLCanvasElement, labels: HTMLElement): Promise<void> {
    const bundle = this.bundle!
    this.map = MapView.create({
      canvas,
      stage,
      labels,
      bundle,
      reducedMotion: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
      events: this.eventsOf(() => this.map!, this.pictures),
    })
    this.hasMap = this.map !== null
    if (this.map) registerCamera(this, this.selection)
    const colour = this.colour.textOf(readParts(location.hash).get('colour') ?? null)
    try {
      // All that the first paint needs, and nothing else, is asked for at once.
      const names = this.#loadNames(0)
      bundle.regions(this.projection!).catch(() => {}) // the map asks again, and says so
      const [opened] = await Promise.all([this.map?.open(this.projectionKey, this.#startLooks(colour)), names])
      performance.mark('atlas:first-paint')
      this.phase = 'ready'
      void this.attempt(() => this.#loadRest(colour, opened?.rest), true)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Everything that the first paint did without. When a file fails, what is there stays, and trying again goes on. */
  async #loadRest(colour: string, positions?: () => Promise<void>): Promise<void> {
    await Promise.all([
      positions?.(),
      this.attempt(() => this.#loadSizes()),
      this.colour.set(colour, { remember: false }),
    ])
    const linked = Promise.all([this.link.open(), this.profile.open()])
    for (let bucket = this.namesLoaded; bucket < this.manifest!.buckets.length; bucket++) await this.#loadNames(bucket)
    await linked
    this.complete = true
    this.#settle.resolve()
    if (!embedded && this.map) void this.places.load().catch(() => {}) // names the middle of the map; an extra
    const { versions = null } = this.manifest!
    if (!embedded && (versions || readParts(location.hash).has('since'))) {
      const { Past } = await import('./versions/past.svelte')
      this.past ??= new Past(this, versions, this)
    }
  }

  /** What a map tells the page; `map`: which, since a region is drawn around places on one. `above`: drawn above its points. */
  eventsOf(map: () => MapView, above?: Above): MapEvents {
    return {
      hover: (row, how) => {
        this.hover(row)
        if (how === 'keys' && row >= 0) this.say(this.bundle!.nameOf(row) ?? '')
      },
      above,
      pick: (row) => (row < 0 ? this.selection.clear() : void this.selection.choose(row)),
      pickToggle: (row) => this.picked.toggle(row),
      region: (polygon, how) => this.picked.region(map().rowsInPolygon(polygon), how),
      tool: (tool) => (this.tool = tool),
      rest: () => {
        this.link.remember('replace')
        if (map() === this.map) this.places.look()
      },
      escape: () => this.leave(),
      search: () => this.focusSearch(),
      regionPick: (region, toggle) => this.#lookAt(map(), region, toggle),
      regionPoint: (region) => this.#pointAt(map(), region),
      regionsMissing: (projection) => void this.attempt(() => map().loadRegions(projection)),
    }
  }

  /** Regions are those of the first map; another beside it only flies there. toggle: its members are selected. */
  #lookAt(map: MapView, region: Region, toggle: boolean): void {
    if (map !== this.map) return map.camera.flyToRegion(region)
    void this.attempt(async () => {
      await this.places.load()
      if (toggle) this.picked.set(this.places.rows(region), 'toggle', 'selecting a region')
      else this.places.show(region)
    })
  }

  #pointAt(map: MapView, region: Region | null): void {
    if (map !== this.map || (!region && !this.places.pointed)) return
    // What is hovered is an extra: a missing file is told when it is clicked.
    void this.places.load().then(
      () => (this.places.pointed = region),
      () => {},
    )
  }

  detach(): void {
    this.map?.destroy()
    this.map = null
  }

  async #loadNames(bucket: number): Promise<void> {
    const bundle = this.bundle!
    const names = await bundle.names(bucket)
    this.search.add(bundle.bucketStart(bucket), names)
    this.namesLoaded = Math.max(this.namesLoaded, bucket + 1)
    this.map?.request()
  }

  /**
   * Colours and sizes of the first bucket. One that cannot be had leaves the points plain: what loads all rows
   * afterwards asks for it again, and says so.
   */
  async #startLooks(colour: string): Promise<void> {
    await Promise.allSettled([this.colour.startSizes(), this.colour.start(colour)])
  }

  async #loadSizes(): Promise<void> {
    const column = this.popularity
    if (!column) return
    const data = (await this.bundle!.column(column)) as NumberData
    this.sizeValues = data.values
    this.sizes = sizesFrom(data.values, column.min, column.max, column.quantiles)
    this.search.setImportance(this.sizes)
    await this.colour.setSize(column.name, { remember: false })
  }

  /** Escape: ends a tour, else from one entity back to the set it was opened from, from the set to nothing. */
  leave(): void {
    if (this.tours.now) this.tours.end()
    else if (this.selection.row >= 0) this.selection.clear()
    else if (this.places.chosen) this.places.close()
    else this.picked.clear()
  }

  get colourKey(): string {
    return this.colour.choice.key
  }

  get legend(): Legend | null {
    return this.colour.legend
  }

  get palette(): Uint8Array {
    return this.colour.palette
  }

  setColour(text: string, options: { remember?: boolean } = {}): Promise<void> {
    return this.colour.set(text, options)
  }

  applyTheme(): void {
    const { theme } = this
    theme.apply()
    this.colour.paint()
    const unit = (rgb: number[], alpha: number) =>
      [rgb[0] / 255, rgb[1] / 255, rgb[2] / 255, alpha] as [number, number, number, number]
    const dark = theme.scheme === 'dark'
    // Orange and blue: told apart with any colour vision, and on either background.
    const [mine, theirs] = dark
      ? [
          [255, 176, 64],
          [92, 200, 255],
        ]
      : [
          [176, 84, 0],
          [0, 98, 168],
        ]
    this.map?.setTheme({
      background: unit(theme.background, 1),
      ring: unit(theme.text, 1),
      selected: unit(theme.accent, 1),
      line: unit(theme.accent, 0.75),
      mine: unit(mine, 1),
      theirs: unit(theirs, 1),
      ground: theme.stark ? 0 : dark ? 0.46 : 0.36,
      glow: dark && !theme.stark ? 0.26 : 0,
    })
  }
}
