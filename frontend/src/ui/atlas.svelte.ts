/** The state of the page: the opened bundle, and what is shown and selected. */
import type { Legend } from '../core/colour/encode'
import { Bundle } from '../core/data/bundle'
import { isStale, sentenceOf } from '../core/data/errors'
import { projectionOf, type Manifest, type NumberColumn } from '../core/data/manifest'
import { sizesFrom } from '../core/gl/look'
import { MapView, type MapEvents, type Tool } from '../core/map/map_view'
import { SearchClient } from '../core/search/client'
import { readParts } from '../core/url/state'
import { Colour, type NumberData } from './colour.svelte'
import { Filter } from './filter.svelte'
import { Compare } from './compare.svelte'
import { embedded } from './embed/embed'
import { browserLink, registerAtlasParts, registerCamera } from './link'
import { manifestUrl } from './manifest_url'
import { Picked } from './picked.svelte'
import { Profile } from './profile.svelte'
import { Selection } from './selection.svelte'
import { Saved } from './selection/saved.svelte'
import { Work } from './selection/work.svelte'
import { laterPanels } from './shell/later'
import { Theme } from './theme.svelte'
import type { Past } from './versions/past.svelte'

export type Phase = 'opening' | 'painting' | 'ready' | 'failed'

export interface Notice {
  text: string
  /** Only loading the page again helps. */
  stale: boolean
  retry: () => void
  dismiss: () => void
}

interface Failure {
  action: () => Promise<void>
  lasting: boolean
  error: unknown
}

