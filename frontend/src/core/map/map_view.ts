/**
 * The map on screen: brings together renderer, picker, camera, controls and labels, and draws only when something
 * changed. Framework-free; what it learns from the person it tells through MapEvents. Several may stand on one page.
 */
import { landed, takenOff, toScreen } from '../camera/camera'
import { Controls } from '../camera/controls'
import type { Neighbour } from '../data/bundle'
import type { Projection } from '../data/manifest'
import type { PointStyle } from '../gl/density'
import { DetailLevel } from '../gl/detail_level'
import { plainSizes } from '../gl/look'
import { Picker } from '../gl/picker'
import { Renderer, type Frame, type Layer, type Theme } from '../gl/renderer'
import type { Rect } from '../labels/placement'
import type { MapOptions, Tool } from './events'
import { frameOf } from './frame'
import { Framing, type Insets } from './framing'
import { gesturesOn } from './gestures'
import { Listeners } from './listeners'
import { bulkOf, LayerStore, unitsOf } from './layers'
import { MapCamera } from './map_camera'
import { Looks, type FilterMode, type Look } from './looks'
import { MapLabels } from './map_labels'
import type { Morph } from './morph'
import { Motion } from './motion'
import { paintOverview } from './overview'
import { Pointing } from './pointing'
import type { Point } from './polygon'
import { Projecting, type Guest } from './projecting'
import { rowsWithin } from './rows_within'
import { Sketch } from './sketch'
import { snapshotOf, type Snapshot } from './snapshot'

export type { MapEvents, MapOptions, SetChange, Tool } from './events'

const REST_MS = 180

export class MapView {
  readonly renderer: Renderer
  readonly camera: MapCamera
  readonly #picker: Picker
  readonly #controls: Controls
  readonly #looks: Looks
  readonly #projecting: Projecting
  readonly #labels: MapLabels
  readonly #observer: ResizeObserver
  readonly #abort = new AbortController()
  readonly #companions = new Set<MapView>()
  readonly #drawn = new Listeners<[]>()

  readonly #framing = new Framing()
  readonly #motion: Motion
  readonly #pointing: Pointing
  readonly #sketch: Sketch
  readonly #detail = new DetailLevel()
  #obstacles: Rect[] = []
  #rows = 0
  #tool: Tool = 'hand'
  /** Zoom in the map that was shown before. */
  #zoomBefore = 1
  #frameRequest = 0
  #restTimer = 0
  #frames = 0

  /**
   * Returns null where the browser has no WebGL2. `like`: a map to look like from now on (colours, filter, marks) and to
   * share loaded positions with.
   */
  static create(options: MapOptions, like?: MapView): MapView | null {
    const renderer = Renderer.create(options.canvas, options.bundle.manifest.n)
    return renderer && new MapView(renderer, options, like)
  }

