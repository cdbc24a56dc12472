/** Chooses what could be labelled in the current view, places it, and shows it. */
import { distanceOf, toScreen, toWorld, type Pose, type ScreenPoint, type View } from '../camera/camera'
import type { Bundle, Region } from '../data/bundle'
import type { Projection } from '../data/manifest'
import type { PointStyle } from '../gl/density'
import { LOOK, scatter, STATE } from '../gl/look'
import type { Layer, Renderer } from '../gl/renderer'
import { LabelLayer, type LabelText } from '../labels/layer'
import { place, TIER, type Candidate, type Placed, type Rect, type Side } from '../labels/placement'
import { shorten } from '../labels/text'
import { regionType, type RegionType } from '../labels/type'
import { SpatialIndex } from '../labels/spatial_index'
import type { MapEvents } from './events'
import { toWorldUnits } from './layers'
import type { Looks } from './looks'
import type { Marks } from './marks'
import type { Morph } from './morph'
import { labelsOf, type SnapshotLabel } from './snapshot'

/**
 * Zooms from which the names of each level of regions are shown, and from which they are quiet: a name never goes away on
 * zooming in, but deep inside a region it says little.
 */
const REGION_ZOOMS = [
  [0, 3.2],
  [1.25, 7],
  [3, 16],
  [6, 32],
  [12, 64],
  [24, 128],
] as const
/** Of each profile, in its own order. */
const MAX_PROFILE = 60
const MAX_SCAN = 40_000
const MAX_IN_WINDOW = 5_000
const MAX_PICKED = 40
/** So many are named even where other names stood before. */
const ALWAYS_PICKED = 12
const MAX_TEXT_PX = 250
const REGION_LINE_HEIGHT = 1.25
const MAX_NAME = 34
/** What theme.css puts behind the name of a neighbour that lies far away. */
const ARROW_PX = 14
const LINE_HEIGHT_PX = 17
/** State bits whose rows stand out by their label too. */
const LABELLED = STATE.neighbour | STATE.hit | STATE.mine | STATE.theirs | STATE.picked
/** Below this width theme.css sets smaller type. */
const NARROW_PX = 720

export interface LabelScene {
  view: View
  pose: Pose
  /** Relative to the whole map on the whole screen, so that a panel that opens changes no labels. */
  zoom: number
  matrix: Float32Array
  style: PointStyle
  spatial: boolean
  /** Between two projections: places change from frame to frame, and regions are those of neither. */
  between: boolean
  obstacles: Rect[]
  projection: Projection
  rows: number
}

export type Labelled = { row: number } | { region: Region }

export class MapLabels {
  regions: Region[] = []
  readonly #layer: LabelLayer
  readonly #widths = new Map<string, number>()
  readonly #measure = document.createElement('canvas').getContext('2d')
  #shown = new Map<string, Side>()
  /** Of these, the ones that were shown because they were found, selected or near it. */
  #pinned = new Set<string>()
  #zoomBefore = 1
  #index: { layer: Layer; order: Uint32Array; index: SpatialIndex } | null = null
  #far = new Set<number>()
  #placed: Placed[] = []
  #narrow = false
  #projection: Projection | null = null

