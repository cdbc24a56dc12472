/**
 * The map on screen: brings together renderer, picker, camera, controls and labels, and draws only when something
 * changed. Framework-free; what it learns from the person it tells through MapEvents.
 */
import { distanceOf, scaleLimits, toScreen, viewProjection, type Pose } from '../camera/camera'
import { Controls, type ControlsHost } from '../camera/controls'
import { ease, flight, type Flight } from '../camera/flight'
import type { Bundle, Neighbour, Region } from '../data/bundle'
import { projectionOf, type Projection } from '../data/manifest'
import { pointStyle, type PointStyle } from '../gl/density'
import { drawingOrder, plainSizes, LOOK } from '../gl/look'
import { DetailLevel } from '../gl/detail_level'
import { Picker } from '../gl/picker'
import { Renderer, type Frame, type Theme } from '../gl/renderer'
import type { Rect } from '../labels/placement'
import { Framing, type Insets } from './framing'
import { Highlights } from './highlights'
import { frameOf, LayerStore, mixedLayer, toWorldUnits, worldOf } from './layers'
import { MapLabels, type Labelled } from './map_labels'

export interface MapEvents {
  hover(row: number): void
  /** A click or tap; -1 = on empty map. */
  pick(row: number): void
  /** The camera came to rest. */
  rest(pose: Pose): void
  escape(): void
  search(): void
}

const MORPH_MS = 800
const HOVER_REACH_PX = 5
const TOUCH_REACH_PX = 20
const REST_MS = 180
const REVEAL_MARGIN_PX = 40

export class MapView {
  readonly renderer: Renderer
  readonly #picker: Picker
  readonly #controls: Controls
  readonly #layers: LayerStore
  readonly #highlights: Highlights
  readonly #labels: MapLabels
  readonly #observer: ResizeObserver
  readonly #abort = new AbortController()

  readonly #framing = new Framing()
  readonly #detail = new DetailLevel()
  #obstacles: Rect[] = []
  #pose: Pose = { x: 0, y: 0, z: 0, yaw: 0, pitch: 0, scale: 1 }
  #projection!: Projection
  #rows = 0
  #sizes: Uint8Array = new Uint8Array(0)
  #flight: { path: Flight; from: number; duration: number } | null = null
  #morph: { from: number; duration: number; spatialFrom: number } | null = null
  #mix = 1
  /** Row that the camera was sent to; it stays centred while panels come, until the person moves the map. */
  #followed = -1
  #token = 0
  #frameRequest = 0
  #restTimer = 0
  #hoverAt: { x: number; y: number } | null = null
  #hoverRunning = false
  #frames = 0

  /** Returns null where the browser has no WebGL2. */
  static create(options: {
    canvas: HTMLCanvasElement
    /** Holds canvas and labels; takes pointer and keyboard. */
    stage: HTMLElement
    labels: HTMLElement
    bundle: Bundle
    events: MapEvents
    reducedMotion: () => boolean
  }): MapView | null {
    const renderer = Renderer.create(options.canvas, options.bundle.manifest.n)
    return renderer && new MapView(renderer, options)
  }