  private constructor(
    renderer: Renderer,
    private readonly options: MapOptions,
    private readonly like?: MapView,
  ) {
    const { canvas, stage, bundle } = options
    this.renderer = renderer
    this.#picker = new Picker(renderer)
    this.#looks = new Looks(renderer)
    this.#projecting = new Projecting(renderer, bundle, like ? like.#projecting.layers : new LayerStore(bundle), {
      reducedMotion: options.reducedMotion,
      adopted: (...adopted) => this.#adopted(...adopted),
      changed: () => {
        this.#looks.marks.applyLines()
        this.#looks.version++
        this.request()
      },
    })
    this.#looks.marks.shown = () => this.#morph.layer
    this.#labels = new MapLabels(options.labels, bundle, renderer, this.#looks, this.#morph, {
      pick: (...label) => this.#pointing.pickLabel(...label),
      events: options.events,
    })
    this.#motion = new Motion(this.#framing, options.reducedMotion, (jumped) => {
      if (jumped) this.#labels.forget()
      this.request()
    })
    this.camera = new MapCamera({
      framing: this.#framing,
      motion: this.#motion,
      projection: () => this.projection,
      goalOf: (row) => this.#morph.goalOf(row),
      layer: () => this.#morph.layer,
      undrawn: () => this.#frames === 0,
      stopGestures: () => this.#controls.stop(),
      request: () => this.request(),
    })
    this.#sketch = new Sketch(stage)
    this.#pointing = new Pointing(
      stage,
      {
        frame: () => this.#frame(),
        steady: () => this.#rows > 0 && !this.#morph.running,
        moving: () => this.#motion.flying || this.#controls.active,
        centre: () => ({ x: this.#framing.view.centreX, y: this.#framing.view.centreY }),
        reveal: (row) => this.camera.reveal(row),
        flyToRegion: this.camera.flyToRegion,
      },
      this.#picker,
      this.#labels,
      this.#looks.marks,
      options.events,
    )
    this.#controls = new Controls(
      stage,
      gesturesOn({
        framing: this.#framing,
        motion: this.#motion,
        pointing: this.#pointing,
        sketch: this.#sketch,
        events: options.events,
        reducedMotion: options.reducedMotion,
        spatial: () => this.#spatial,
        tool: () => this.#tool,
        setTool: (tool) => (this.tool = tool),
        flyTo: (pose, duration) => this.camera.flyTo(pose, { duration }),
      }),
    )
    this.#observer = new ResizeObserver(() => this.#resized())
    this.#observer.observe(canvas)
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault(), { signal: this.#abort.signal })
    canvas.addEventListener('webglcontextrestored', () => this.#restored(), { signal: this.#abort.signal })
    this.#looks.show({ sizes: plainSizes(bundle.manifest.n), ...(like ? like.#looks.now : {}) })
    if (like) like.#companions.add(this)
    this.#resized()
  }

  destroy(): void {
    this.#abort.abort()
    this.#observer.disconnect()
    this.#controls.destroy()
    this.#labels.destroy()
    this.#pointing.destroy()
    this.#sketch.destroy()
    if (this.like) this.like.#companions.delete(this)
    cancelAnimationFrame(this.#frameRequest)
    clearTimeout(this.#restTimer)
  }

  // ---- Which projection

  get projection(): Projection {
    return this.#projecting.projection
  }

  get frames(): number {
    return this.#frames
  }

  get #spatial(): boolean {
    return this.#projecting.spatial
  }

  get #morph(): Morph {
    return this.#projecting.morph
  }

  /** First paint: bucket 0 only, once `looks` (its colours and sizes) are set; `rest` loads and paints all rows. */
  async open(key: string, looks?: Promise<unknown>): Promise<{ rest: () => Promise<void> }> {
    const opened = await this.#projecting.open(key, looks, (rows) => {
      this.#rows = rows
      this.#looks.setRows(rows)
      this.request()
    })
    this.#motion.pose = this.#framing.whole()
    return opened
  }

  /** Morphs to another projection; a call that was overtaken by a newer one resolves to false. */
  async show(key: string): Promise<boolean> {
    const shown = await this.#projecting.show(key)
    if (!shown) return false
    // Someone who looks at one entity keeps looking at it; everyone else sees the whole new map.
    const target = this.#framing.whole()
    const { selected } = this.#looks.marks
    if (selected >= 0 && this.#zoomBefore > 1.4) {
      const [x, y, z] = this.#morph.goalOf(selected)
      Object.assign(target, { x, y, z, scale: this.#framing.fit * this.#zoomBefore })
    }
    this.camera.flyTo(target, { duration: shown.duration })
    return true
  }

  /** Holds any mix of two projections: t = 0 is `from`, 1 is `to`. */
  setMix(from: string, to: string, t: number): Promise<void> {
    return this.#projecting.mix(from, to, t)
  }

  /** Ends setMix: travels the rest of the way to a projection, without moving the camera more than it must. */
  async endMix(key: string): Promise<void> {
    if (!(await this.#projecting.show(key, 2))) return
    const { goal } = this.#motion
    this.camera.flyTo(
      this.#spatial ? { ...this.#framing.whole(), scale: goal.scale } : { ...goal, yaw: 0, pitch: 0, z: 0 },
    )
  }

  /** Every row of a projection, loaded when needed. */
  positionsOf(key: string): Promise<Layer> {
    return this.#projecting.layerOf(this.#projecting.of(key))
  }

  /** A map that is none of the bundle's, to be mixed with one under its own key; null = no more. exchange: in place of another. */
  welcome = (guest: Guest | null): void => this.#projecting.welcome(guest)
  exchange = (guest: Guest, to: string, t: number): Promise<void> => this.#projecting.exchange(guest, to, t)

  #adopted(projection: Projection, layer: Layer, rows: number): void {
    this.#zoomBefore = this.#motion.pose.scale / this.#framing.fit
    if (this.#tool === (projection.dims === 3 ? 'zoom' : 'fly')) this.tool = 'hand'
    const spatial = projection.dims === 3
    this.#framing.show(unitsOf(projection).extent, spatial, spatial ? null : bulkOf(layer, rows))
    this.#labels.regions = []
    this.loadRegions(projection).catch(() => this.options.events.regionsMissing?.(projection))
  }

  /** Names of regions come when they come: the map is usable without. */
  async loadRegions(projection: Projection): Promise<void> {
    const regions = await this.#projecting.regionsOf(projection)
    if (this.projection !== projection) return
    this.#labels.regions = regions
    this.request()
  }

  // ---- What rows look like

  #look(part: Partial<Look>): void {
    this.#looks.show(part)
    for (const companion of this.#companions) companion.#look(part)
    this.request()
  }

  /** Of names, those of larger points come first. */
  setSizes(sizes: Uint8Array): void {
    this.#labels.forget()
    this.#look({ sizes })
  }

  /** One palette slot per row. */
  setColours(colours: Uint8Array): void {
    this.#look({ colours })
  }

  setPalette(palette: Uint8Array): void {
    this.#look({ palette })
  }

  setTheme(theme: Theme): void {
    this.#look({ theme })
  }

  /** passes: 1 = shown as usual, 0 = dimmed or hidden, and in no case picked, hovered or labelled; null = no filter. */
  setFilter(passes: Uint8Array | null, mode: FilterMode = 'dim'): void {
    this.#look({ filter: { passes, mode } })
  }

  /** Rows that stay bright on top of the others, with rings while there are not too many. */
  setPicked(picked: Uint32Array): void {
    this.#look({ picked })
  }

  /** Rings whose size is the weight (row -> 0 … 1) of a row in one or two profiles, named in their order; lines between pairs of rows. */
  setProfile(
    mine: ReadonlyMap<number, number>,
    theirs: ReadonlyMap<number, number>,
    pairs: readonly (readonly [number, number])[],
  ): void {
    this.#labels.forget() // its names have the word now
    this.#look({ profile: { mine, theirs, pairs } })
  }

  setSelection(row: number, neighbours: Neighbour[]): void {
    if (row !== this.#looks.marks.selected) this.#motion.followed = -1
    this.#look({ selection: { row, neighbours } })
  }

  setHover(row: number): void {
    if (this.#looks.marks.hovered !== row) this.#look({ hovered: row })
  }

  setHits(hits: number[]): void {
    this.#look({ hits })
  }

  /** Neighbours of the selection that this projection puts far away. */
  farNeighbours(): Set<number> {
    return this.#looks.marks.farIn(this.#morph.layer)
  }

  // ---- Camera

  /** What panels cover, and areas that labels keep clear of. */
  setInsets(insets: Insets, obstacles: Rect[]): void {
    this.#obstacles = obstacles
    this.camera.setInsets(insets)
  }

  /** Called after every frame that was drawn; returns what ends it. */
  onFrame = this.#drawn.add

  // ---- Picking

  get tool(): Tool {
    return this.#tool
  }

  set tool(tool: Tool) {
    if (this.#tool === tool || (tool === 'fly' && !this.#spatial) || (tool === 'zoom' && this.#spatial)) return
    const before = this.#tool
    this.#tool = tool
    this.#sketch.drop()
    if (tool === 'fly') {
      this.#motion.flyTo(takenOff(this.#motion.pose, this.#framing.view), { duration: 0, free: true })
      this.options.stage.focus({ preventScroll: true }) // its keys fly, wherever the tool was taken
    } else if (before === 'fly') this.camera.flyTo(landed(this.#motion.pose, this.#framing.view))
    this.options.events.tool(tool)
  }

  /** The row at a place in CSS px of the canvas; -1 = none. */
  pick(x: number, y: number, reachPx?: number): number {
    return this.#pointing.pick(x, y, reachPx)
  }

  /** Rows inside a polygon in CSS px of the canvas, ascending, without those that the filter leaves out. */
  rowsInPolygon(polygon: readonly Point[]): Uint32Array {
    const { renderer } = this
    const { width, height } = this.#framing.view
    return rowsWithin(polygon, {
      viewProjection: this.#frame().viewProjection,
      width,
      height,
      layers: [renderer.layer(0), renderer.layer(1)],
      mix: this.#morph.mix,
      look: renderer.look,
      rows: this.#rows,
    })
  }

  screenOf(row: number): Point {
    const frame = this.#frame()
    const { x, y } = toScreen(frame.viewProjection, this.#framing.view, frame.distance, ...this.#morph.placeOf(row), {
      x: 0,
      y: 0,
      nearness: 0,
    })
    return { x, y }
  }

  // ---- Drawing

  request(): void {
    if (this.#frameRequest !== 0) return
    this.#detail.ask(performance.now())
    this.#frameRequest = requestAnimationFrame((now) => this.#draw(now))
  }

  /** The map as it is on screen, `scale` pixels per CSS px, and its labels, which are not in the picture. */
  async snapshot({ scale }: { scale: number }): Promise<Snapshot> {
    return snapshotOf(this.renderer, this.#frame(), scale, this.#labels.snapshot())
  }

  /** Grows with whatever an overview would show. */
  get overviewVersion(): number {
    return this.#looks.version
  }

  /** A small picture of the whole map, RGBA. */
  overview(width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
    const { order, palette, hides } = this.#looks
    return paintOverview(
      {
        projection: this.projection,
        layer: this.#morph.layer,
        order,
        look: this.renderer.look,
        palette: palette ?? new Uint8Array(1024),
        hides,
      },
      width,
      height,
    )
  }

  #frame(): Frame {
    return frameOf(this.#motion.pose, {
      framing: this.#framing,
      morph: this.#morph,
      looks: this.#looks,
      rows: this.#rows,
      share: this.#detail.share,
    })
  }

  /**
   * For measurements: moves a flat map by CSS px, draws it at once and waits for the GPU; returns what it took in ms and
   * what was drawn. moving: as in a drag, where slow frames leave out points; otherwise all of them are drawn. labels:
   * false draws the canvas alone.
   */
  drawNow(
    by: { x: number; y: number },
    { moving = false, labels = true } = {},
  ): { ms: number; points: number; style: PointStyle } {
    const { renderer } = this
    const begin = performance.now()
    const { pose } = this.#motion
    this.#motion.pose = this.#framing.limit({ ...pose, x: pose.x - by.x / pose.scale, y: pose.y + by.y / pose.scale })
    this.#detail.ask(-Infinity) // a frame after the other, without a pause
    if (!moving) this.#detail.rest()
    if (labels) this.#draw(begin, moving)
    else renderer.draw(this.#frame())
    renderer.gl.readPixels(0, 0, 1, 1, renderer.gl.RGBA, renderer.gl.UNSIGNED_BYTE, new Uint8Array(4))
    const { minPx, maxPx, opacity, share } = this.#frame()
    return {
      ms: performance.now() - begin,
      points: Math.ceil(renderer.arrangement.order.length * share),
      style: { minPx, maxPx, opacity },
    }
  }

  #draw(now: number, moving = this.#travelling || this.#controls.active): void {
    this.#frameRequest = 0
    if (this.#rows === 0) return
    this.#morph.advance(now)
    this.#motion.advance(now)
    const { pose } = this.#motion
    this.#detail.frame(now, moving)
    const frame = this.#frame()
    this.renderer.draw(frame)
    this.#frames++
    this.#labels.update({
      view: this.#framing.view,
      pose,
      // In flight the target is always near: what counts is how far the eye is from the map.
      zoom: (this.#tool === 'fly' ? landed(pose, this.#framing.view) : pose).scale / this.#framing.fitOpen,
      matrix: frame.viewProjection,
      style: frame,
      spatial: this.#spatial,
      between: this.#morph.between,
      obstacles: this.#obstacles,
      projection: this.projection,
      rows: this.#rows,
    })
    if (this.#travelling) this.request()
    this.camera.tell()
    this.#drawn.tell()
    clearTimeout(this.#restTimer)
    this.#restTimer = window.setTimeout(() => this.#rested(), REST_MS)
  }

  get #travelling(): boolean {
    return this.#motion.flying || this.#morph.running
  }

  #rested(): void {
    if (this.#travelling || this.#controls.active) return
    if (this.#detail.rest() || this.#looks.groundOf(this.#morph)) this.request()
    else {
      this.#pointing.settle()
      this.options.events.rest(this.#motion.pose)
    }
  }

  #resized(): void {
    const { clientWidth: width, clientHeight: height } = this.options.canvas
    if (width === 0 || height === 0) return
    this.renderer.resize(width, height, Math.min(2, window.devicePixelRatio || 1))
    this.#motion.pose = this.#framing.resize(width, height, this.#motion.pose)
    // A resized canvas is blank until it is drawn; waiting for the next frame would flash.
    if (this.#rows > 0) this.#draw(performance.now())
  }

  #restored(): void {
    this.renderer.restore()
    this.#picker.restore()
    this.request()
  }
}
