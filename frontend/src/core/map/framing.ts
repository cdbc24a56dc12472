/** The screen as the camera sees it: its size, what panels cover, and the scale at which the whole map fits in the rest. */
import {
  distanceOf,
  fitPose,
  fitScale,
  limited,
  toScreen,
  toWorld,
  viewProjection,
  type Extent,
  type Pose,
  type View,
} from '../camera/camera'

export interface Insets {
  left: number
  top: number
  right: number
  bottom: number
}

/** However small the window: never divide by nothing. */
const LEAST_PX = 40
/** How far a flight to a few points zooms in. */
const NEAREST_ZOOM = 8

export class Framing {
  view: View = { width: 1, height: 1, centreX: 0.5, centreY: 0.5 }
  extent: Extent = [1, 1, 0]
  spatial = false
  /** Half of what a fitted map shows, and the middle of it: without the few that lie far outside of all others. */
  #bulk: Extent = [1, 1, 0]
  #middle: Extent = [0, 0, 0]
  /** CSS px per world unit when everything is seen. */
  fit = 1
  /** The same without the panels that come and go. */
  fitOpen = 1
  #insets: Insets = { left: 0, top: 0, right: 0, bottom: 0 }

  get insets(): Insets {
    return this.#insets
  }

  /** `bulk`: the box that is to be fitted, where it is not the whole extent. */
  show(extent: Extent, spatial: boolean, bulk: readonly [low: Extent, high: Extent] | null = null): void {
    this.extent = extent
    this.#bulk = bulk ? (extent.map((_, axis) => (bulk[1][axis] - bulk[0][axis]) / 2) as Extent) : extent
    this.#middle = bulk ? (extent.map((_, axis) => (bulk[0][axis] + bulk[1][axis]) / 2) as Extent) : [0, 0, 0]
    this.spatial = spatial
    this.#refit()
  }

  /** Returns the pose for the new size: a fitted map stays fitted, any other stays where it is. */
  resize(width: number, height: number, pose: Pose): Pose {
    return this.#changed(pose, this.isFit(pose), () => (this.view = { ...this.view, width, height }))
  }

  /**
   * The same for panels: `pose` keeps the map still. `goal` is where it should then go, if anywhere: a fitted map is
   * fitted again, except for a panel on the right, which comes and goes with the selection and must not move the map.
   */
  cover(insets: Insets, pose: Pose): { pose: Pose; goal: Pose | null } {
    const changed = (Object.keys(insets) as (keyof Insets)[]).filter((side) => insets[side] !== this.#insets[side])
    if (changed.length === 0) return { pose, goal: null }
    const refit = this.isFit(pose) && changed.some((side) => side !== 'right')
    const still = this.#changed(pose, false, () => (this.#insets = insets))
    return { pose: still, goal: refit ? { ...this.whole(), yaw: pose.yaw, pitch: pose.pitch } : null }
  }

  isFit(pose: Pose): boolean {
    const [x, y, z] = this.#middle
    return Math.abs(pose.scale / this.fit - 1) < 0.01 && Math.hypot(pose.x - x, pose.y - y, pose.z - z) < 0.01
  }

  whole(): Pose {
    const [x, y, z] = this.#middle
    return { ...fitPose(this.fit, this.spatial), x, y, z }
  }

  /** The pose that shows a box of world units in what panels leave free, seen from the same side; small boxes keep some surroundings. */
  around(low: Extent, high: Extent, pose: Pose): Pose {
    const half = low.map((from, axis) => (high[axis] - from) / 2) as Extent
    const [x, y, z] = low.map((from, axis) => (from + high[axis]) / 2)
    return {
      ...pose,
      x,
      y,
      z,
      scale: Math.min(
        Math.max(...half) > 0 ? fitScale(half, this.#free, this.spatial) * 0.9 : Infinity,
        this.fit * NEAREST_ZOOM,
      ),
    }
  }

  limit(pose: Pose): Pose {
    return limited(pose, this.extent, this.fit, this.spatial)
  }

  /** What of a flat map lies between the panels, world units: centre and half of each side. */
  window(pose: Pose): { x: number; y: number; halfWidth: number; halfHeight: number } {
    const { left, top, right, bottom } = this.#insets
    const [x0, y0] = toWorld(pose, this.view, left, top)
    const [x1, y1] = toWorld(pose, this.view, this.view.width - right, this.view.height - bottom)
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, halfWidth: Math.abs(x1 - x0) / 2, halfHeight: Math.abs(y1 - y0) / 2 }
  }

  /** Corners on screen of the middle half of what panels leave free. */
  get middle(): { x: number; y: number }[] {
    const { centreX, centreY } = this.view
    const [w, h] = [this.#free.width / 4, this.#free.height / 4]
    return [
      [-w, -h],
      [w, -h],
      [w, h],
      [-w, h],
    ].map(([x, y]) => ({ x: centreX + x, y: centreY + y }))
  }

  /** The pose in which the box around places on screen fills the free part of it. */
  boxed(pose: Pose, places: readonly { x: number; y: number }[]): Pose {
    const { left, top, right, bottom } = this.#insets
    const [xs, ys] = [places.map((p) => p.x), places.map((p) => p.y)]
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    const [x, y, z] = toWorld(pose, this.view, (x0 + x1) / 2, (y0 + y1) / 2)
    const free = {
      width: Math.max(LEAST_PX, this.view.width - left - right),
      height: Math.max(LEAST_PX, this.view.height - top - bottom),
    }
    return {
      ...pose,
      x,
      y,
      z,
      scale: pose.scale * Math.min(free.width / Math.max(1, x1 - x0), free.height / Math.max(1, y1 - y0)),
    }
  }

  /** Is a place of the world well inside what panels leave free? */
  sees([x, y, z]: Extent, pose: Pose, margin: number): boolean {
    const at = toScreen(viewProjection(pose, this.view), this.view, distanceOf(pose, this.view), x, y, z, {
      x: 0,
      y: 0,
      nearness: 0,
    })
    return this.isFree(at.x, at.y, margin)
  }

  /** Is a place on screen well inside what panels leave free? */
  isFree(x: number, y: number, margin: number): boolean {
    const { left, top, right, bottom } = this.#insets
    return (
      x > left + margin &&
      y > top + margin &&
      x < this.view.width - right - margin &&
      y < this.view.height - bottom - margin
    )
  }

  #changed(pose: Pose, refit: boolean, change: () => void): Pose {
    const before = this.view
    change()
    const { left, top, right, bottom } = this.#insets
    const centreX = left + Math.max(LEAST_PX, this.view.width - left - right) / 2
    const centreY = top + Math.max(LEAST_PX, this.view.height - top - bottom) / 2
    this.view = { ...this.view, centreX, centreY }
    this.#refit()
    if (refit) return { ...this.whole(), yaw: pose.yaw, pitch: pose.pitch }
    return {
      ...pose,
      x: pose.x + (centreX - before.centreX) / pose.scale,
      y: pose.y - (centreY - before.centreY) / pose.scale,
    }
  }

  get #free(): { width: number; height: number } {
    const { left, top, right, bottom } = this.#insets
    return {
      width: Math.max(LEAST_PX, this.view.width - left - right),
      height: Math.max(LEAST_PX, this.view.height - top - bottom),
    }
  }

  #refit(): void {
    const { left, top } = this.#insets
    this.fit = fitScale(this.#bulk, this.#free, this.spatial)
    const open = {
      width: Math.max(LEAST_PX, this.view.width - left),
      height: Math.max(LEAST_PX, this.view.height - top),
    }
    this.fitOpen = fitScale(this.#bulk, open, this.spatial)
  }
}
