/** Where a map is looked at from, and what moves it there: by places, rows and regions, within what panels leave free. */
import type { Pose } from '../camera/camera'
import type { Region } from '../data/bundle'
import type { Projection } from '../data/manifest'
import type { Layer } from '../gl/renderer'
import type { Framing, Insets } from './framing'
import { boxOf, toWorldUnits } from './layers'
import { Listeners } from './listeners'
import type { Motion } from './motion'

const REVEAL_MARGIN_PX = 40

/** What the camera needs to know of the map. */
export interface CameraScene {
  framing: Framing
  motion: Motion
  projection(): Projection
  /** Where a row is going to be, world units. */
  goalOf(row: number): readonly [number, number, number]
  layer(): Layer
  /** Nothing was drawn yet: what would be a flight is a start. */
  undrawn(): boolean
  /** A gesture that goes on is over. */
  stopGestures(): void
  request(): void
}

/** Where the camera was before it made room for a panel, where the middle of the screen was then, and what moved since. */
interface Lent {
  from: Pose
  centreX: number
  centreY: number
  moves: number
}

export class MapCamera {
  readonly #moved = new Listeners<[Pose]>()
  #told: Pose | null = null
  #lent: Lent | null = null

  constructor(private readonly scene: CameraScene) {}

  /** Where the camera is going to be. */
  get pose(): Pose {
    return this.scene.motion.goal
  }

  /** What panels cover; the map is centred in the rest, without moving on screen. */
  setInsets(insets: Insets): void {
    const { framing, motion } = this.scene
    const first = this.scene.undrawn()
    const before = framing.view
    const { pose, goal } = framing.cover(insets, motion.pose)
    motion.pose = first && goal ? goal : pose
    const { centreX, centreY } = framing.view
    if (motion.followed >= 0 && (centreX !== before.centreX || centreY !== before.centreY))
      this.flyToRow(motion.followed, 0)
    else if (goal && !first) this.flyTo(goal)
    this.scene.request()
  }

  get insets(): Insets {
    return this.scene.framing.insets
  }

  /** 1 = the whole map. */
  get zoom(): number {
    return this.zoomOf(this.scene.motion.pose)
  }

  /** Zoom relative to the fitted map: what a link remembers, since scales depend on the screen. */
  zoomOf(pose: Pose): number {
    return pose.scale / this.scene.framing.fit
  }

  scaleOf(zoom: number): number {
    return zoom * this.scene.framing.fit
  }

  /** `instant`: for cameras that follow another map's. */
  setPose(pose: Pose, options: { instant?: boolean } = {}): void {
    this.flyTo(pose, options.instant ? { duration: 0 } : {})
  }

  /** Called after each frame in which the camera moved; returns what ends it. */
  onMove = this.#moved.add

  /** After a frame: tells those who follow, if it moved. */
  tell(): void {
    const { pose } = this.scene.motion
    if (pose !== this.#told) this.#moved.tell(pose)
    this.#told = pose
  }

  /** Shows the whole map, as it does when the page opens. */
  isFit(pose: Pose): boolean {
    return this.scene.framing.isFit(pose)
  }

  fit(): void {
    this.flyTo(this.scene.framing.whole())
  }

  zoomBy(factor: number): void {
    this.flyTo({ ...this.pose, scale: this.pose.scale * factor })
  }

  flyToRow(row: number, minZoom = 5): void {
    this.flyToPlace(this.scene.goalOf(row), minZoom)
    this.scene.motion.followed = row
  }

  /** World units; `closer`: than now. */
  flyToPlace([x, y, z]: readonly [number, number, number], minZoom = 5, closer = 1): void {
    const { pose } = this
    this.flyTo({ ...pose, x, y, z, scale: Math.max(pose.scale * closer, this.scene.framing.fit * minZoom) })
  }

  /** Shows all of some rows at once. */
  flyToRows(rows: Uint32Array): void {
    const { framing, layer } = this.scene
    if (rows.length > 0) this.flyTo(framing.around(...boxOf(layer(), rows), this.pose))
  }

  /** Brings a row into the free part of the screen, moving only if it is not there. */
  reveal(row: number): void {
    const { framing, goalOf } = this.scene
    if (!framing.sees([...goalOf(row)], this.pose, REVEAL_MARGIN_PX)) this.flyToRow(row, 1)
  }

  /** The same for a set whose middle is covered; zooms out where it must, never in. */
  revealRows(rows: Uint32Array): void {
    const { framing, layer } = this.scene
    const { pose } = this
    const goal = framing.around(...boxOf(layer(), rows), pose)
    if (!framing.sees([goal.x, goal.y, goal.z], pose, REVEAL_MARGIN_PX))
      this.flyTo({ ...goal, scale: Math.min(goal.scale, pose.scale) })
  }

  /** Makes room for a panel by `move`; `takeBack` undoes that, unless the map was moved since. */
  lend(move: () => void): void {
    const { motion, framing } = this.scene
    const before = this.pose
    const lent = this.#lent?.moves === motion.moves ? this.#lent : null
    const { centreX, centreY } = framing.view
    move()
    if (this.pose !== before)
      this.#lent = lent ? { ...lent, moves: motion.moves } : { from: before, centreX, centreY, moves: motion.moves }
  }

  takeBack(): void {
    const { motion, framing } = this.scene
    const lent = this.#lent
    this.#lent = null
    if (!lent || lent.moves !== motion.moves) return
    const { from } = lent
    const { centreX, centreY } = framing.view
    this.flyTo({
      ...from,
      x: from.x + (centreX - lent.centreX) / from.scale,
      y: from.y - (centreY - lent.centreY) / from.scale,
    })
  }

  flyToRegion = (region: Region): void => this.flyToPlace(toWorldUnits(this.scene.projection(), region), 3.4, 1.5)

  /** What of the map is seen between the panels, world units: centre and half of each side. */
  get window(): { x: number; y: number; halfWidth: number; halfHeight: number } {
    return this.scene.framing.window(this.scene.motion.pose)
  }

  /** Corners on screen of the middle half of what panels leave free. */
  get middle(): { x: number; y: number }[] {
    return this.scene.framing.middle
  }

  flyTo(pose: Pose, options: { duration?: number } = {}): void {
    this.scene.stopGestures()
    this.scene.motion.flyTo(pose, options)
  }
}
