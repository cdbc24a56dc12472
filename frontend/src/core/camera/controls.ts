/**
 * Pointer, wheel, touch and keyboard -> camera. One finger or button drags (3-D: turns; with Shift or the right button
 * moves), two fingers pinch, the wheel zooms about the pointer, double click or tap zooms in, a flick glides on.
 *
 * States: idle -> pressed (pointer down) -> dragging (moved more than a click may) -> gliding (released at speed) -> idle;
 * a second finger turns pressed or dragging into pinching; lifting one finger of a pinch resumes dragging.
 */
import { orbited, panned, zoomedAt, type Pose, type View } from './camera'

export interface ControlsHost {
  view(): View
  pose(): Pose
  spatial(): boolean
  limits(): { min: number; max: number }
  reducedMotion(): boolean
  /** A pose the person asked for by hand; the host limits and shows it. */
  move(pose: Pose): void
  /** A pose to travel to smoothly. */
  fly(pose: Pose): void
  fit(): void
  hover(x: number, y: number): void
  leave(): void
  click(x: number, y: number, pointer: string): void
  escape(): void
  search(): void
}

const CLICK_PX = 5
const DOUBLE_MS = 320
const GLIDE_HALF_LIFE_MS = 120
const KEY_STEP_PX = 90

interface Touch {
  x: number
  y: number
}

export class Controls {
  readonly #pointers = new Map<number, Touch>()
  readonly #abort = new AbortController()
  #dragging = false
  #moving = false
  #travelled = 0
  #velocity = { x: 0, y: 0, at: 0 }
  #lastTap = { x: 0, y: 0, at: -Infinity }
  #glide = 0

