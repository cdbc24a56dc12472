/** The camera as it moves: by hand, in flight, or following a row while panels come and go. */
import type { Pose } from '../camera/camera'
import { flight, type Flight } from '../camera/flight'
import type { Framing } from './framing'

export class Motion {
  pose: Pose = { x: 0, y: 0, z: 0, yaw: 0, pitch: 0, scale: 1 }
  /** Row that the camera was sent to; it stays centred while panels come, until the person moves the map. */
  followed = -1
  /** Grows with every flight and every move by hand. */
  moves = 0
  #flight: { path: Flight; from: number; duration: number } | null = null

  constructor(
    private readonly framing: Framing,
    private readonly reducedMotion: () => boolean,
    /** Something is to be drawn; `jumped`: what was on screen before says nothing about now. */
    private readonly changed: (jumped: boolean) => void,
  ) {}

  get flying(): boolean {
    return this.#flight !== null
  }

  /** Where it is or will be. */
  get goal(): Pose {
    return this.#flight ? this.#flight.path.at(1) : this.pose
  }

  flyTo(pose: Pose, options: { duration?: number; free?: boolean } = {}): void {
    this.followed = -1
    this.moves++
    const target = options.free ? pose : this.framing.limit(pose)
    const path = flight(this.pose, target, this.framing.view)
    const duration = this.reducedMotion() ? 0 : (options.duration ?? path.duration)
    if (duration === 0) this.pose = target
    this.#flight = duration === 0 ? null : { path, from: performance.now(), duration }
    this.changed(duration === 0)
  }

  /** By hand. */
  move(pose: Pose, options: { free?: boolean } = {}): void {
    this.#flight = null
    this.followed = -1
    this.moves++
    this.pose = options.free ? pose : this.framing.limit(pose)
    this.changed(false)
  }

  advance(now: number): void {
    if (!this.#flight) return
    const t = (now - this.#flight.from) / this.#flight.duration
    this.pose = this.#flight.path.at(t)
    if (t >= 1) this.#flight = null
  }
}