  constructor(
    root: HTMLElement,
    private readonly bundle: Bundle,
    private readonly renderer: Renderer,
    private readonly looks: Looks,
    private readonly morph: Morph,
    private readonly told: { pick(label: Labelled, toggle: boolean): void; events: MapEvents },
  ) {
    this.#layer = new LabelLayer(root, {
      pick: (key, toggle) => told.pick(this.#labelled(key), toggle),
      point: (key) =>
        told.events.regionPoint?.(key?.startsWith('r') ? (this.regions[Number(key.slice(1))] ?? null) : null),
    })
  }

  get #marks(): Marks {
    return this.looks.marks
  }

  #labelled(key: string): Labelled {
    const number = Number(key.slice(1))
    return key.startsWith('r') ? { region: this.regions[number] } : { row: number }
  }

  /** What the label at a place on screen names. */
  at(x: number, y: number): Labelled | null {
    const hit = this.#placed.find(({ rect }) => x >= rect.left && x <= rect.right && y >= rect.top && y <= rect.bottom)
    return hit ? this.#labelled(hit.candidate.key) : null
  }

  /** As they are on screen. */
  snapshot(): SnapshotLabel[] {
    return labelsOf(this.#placed, (key) => this.#textOf(key))
  }

  destroy(): void {
    this.#layer.destroy()
  }

  /** Forget the previous placement, after a jump to somewhere else. */
  forget(): void {
    this.#shown = new Map()
    this.#pinned = new Set()
  }

  update(scene: LabelScene): void {
    const { view, zoom } = scene
    const { above } = this.told.events
    this.#narrow = view.width < NARROW_PX
    this.#projection = scene.projection
    this.#far = this.#marks.farIn(this.morph.layer)
    const screenShare = (view.width * view.height) / (1440 * 900)
    // Few names when all is seen, for the regions to speak; more as the map is entered.
    const attention = this.#marks.any ? 0.4 : 1 // what is selected or found has the word
    const entities = Math.round(
      attention *
        Math.min(64, (this.regions.length > 0 ? 14 : 26) + 12 * Math.log2(Math.max(1, zoom))) *
        Math.max(0.45, screenShare),
    )
    this.#unpin()
    const candidates = [
      ...(scene.between ? [] : this.#regionCandidates(scene)),
      ...this.#entityCandidates(scene, entities),
    ]
    const placed = place(candidates, {
      width: view.width,
      height: view.height,
      obstacles: scene.obstacles,
      covered: above?.covered(),
      shown: this.#shown,
      limit: entities,
      zoomingOut: zoom < this.#zoomBefore * 0.999,
    })
    above?.named(placed.flatMap(({ candidate, rect }) => (candidate.tier === TIER.region ? rect : [])))
    this.#zoomBefore = zoom
    this.#placed = placed
    this.#shown = new Map(placed.map((p) => [p.candidate.key, p.side]))
    this.#pinned = new Set(placed.flatMap(({ candidate: { tier, key } }) => (tier === TIER.pinned ? key : [])))
    this.#layer.update(placed, (key) => this.#textOf(key))
  }

  /** Names of what was found or selected before go with it: only those that the map shows by itself keep their place. */
  #unpin(): void {
    const marks = this.#marks
    for (const key of this.#pinned) {
      const row = Number(key.slice(1))
      if (marks.state(row) === 0) this.#shown.delete(key)
    }
  }

  #textOf(key: string): LabelText {
    const number = Number(key.slice(1))
    if (key.startsWith('r')) {
      const { name, level } = this.regions[number]
      const [, quietFrom] = REGION_ZOOMS[Math.min(level, REGION_ZOOMS.length - 1)]
      const { lines, px, spacing, italic } = this.#typeOf(this.regions[number])
      return {
        text: lines.join('\n'),
        title: name,
        kind: 'region',
        tone: `level${Math.min(2, level)}${italic ? ' members' : ''}${this.#marks.any || this.#zoomBefore > quietFrom ? ' quiet' : ''}`,
        px,
        spacing,
        ink: this.#inkOf(this.regions[number]),
      }
    }
    const marks = this.#marks
    const tone =
      number === marks.selected
        ? 'selected'
        : number === marks.hovered
          ? 'hover'
          : this.#far.has(number)
            ? 'far'
            : (marks.state(number) & LABELLED) !== 0
              ? 'near'
              : marks.any
                ? 'quiet'
                : ''
    const name = this.bundle.nameOf(number) ?? ''
    return { text: shorten(name, MAX_NAME), title: name, kind: 'entity', tone }
  }

  #typeOf({ name, level, size, share }: Region): RegionType {
    const named = { name, level, share: size / this.bundle.manifest.n, says: share !== undefined }
    return regionType(named, this.#narrow)
  }

  /** The colour that the points have where a name stands. */
  #inkOf(region: Region): string | undefined {
    const [x, y] = toWorldUnits(this.#projection!, region)
    return this.looks.ground.colourAt(x, y)?.join(' ')
  }

  #width(text: string, font: string, spacing: number, most = MAX_TEXT_PX): number {
    const key = `${font}|${text}`
    let width = this.#widths.get(key)
    if (width === undefined) {
      if (this.#measure) this.#measure.font = font
      width = Math.min(most, (this.#measure?.measureText(text).width ?? text.length * 7) + text.length * spacing) + 6
      if (this.#widths.size > 5000) this.#widths.clear()
      this.#widths.set(key, width)
    }
    return width
  }

  #regionCandidates(scene: LabelScene): Candidate[] {
    const { view, pose, matrix, zoom } = scene
    const distance = distanceOf(pose, view)
    const point: ScreenPoint = { x: 0, y: 0, nearness: 0 }
    return this.regions.flatMap((region, i) => {
      const [from] = REGION_ZOOMS[Math.min(region.level, REGION_ZOOMS.length - 1)]
      if (zoom < from) return []
      toScreen(matrix, view, distance, ...toWorldUnits(scene.projection, region), point)
      if (point.nearness <= 0.3) return []
      const { lines, px, spacing, italic } = this.#typeOf(region)
      const font = `${italic ? 'italic 550' : region.level === 0 ? 650 : 600} ${px}px ${FONT}`
      const width = Math.max(...lines.map((line) => this.#width(line, font, px * spacing, Infinity)))
      // What lies at the edge of the screen is named there, as long as the name still stands on its place.
      const edge = width / 2 + 4
      const x = point.x < 0 || point.x > view.width ? point.x : Math.max(edge, Math.min(view.width - edge, point.x))
      return [
        {
          key: `r${i}`,
          x,
          y: point.y,
          gap: 0,
          tier: TIER.region,
          rank: region.level * 1e5 - Math.min(99_999, region.priority),
          width,
          height: px * REGION_LINE_HEIGHT * lines.length,
        },
      ]
    })
  }

  #entityCandidates(scene: LabelScene, wanted: number): Candidate[] {
    const { view, matrix, style } = scene
    const { look } = this.renderer
    const marks = this.#marks
    const distance = distanceOf(scene.pose, view)
    const place: [number, number, number] = [0, 0, 0]
    const point: ScreenPoint = { x: 0, y: 0, nearness: 0 }
    const found = new Map<number, Candidate>()
    const consider = (row: number, rank: number, pinned: boolean): void => {
      if (row < 0 || row >= scene.rows || found.has(row) || marks.isOut(row) || !this.morph.has(row)) return
      this.morph.placeOf(row, place)
      toScreen(matrix, view, distance, ...place, point)
      if (point.nearness <= 0 || point.x < 0 || point.y < 0 || point.x > view.width || point.y > view.height) return
      const name = this.bundle.nameOf(row)
      if (!name) return
      const text = shorten(name, MAX_NAME)
      const size = look[row * LOOK.stride + LOOK.size] / 255
      const radius = ((style.minPx + (style.maxPx - style.minPx) * size) * Math.min(2.5, point.nearness)) / 2
      const strong = pinned && (row === marks.selected || row === marks.hovered)
      const gap = Math.max(radius, this.told.events.above?.reach(row) ?? 0) + (marks.state(row) !== 0 ? 6 : 3)
      const arrow = this.#far.has(row) ? ARROW_PX : 0
      const width = this.#width(text, `${strong ? 600 : 500} ${strong ? 14 : 12.5}px ${FONT}`, 0)
      found.set(row, {
        key: `e${row}`,
        x: point.x,
        y: point.y,
        width: width + arrow + (strong ? 10 : 0),
        height: strong ? 22 : LINE_HEIGHT_PX,
        gap,
        rank,
        tier: pinned ? TIER.pinned : TIER.entity,
      })
    }
    consider(marks.hovered, -3, true)
    consider(marks.selected, -2, true)
    marks.neighbours.forEach((n, i) => consider(n.row, i, true))
    marks.hits.slice(0, 30).forEach((row, i) => consider(row, 20 + i, true))
    // The most popular of the picked ones, which end the drawing order, go before all that are not picked.
    const { order } = this.looks
    for (let i = 0; i < Math.min(MAX_PICKED, marks.picked.length); i++)
      consider(order[order.length - 1 - i], 50 + i, i < ALWAYS_PICKED)
    for (const profile of [marks.mine, marks.theirs]) {
      let i = 0
      for (const row of profile.keys()) if (i < MAX_PROFILE) consider(row, 60 + i++ / MAX_PROFILE, false)
    }
    for (const key of this.#shown.keys())
      if (key.startsWith('e')) consider(Number(key.slice(1)), this.#rank(Number(key.slice(1))), false)
    const enough = found.size + wanted * 4
    for (const row of this.#rowsInView(scene)) {
      consider(row, this.#rank(row), false)
      if (found.size >= enough) break
    }
    return [...found.values()]
  }

  #rank(row: number): number {
    return (
      100 + (255 - this.renderer.look[row * LOOK.stride + LOOK.size] + scatter(row)) * 1e-3 * this.bundle.manifest.n
    )
  }

  /** Rows that may be in view, most important first. */
  *#rowsInView(scene: LabelScene): Iterable<number> {
    const { order } = this.looks
    if (!scene.spatial && !scene.between) {
      const { layer } = this.morph
      if (this.#index?.layer !== layer || this.#index.order !== order)
        this.#index = { layer, order, index: new SpatialIndex(layer.positions, order) }
      const { view, pose } = scene
      const toU16 = (world: number, axis: number) =>
        layer.scale[axis] > 0 ? ((world - layer.offset[axis]) / layer.scale[axis]) * 65535 : 0
      const [minX, maxY] = toWorld(pose, view, 0, 0)
      const [maxX, minY] = toWorld(pose, view, view.width, view.height)
      const window = this.#index.index.within(
        toU16(minX, 0),
        toU16(minY, 1),
        toU16(maxX, 0),
        toU16(maxY, 1),
        MAX_IN_WINDOW,
      )
      if (window) {
        const rows = window.flatMap((part) => [...part])
        const size = (row: number) => this.renderer.look[row * LOOK.stride + LOOK.size]
        yield* rows.sort((r, s) => size(s) - size(r) || scatter(r) - scatter(s))
        return
      }
    }
    const { order: drawn, out } = this.renderer.arrangement
    for (let i = drawn.length - 1, end = Math.max(out, drawn.length - MAX_SCAN); i >= end; i--) yield drawn[i]
  }
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