  private constructor(
    renderer: Renderer,
    private readonly options: { canvas: HTMLCanvasElement; stage: HTMLElement; labels: HTMLElement; bundle: Bundle; events: MapEvents; reducedMotion: () => boolean },
  ) {
    const { canvas, bundle } = options
    this.renderer = renderer
    this.#picker = new Picker(renderer)
    this.#layers = new LayerStore(bundle)
    this.#highlights = new Highlights(renderer)
    this.#labels = new MapLabels(options.labels, bundle, renderer, this.#highlights, (label) => this.#pickLabel(label))
    this.#controls = new Controls(options.stage, this.#host())
    this.#observer = new ResizeObserver(() => this.#resized())
    this.#observer.observe(canvas)
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault(), { signal: this.#abort.signal })
    canvas.addEventListener('webglcontextrestored', () => this.#restored(), { signal: this.#abort.signal })
    this.setSizes(plainSizes(bundle.manifest.n))
    this.#resized()
  }

  destroy(): void {
    this.#abort.abort()
    this.#observer.disconnect()
    this.#controls.destroy()
    this.#labels.destroy()
    cancelAnimationFrame(this.#frameRequest)
    clearTimeout(this.#restTimer)
  }

  // ---- What is shown

  get projection(): Projection {
    return this.#projection
  }

  get pose(): Pose {
    return this.#flight ? this.#flight.path.at(1) : this.#pose
  }

  get frames(): number {
    return this.#frames
  }

  get #spatial(): boolean {
    return this.#projection.dims === 3
  }

  /** First paint: bucket 0 only; resolves when it is on screen, `rest` when all rows are. */
  async open(key: string): Promise<{ rest: Promise<void> }> {
    const projection = projectionOf(this.options.bundle.manifest, key)!
    const { layer, rest } = await this.#layers.first(projection)
    this.renderer.setLayer(0, layer)
    this.renderer.setLayer(1, layer)
    this.#adopt(projection)
    this.#setRows(this.options.bundle.manifest.buckets[0])
    this.#pose = this.#framing.whole()
    this.request()
    return {
      rest: rest.then(() => {
        this.renderer.setLayer(0, layer)
        this.renderer.setLayer(1, layer)
        this.#setRows(this.options.bundle.manifest.n)
        this.request()
      }),
    }
  }

  /** Morphs to another projection; a call that was overtaken by a newer one resolves to false. */
  async show(key: string): Promise<boolean> {
    const token = ++this.#token
    const projection = projectionOf(this.options.bundle.manifest, key)!
    const layer = await this.#layers.whole(projection)
    if (token !== this.#token) return false
    const spatialFrom = this.#spatialShare()
    const seen = this.#mix >= 1 ? this.renderer.layer(1) : mixedLayer(this.renderer.layer(0), this.renderer.layer(1), this.#mix)
    this.renderer.setLayer(0, seen)
    this.renderer.setLayer(1, layer)
    const zoomBefore = this.#pose.scale / this.#framing.fit
    this.#adopt(projection)
    const duration = this.options.reducedMotion() ? 0 : MORPH_MS
    this.#mix = duration === 0 ? 1 : 0
    this.#morph = duration === 0 ? null : { from: performance.now(), duration, spatialFrom }
    this.#highlights.applyLines()

    // Someone who looks at one entity keeps looking at it; everyone else sees the whole new map.
    const target = this.#framing.whole()
    if (this.#highlights.selected >= 0 && zoomBefore > 1.4) {
      const [x, y, z] = worldOf(layer, this.#highlights.selected, [0, 0, 0])
      Object.assign(target, { x, y, z, scale: this.#framing.fit * zoomBefore })
    }
    this.#flyTo(target, duration)
    return true
  }

  #adopt(projection: Projection): void {
    this.#projection = projection
    this.#framing.show(frameOf(projection).extent, projection.dims === 3)
    this.#labels.regions = []
    this.options.bundle.regions(projection).then(
      (regions) => {
        if (this.#projection !== projection) return
        this.#labels.regions = regions
        this.request()
      },
      () => {}, // names of regions are an extra: the map stays usable, and choosing the projection again tries again
    )
  }

  #setRows(rows: number): void {
    this.#rows = rows
    this.renderer.setOrder(drawingOrder(this.#sizes, rows))
  }

  setSizes(sizes: Uint8Array): void {
    this.#sizes = sizes
    const { look } = this.renderer
    for (let row = 0; row < sizes.length; row++) look[row * LOOK.stride + LOOK.size] = sizes[row]
    this.renderer.lookChanged()
    if (this.#rows > 0) this.#setRows(this.#rows)
    this.request()
  }

  /** One palette slot per row. */
  setColours(slots: Uint8Array): void {
    const { look } = this.renderer
    for (let row = 0; row < slots.length; row++) look[row * LOOK.stride + LOOK.colour] = slots[row]
    this.renderer.lookChanged()
    this.request()
  }

  setPalette(palette: Uint8Array): void {
    this.renderer.setPalette(palette)
    this.request()
  }

  setTheme(theme: Theme): void {
    this.renderer.setTheme(theme)
    this.request()
  }

  setSelection(row: number, neighbours: Neighbour[]): void {
    if (row !== this.#highlights.selected) this.#followed = -1
    this.#highlights.selected = row
    this.#highlights.neighbours = neighbours
    this.#highlights.apply()
    this.#highlights.applyLines()
    this.request()
  }

  setHover(row: number): void {
    if (this.#highlights.hovered === row) return
    this.#highlights.hovered = row
    this.#highlights.apply()
    this.request()
  }

  setHits(rows: number[]): void {
    this.#highlights.hits = rows
    this.#highlights.apply()
    this.request()
  }

  /** Neighbours of the selection that this projection puts far away. */
  farNeighbours(): Set<number> {
    return this.#highlights.farIn(this.renderer.layer(1))
  }

  // ---- Camera

  /** What panels cover; the map is centred in the rest, without moving on screen. */
  setInsets(insets: Insets, obstacles: Rect[]): void {
    this.#obstacles = obstacles
    const first = this.#frames === 0
    const before = this.#framing.view
    const { pose, goal } = this.#framing.cover(insets, this.#pose)
    this.#pose = first && goal ? goal : pose
    const { centreX, centreY } = this.#framing.view
    if (this.#followed >= 0 && (centreX !== before.centreX || centreY !== before.centreY)) this.flyToRow(this.#followed, 0)
    else if (goal && !first) this.#flyTo(goal)
    this.request()
  }

  get zoom(): number {
    return this.#pose.scale / this.#framing.fit
  }

  /** Zoom relative to the fitted map: what a link remembers, since scales depend on the screen. */
  zoomOf(pose: Pose): number {
    return pose.scale / this.#framing.fit
  }

  scaleOf(zoom: number): number {
    return zoom * this.#framing.fit
  }

  setPose(pose: Pose): void {
    this.#flyTo(pose)
  }

  fit(): void {
    this.#flyTo(this.#framing.whole())
  }

  zoomBy(factor: number): void {
    this.#flyTo({ ...this.pose, scale: this.pose.scale * factor })
  }

  flyToRow(row: number, minZoom = 5): void {
    const [x, y, z] = worldOf(this.renderer.layer(1), row, [0, 0, 0])
    const { pose } = this
    this.#flyTo({ ...pose, x, y, z, scale: Math.max(pose.scale, this.#framing.fit * minZoom) })
    this.#followed = row
  }

  /** Brings a row into the free part of the screen, moving only if it is not there. */
  reveal(row: number): void {
    const { pose } = this
    const place = worldOf(this.renderer.layer(1), row, [0, 0, 0])
    const { view } = this.#framing
    const { x, y } = toScreen(viewProjection(pose, view), view, distanceOf(pose, view), ...place, { x: 0, y: 0, nearness: 0 })
    if (!this.#framing.isFree(x, y, REVEAL_MARGIN_PX)) this.flyToRow(row, 1)
  }

  flyToRegion(region: Region): void {
    const [x, y, z] = toWorldUnits(this.#projection, region)
    this.#flyTo({ ...this.#pose, x, y, z, scale: Math.max(this.#pose.scale * 1.5, this.#framing.fit * 3.4) })
  }

  #flyTo(pose: Pose, duration?: number): void {
    this.#controls.stop()
    this.#followed = -1
    const target = this.#framing.limit(pose)
    const path = flight(this.#pose, target, this.#framing.view)
    const ms = this.options.reducedMotion() ? 0 : (duration ?? path.duration)
    if (ms === 0) {
      this.#pose = target
      this.#flight = null
      this.#labels.forget()
    } else {
      this.#flight = { path, from: performance.now(), duration: ms }
    }
    this.request()
  }

  #move(pose: Pose): void {
    this.#flight = null
    this.#followed = -1
    this.#pose = this.#framing.limit(pose)
    this.request()
  }

  // ---- Picking

  /** The row at a place in CSS px of the canvas; -1 = none. */
  pick(x: number, y: number, reachPx = HOVER_REACH_PX): number {
    return this.#morph ? -1 : this.#picker.pick(this.#frame(), x, y, reachPx)
  }

  #pickLabel(label: Labelled): void {
    if ('row' in label) this.options.events.pick(label.row)
    else this.flyToRegion(label.region)
  }

  #clicked(x: number, y: number, pointer: string): void {
    const label = this.#labels.at(x, y)
    if (label) this.#pickLabel(label)
    else this.options.events.pick(this.pick(x, y, pointer === 'mouse' ? HOVER_REACH_PX : TOUCH_REACH_PX))
  }

  screenOf(row: number): { x: number; y: number } {
    const frame = this.#frame()
    const [x, y, z] = worldOf(this.renderer.layer(1), row, [0, 0, 0])
    return toScreen(frame.viewProjection, this.#framing.view, frame.distance, x, y, z, { x: 0, y: 0, nearness: 0 })
  }

  async #hover(x: number, y: number): Promise<void> {
    this.#hoverAt = { x, y }
    if (this.#hoverRunning || this.#morph || this.#flight || this.#rows === 0) return
    this.#hoverRunning = true
    try {
      while (this.#hoverAt) {
        const at: { x: number; y: number } = this.#hoverAt
        this.#hoverAt = null
        const label = this.#labels.at(at.x, at.y)
        const row = label ? ('row' in label ? label.row : -1) : await this.#picker.pickSoon(this.#frame(), at.x, at.y, HOVER_REACH_PX)
        if (row !== null && !this.#controls.active) this.options.events.hover(row)
      }
    } finally {
      this.#hoverRunning = false
    }
  }

  #host(): ControlsHost {
    const { events } = this.options
    return {
      view: () => this.#framing.view,
      pose: () => this.pose,
      spatial: () => this.#spatial,
      limits: () => scaleLimits(this.#framing.fit),
      reducedMotion: this.options.reducedMotion,
      move: (pose) => this.#move(pose),
      fly: (pose) => this.#flyTo(pose, 220),
      fit: () => this.fit(),
      hover: (x, y) => void this.#hover(x, y),
      leave: () => {
        this.#hoverAt = null
        events.hover(-1)
      },
      click: (x, y, pointer) => this.#clicked(x, y, pointer),
      escape: () => events.escape(),
      search: () => events.search(),
    }
  }

  // ---- Drawing

  request(): void {
    if (this.#frameRequest === 0) this.#frameRequest = requestAnimationFrame((now) => this.#draw(now))
  }

  #spatialShare(): number {
    if (!this.#projection) return 0
    const goal = this.#spatial ? 1 : 0
    return this.#morph ? this.#morph.spatialFrom + (goal - this.#morph.spatialFrom) * this.#mix : goal
  }

  #frame(): Frame {
    const { extent } = this.#framing
    const area = Math.max(0.05, extent[0] * (this.#spatial ? 1 : extent[1])) * 4 * this.#pose.scale ** 2
    const style = pointStyle(this.#rows, area, this.#pose.scale / this.#framing.fitOpen)
    return {
      viewProjection: viewProjection(this.#pose, this.#framing.view),
      distance: distanceOf(this.#pose, this.#framing.view),
      mix: this.#mix,
      spatial: this.#spatialShare(),
      ...style,
      dim: this.#highlights.any ? 0.38 : 1,
      share: this.#detail.share,
      lineOpacity: 1,
    }
  }

  /**
   * For measurements: moves a flat map by CSS px, draws it at once and waits for the GPU; returns what it took in ms and
   * what was drawn. moving: as in a drag, where slow frames leave out points; otherwise all of them are drawn. labels:
   * false draws the canvas alone.
   */
  drawNow(by: { x: number; y: number }, { moving = false, labels = true } = {}): { ms: number; points: number; style: PointStyle } {
    const { renderer } = this
    const begin = performance.now()
    const { x, y, scale } = this.#pose
    this.#pose = this.#framing.limit({ ...this.#pose, x: x - by.x / scale, y: y + by.y / scale })
    if (!moving) this.#detail.rest()
    if (labels) this.#draw(begin, moving)
    else renderer.draw(this.#frame())
    renderer.gl.readPixels(0, 0, 1, 1, renderer.gl.RGBA, renderer.gl.UNSIGNED_BYTE, new Uint8Array(4))
    const { minPx, maxPx, opacity, share } = this.#frame()
    return { ms: performance.now() - begin, points: Math.ceil(renderer.order.length * share), style: { minPx, maxPx, opacity } }
  }

  #draw(now: number, moving = Boolean(this.#flight || this.#morph || this.#controls.active)): void {
    this.#frameRequest = 0
    if (this.#rows === 0) return
    this.#advance(now)
    this.#detail.frame(now, moving)
    const frame = this.#frame()
    this.renderer.draw(frame)
    this.#frames++
    this.#labels.update({
      view: this.#framing.view, pose: this.#pose, zoom: this.#pose.scale / this.#framing.fitOpen, matrix: frame.viewProjection, mix: this.#mix, style: frame,
      spatial: this.#spatial, morphing: this.#morph !== null, obstacles: this.#obstacles, projection: this.#projection, rows: this.#rows,
    })
    if (this.#flight || this.#morph) this.request()
    clearTimeout(this.#restTimer)
    this.#restTimer = window.setTimeout(() => this.#rested(), REST_MS)
  }

  #advance(now: number): void {
    if (this.#morph) {
      const t = (now - this.#morph.from) / this.#morph.duration
      this.#mix = t >= 1 ? 1 : ease(Math.max(0, t))
      if (t >= 1) this.#morph = null
      this.renderer.version++
    }
    if (this.#flight) {
      const t = (now - this.#flight.from) / this.#flight.duration
      this.#pose = this.#flight.path.at(t)
      if (t >= 1) this.#flight = null
    }
  }

  #rested(): void {
    if (this.#flight || this.#morph || this.#controls.active) return
    if (this.#detail.rest()) this.request()
    else this.options.events.rest(this.#pose)
  }

  #resized(): void {
    const { clientWidth: width, clientHeight: height } = this.options.canvas
    if (width === 0 || height === 0) return
    this.renderer.resize(width, height, Math.min(2, window.devicePixelRatio || 1))
    this.#pose = this.#framing.resize(width, height, this.#pose)
    // A resized canvas is blank until it is drawn; waiting for the next frame would flash.
    if (this.#rows > 0 && this.#projection) this.#draw(performance.now())
  }

  #restored(): void {
    this.renderer.restore()
    this.#picker.restore()
    this.request()
  }
}
