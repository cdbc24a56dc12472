/** The screen as the camera sees it: its size, what panels cover, and the scale at which the whole map fits in the rest. */
import { fitPose, fitScale, limited, type Extent, type Pose, type View } from '../camera/camera'

export interface Insets {
  left: number
  top: number
  right: number
  bottom: number
}

/** However small the window: never divide by nothing. */
const LEAST_PX = 40

export class Framing {
  view: View = { width: 1, height: 1, centreX: 0.5, centreY: 0.5 }
  extent: Extent = [1, 1, 0]
  spatial = false
  /** CSS px per world unit when everything is seen. */
  fit = 1
  #insets: Insets = { left: 0, top: 0, right: 0, bottom: 0 }

  get insets(): Insets {
    return this.#insets
  }

  show(extent: Extent, spatial: boolean): void {
    this.extent = extent
    this.spatial = spatial
    this.#refit()
  }

  /** Returns the pose that keeps the map where it is on screen; a map that was fitted stays fitted. */
  resize(width: number, height: number, pose: Pose): Pose {
    return this.#changed(pose, () => (this.view = { ...this.view, width, height }))
  }

  cover(insets: Insets, pose: Pose): Pose {
    const same = (Object.keys(insets) as (keyof Insets)[]).every((side) => insets[side] === this.#insets[side])
    return same ? pose : this.#changed(pose, () => (this.#insets = insets))
  }

  isFit(pose: Pose): boolean {
    return Math.abs(pose.scale / this.fit - 1) < 0.01 && Math.hypot(pose.x, pose.y, pose.z) < 0.01
  }

  whole(): Pose {
    return fitPose(this.fit, this.spatial)
  }

  limit(pose: Pose): Pose {
    return limited(pose, this.extent, this.fit, this.spatial)
  }

  /** Is a place on screen well inside what panels leave free? */
  isFree(x: number, y: number, margin: number): boolean {
    const { left, top, right, bottom } = this.#insets
    return x > left + margin && y > top + margin && x < this.view.width - right - margin && y < this.view.height - bottom - margin
  }

  #changed(pose: Pose, change: () => void): Pose {
    const wasFit = this.isFit(pose)
    const before = this.view
    change()
    const { left, top, right, bottom } = this.#insets
    const centreX = left + Math.max(LEAST_PX, this.view.width - left - right) / 2
    const centreY = top + Math.max(LEAST_PX, this.view.height - top - bottom) / 2
    this.view = { ...this.view, centreX, centreY }
    this.#refit()
    if (wasFit) return { ...this.whole(), yaw: pose.yaw, pitch: pose.pitch }
    return { ...pose, x: pose.x + (centreX - before.centreX) / pose.scale, y: pose.y - (centreY - before.centreY) / pose.scale }
  }

  #refit(): void {
    const { left, top, right, bottom } = this.#insets
    const free = { width: Math.max(LEAST_PX, this.view.width - left - right), height: Math.max(LEAST_PX, this.view.height - top - bottom) }
    this.fit = fitScale(this.extent, free, this.spatial)
  }
}