  constructor(
    private readonly canvas: HTMLElement,
    private readonly host: ControlsHost,
  ) {
    const on = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void, passive = true) =>
      canvas.addEventListener(type, listener, { signal: this.#abort.signal, passive })
    on('pointerdown', (event) => this.#down(event))
    on('pointermove', (event) => this.#move(event))
    on('pointerup', (event) => this.#up(event, true))
    on('pointercancel', (event) => this.#up(event, false))
    on('pointerleave', () => host.leave())
    on('wheel', (event) => this.#wheel(event), false)
    on('contextmenu', (event) => event.preventDefault(), false)
    on('keydown', (event) => this.#key(event), false)
  }

  /** True while a person moves the map, gliding included. */
  get active(): boolean {
    return this.#dragging || this.#pointers.size > 1 || this.#glide !== 0
  }

  destroy(): void {
    this.#abort.abort()
    this.stop()
  }

  stop(): void {
    cancelAnimationFrame(this.#glide)
    this.#glide = 0
  }

  #at(event: MouseEvent): Touch {
    const box = this.canvas.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  #down(event: PointerEvent): void {
    this.stop()
    this.canvas.setPointerCapture(event.pointerId)
    this.#pointers.set(event.pointerId, this.#at(event))
    if (this.#pointers.size === 1) {
      this.#dragging = false
      this.#travelled = 0
      this.#moving = event.button === 2 || event.shiftKey || event.ctrlKey
      this.#velocity = { x: 0, y: 0, at: event.timeStamp }
    } else {
      this.#travelled = Infinity // a pinch is never a click
    }
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId)
    const now = this.#at(event)
    if (!before) {
      if (event.pointerType !== 'touch') this.host.hover(now.x, now.y)
      return
    }
    const [dx, dy] = [now.x - before.x, now.y - before.y]
    if (this.#pointers.size > 1) {
      this.#pinch(event.pointerId, before, now)
      this.#pointers.set(event.pointerId, now)
      return
    }
    this.#travelled += Math.hypot(dx, dy)
    if (!this.#dragging && this.#travelled < CLICK_PX) return
    this.#pointers.set(event.pointerId, now)
    if (!this.#dragging) {
      this.#dragging = true
      this.host.leave()
    }
    const ms = Math.max(1, event.timeStamp - this.#velocity.at)
    const blend = Math.min(1, ms / 40)
    this.#velocity = {
      x: this.#velocity.x + (dx / ms - this.#velocity.x) * blend,
      y: this.#velocity.y + (dy / ms - this.#velocity.y) * blend,
      at: event.timeStamp,
    }
    this.#drag(dx, dy)
  }

  #drag(dx: number, dy: number): void {
    const turn = this.host.spatial() && !this.#moving
    this.host.move(turn ? orbited(this.host.pose(), dx, dy) : panned(this.host.pose(), dx, dy))
  }

  #pinch(id: number, before: Touch, now: Touch): void {
    const other = [...this.#pointers].find(([key]) => key !== id)?.[1]
    if (!other) return
    const spread = (p: Touch) => Math.max(8, Math.hypot(p.x - other.x, p.y - other.y))
    const centre = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
    const moved = panned(this.host.pose(), (now.x - before.x) / 2, (now.y - before.y) / 2)
    this.host.move(zoomedAt(moved, this.host.view(), spread(now) / spread(before), centre.x, centre.y, this.host.limits()))
  }

  #up(event: PointerEvent, released: boolean): void {
    if (!this.#pointers.delete(event.pointerId)) return
    if (this.#pointers.size > 0) return
    const wasDragging = this.#dragging
    this.#dragging = false
    if (!released) return
    if (wasDragging) {
      this.#startGlide(event.timeStamp)
    } else if (this.#travelled < CLICK_PX) {
      this.#tap(event)
    }
  }

  #tap(event: PointerEvent): void {
    const at = this.#at(event)
    const second = event.timeStamp - this.#lastTap.at < DOUBLE_MS && Math.hypot(at.x - this.#lastTap.x, at.y - this.#lastTap.y) < 30
    this.#lastTap = { ...at, at: second ? -Infinity : event.timeStamp }
    if (second) {
      this.host.fly(zoomedAt(this.host.pose(), this.host.view(), event.shiftKey ? 0.4 : 2.5, at.x, at.y, this.host.limits()))
    } else {
      this.host.click(at.x, at.y, event.pointerType)
    }
  }

  #startGlide(now: number): void {
    const resting = now - this.#velocity.at > 60 // held still before letting go
    let { x, y } = this.#velocity
    if (resting || this.host.reducedMotion() || Math.hypot(x, y) < 0.15) return
    let last = performance.now()
    const step = (time: number) => {
      const ms = Math.min(50, Math.max(0, time - last))
      last = time
      const decay = 0.5 ** (ms / GLIDE_HALF_LIFE_MS)
      this.#glide = 0
      this.#drag(x * ms, y * ms)
      x *= decay
      y *= decay
      if (Math.hypot(x, y) > 0.02) this.#glide = requestAnimationFrame(step)
    }
    this.#glide = requestAnimationFrame(step)
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault()
    this.stop()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1
    // A pinch on a trackpad arrives as a wheel with Ctrl and small steps; one mouse notch is about 100.
    const delta = Math.max(-160, Math.min(160, event.deltaY * lines)) * (event.ctrlKey ? 0.012 : 0.0022)
    const at = this.#at(event)
    this.host.move(zoomedAt(this.host.pose(), this.host.view(), Math.exp(-delta), at.x, at.y, this.host.limits()))
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || event.ctrlKey) return
    const { host } = this
    const view = host.view()
    const step = (dx: number, dy: number) => {
      const turn = host.spatial() && !event.shiftKey
      host.fly(turn ? orbited(host.pose(), dx * 0.6, dy * 0.6) : panned(host.pose(), dx, dy))
    }
    const zoom = (factor: number) => host.fly(zoomedAt(host.pose(), view, factor, view.centreX, view.centreY, host.limits()))
    const actions: Record<string, () => void> = {
      ArrowLeft: () => step(KEY_STEP_PX, 0), ArrowRight: () => step(-KEY_STEP_PX, 0),
      ArrowUp: () => step(0, KEY_STEP_PX), ArrowDown: () => step(0, -KEY_STEP_PX),
      '+': () => zoom(1.6), '=': () => zoom(1.6), '-': () => zoom(1 / 1.6), _: () => zoom(1 / 1.6),
      '0': () => host.fit(), '/': () => host.search(), Escape: () => host.escape(),
    }
    const action = actions[event.key]
    if (!action) return
    event.preventDefault()
    action()
  }
}
