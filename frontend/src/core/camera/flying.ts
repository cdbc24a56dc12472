/** Flight through a 3-D map while keys are held: W A S D by their place on the keyboard, Q and E down and up. */
import { flown, type Pose, type View } from './camera'

type Direction = { right: number; up: number; ahead: number }

const KEYS: Record<string, Partial<Direction>> = {
  KeyW: { ahead: 1 },
  KeyS: { ahead: -1 },
  KeyA: { right: -1 },
  KeyD: { right: 1 },
  KeyQ: { up: -1 },
  KeyE: { up: 1 },
}
/** World units per second; the map is two wide. */
const SPEED = 0.55
const FAST = 3
const EASE_MS = 110

export class Flying {
  readonly #held = new Set<string>()
  #fast = false
  #velocity: Direction = { right: 0, up: 0, ahead: 0 }
  #frame = 0
  #last = 0

  constructor(
    private readonly host: { pose(): Pose; view(): View; reducedMotion(): boolean; moveFreely(pose: Pose): void },
  ) {}

  static handles(code: string): boolean {
    return code in KEYS
  }

  get active(): boolean {
    return this.#frame !== 0
  }

  press(code: string, fast: boolean): void {
    this.#held.add(code)
    this.#fast = fast
    if (this.#frame !== 0) return
    this.#last = performance.now()
    this.#frame = requestAnimationFrame(this.#step)
  }

  release(code: string): void {
    this.#held.delete(code)
  }

  stop(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    this.#held.clear()
    this.#velocity = { right: 0, up: 0, ahead: 0 }
  }

  #step = (now: number): void => {
    const ms = Math.min(60, Math.max(0, now - this.#last))
    this.#last = now
    const wanted: Direction = { right: 0, up: 0, ahead: 0 }
    const speed = SPEED * (this.#fast ? FAST : 1)
    for (const code of this.#held)
      for (const [axis, sign] of Object.entries(KEYS[code])) wanted[axis as keyof Direction] += sign * speed
    const blend = this.host.reducedMotion() ? 1 : 1 - Math.exp(-ms / EASE_MS)
    const v = this.#velocity
    for (const axis of ['right', 'up', 'ahead'] as const) v[axis] += (wanted[axis] - v[axis]) * blend
    const seconds = ms / 1000
    this.host.moveFreely(
      flown(this.host.pose(), this.host.view(), {
        right: v.right * seconds,
        up: v.up * seconds,
        ahead: v.ahead * seconds,
      }),
    )
    const resting = this.#held.size === 0 && Math.hypot(v.right, v.up, v.ahead) < 0.01
    this.#frame = resting ? 0 : requestAnimationFrame(this.#step)
  }
}