export class Atlas {
  phase = $state<Phase>('opening')
  error = $state('')
  progress = $state({ loaded: 0, total: 0 })
  manifest = $state.raw<Manifest | null>(null)
  bundle = $state.raw<Bundle | null>(null)
  map = $state.raw<MapView | null>(null)
  hasMap = $state(true)
  #view = $state<'map' | 'list'>('map')
  /** What fills the page; a browser that cannot draw the map has the list. */
  readonly view = $derived(this.hasMap ? this.#view : 'list')
  projectionKey = $state('')
  /** Every row is there, not only the first ones. */
  complete = $state(false)
  hovered = $state(-1)
  /** What dragging on the map does; set through `map.tool`. */
  tool = $state<Tool>('hand')
  #failed = $state.raw<Failure[]>([])
  #running = 0
  readonly notice = $derived<Notice | null>(
    this.#failed.length > 0
      ? {
          text: sentenceOf(this.#failed.at(-1)!.error),
          stale: this.#failed.some(({ error }) => isStale(error)),
          retry: () => this.#retry(),
          dismiss: () => (this.#failed = []),
        }
      : null,
  )
  /** What a screen reader is told. */
  said = $state('')
  /** Buckets of names that have arrived; read it to be told. */
  namesLoaded = $state(0)
  sizeValues = $state.raw<Float32Array | null>(null)
  sizes = $state.raw<Uint8Array>(new Uint8Array(0))
  readonly theme = new Theme()
  readonly link = browserLink()
  readonly selection = new Selection(this)
  readonly picked = new Picked(this)
  readonly filter = new Filter(this)
  readonly colour = new Colour(this)
  readonly saved = new Saved(this)
  readonly work = new Work()
  readonly profile = new Profile(this)
  readonly compare = new Compare(this)
  /** Earlier versions of the map, once it is known that there may be some. */
  past = $state.raw<Past | null>(null)
  readonly projection = $derived(this.manifest ? (projectionOf(this.manifest, this.projectionKey) ?? null) : null)
  /** Resolves when the map and all names are there; rejects with the error that is on screen. */
  readonly ready: Promise<void>

  #settle!: { resolve: () => void; reject: (error: unknown) => void }
  #search: SearchClient | null = null
  focusSearch: () => void = () => {}

  constructor() {
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    this.ready.catch(() => {}) // shown on the page; nobody else need listen
    registerAtlasParts(this)
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
      if (readParts(location.hash).get('v') === 'list') this.#view = 'list'
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
      events: this.eventsOf(() => this.map!),
    })
    this.hasMap = this.map !== null
    if (this.map) registerCamera(this)
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
    const { versions = null } = this.manifest!
    if (!embedded && (versions || readParts(location.hash).has('since')))
      this.past ??= new (await laterPanels()).Past(this, versions)
  }

  /** What a map tells the page; `map`: which, since a region is drawn around places on one. */
  eventsOf(map: () => MapView): MapEvents {
    return {
      hover: (row, how) => {
        this.hover(row)
        if (how === 'keys' && row >= 0) this.say(this.bundle!.nameOf(row) ?? '')
      },
      pick: (row) => (row < 0 ? this.selection.clear() : void this.selection.choose(row)),
      pickToggle: (row) => this.picked.toggle(row),
      region: (polygon, how) => this.picked.region(map().rowsInPolygon(polygon), how),
      tool: (tool) => (this.tool = tool),
      rest: () => this.link.remember('replace'),
      escape: () => this.leave(),
      search: () => this.focusSearch(),
      regionsMissing: (projection) => void this.attempt(() => map().loadRegions(projection)),
    }
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

  get search(): SearchClient {
    return (this.#search ??= new SearchClient())
  }

  /**
   * Colours and sizes of the first bucket. One that cannot be had leaves the points plain: what loads all rows
   * afterwards asks for it again, and says so.
   */
  async #startLooks(colour: string): Promise<void> {
    await Promise.allSettled([this.colour.startSizes(), this.colour.start(colour)])
  }

  async #loadSizes(): Promise<void> {
    const column = this.colour.popularity
    if (!column) return
    const data = (await this.bundle!.column(column)) as NumberData
    this.sizeValues = data.values
    this.sizes = sizesFrom(data.values, column.min, column.max, column.quantiles)
    this.search.setImportance(this.sizes)
    await this.colour.setSize(column.name, { remember: false })
  }

  /** The column of popularity, once its values are there. */
  get sizeColumn(): NumberColumn | null {
    return this.sizeValues ? this.colour.popularity : null
  }

  /**
   * Runs something that needs a file; when the file cannot be had, says so and offers to try again. What was begun
   * together fails together; whoever begins something else later has moved on, except from what is `lasting`.
   */
  async attempt(action: () => Promise<void>, lasting = false): Promise<void> {
    if (this.#running++ === 0) this.#forget((failure) => !failure.lasting)
    try {
      await action()
    } catch (error) {
      this.#failed = [...this.#failed, { action, lasting, error }]
    } finally {
      this.#running--
    }
  }

  #forget(which: (failure: Failure) => boolean): void {
    if (this.#failed.some(which)) this.#failed = this.#failed.filter((failure) => !which(failure))
  }

  /** Once more everything that the notice is about. */
  #retry(): void {
    const failed = this.#failed
    this.#failed = []
    for (const { action, lasting } of failed) void this.attempt(action, lasting)
  }

  /** Tells people who do not see the screen. */
  say(text: string): void {
    this.said = text
  }

  showAs(view: 'map' | 'list', options: { remember?: boolean } = {}): void {
    if (view === this.#view) return
    this.#view = view
    if (options.remember !== false) this.link.remember('push')
  }

  /** Escape: from one entity back to the set it was opened from, from the set to nothing. */
  leave(): void {
    if (this.selection.row >= 0) this.selection.clear()
    else this.picked.clear()
  }

  hover(row: number): void {
    if (this.hovered === row) return
    this.hovered = row
    this.map?.setHover(row)
  }

  // ---- Projection and colour

  showProjection(key: string, options: { remember?: boolean } = {}): Promise<void> {
    return this.attempt(async () => {
      const { map } = this
      if (!map || (key === this.projectionKey && !this.compare.pair)) return
      const mixed = [this.compare.leave(), this.past?.release()].includes(true)
      const changed = key !== this.projectionKey
      this.projectionKey = key
      if (mixed) await map.endMix(key)
      else if (changed && !(await map.show(key))) return
      this.selection.updateFar()
      this.past?.follow()
      await this.colour.projectionChanged()
      if (options.remember !== false) this.link.remember('push')
    })
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
    })
  }
}
