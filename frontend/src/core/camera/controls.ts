/**
 * Pointer, wheel, touch and keyboard -> camera. One finger or button drags (3-D: turns; with Shift or the right button
 * moves), two fingers pinch, the wheel zooms about the pointer, double click or tap zooms in, a flick glides on. With a
 * drawing tool, or Shift on a flat map, dragging draws a shape instead; in flight it looks around.
 *
 * States: idle -> pressed (pointer down) -> dragging (moved more than a click may) -> gliding (released at speed) -> idle;
 * a second finger turns pressed or dragging into pinching; lifting one finger of a pinch resumes dragging.
 */
import { flown, lookedAround, orbited, panned, zoomedAt, type Pose } from './camera'
import { Flying } from './flying'
import { handleKey, type KeysHost } from './keys'
import type { SetChange, Shape } from './tools'
import { WheelReader } from './wheel'

export interface ControlsHost extends KeysHost {
  reducedMotion(): boolean
  /** A pose the person asked for by hand; the host limits and shows it. */
  move(pose: Pose): void
  /** The same in flight, where only the eye is limited. */
  moveFreely(pose: Pose): void
  /** The keyboard went elsewhere. */
  unfocused(): void
  hover(x: number, y: number): void
  leave(): void
  click(x: number, y: number, pointer: string): void
  /** Ctrl-, Cmd- or Shift-click, or a long press. */
  toggle(x: number, y: number, pointer: string): void
  startSketch(shape: Shape, x: number, y: number, how: SetChange): void
  sketchTo(x: number, y: number): void
  finishSketch(): void
}

const CLICK_PX = 5
const TAP_PX = 10
const DOUBLE_MS = 320
const LONG_PRESS_MS = 500
const GLIDE_HALF_LIFE_MS = 120
/** World units of flight for a wheel notch, and per CSS px of two fingers. */
const FLIGHT_PER_ZOOM = 0.6
const FLIGHT_PER_PX = 0.002

interface Touch {
  x: number
  y: number
}
type Drag = 'pan' | 'turn' | 'look' | 'draw'

export class Controls {
  readonly #pointers = new Map<number, Touch>()
  readonly #abort = new AbortController()
  readonly #wheel = new WheelReader()
  readonly #flying: Flying
  #dragging = false
  #drag: Drag = 'pan'
  #press: { at: Touch; shape: Shape; how: SetChange } = { at: { x: 0, y: 0 }, shape: 'zoom', how: 'replace' }
  #travelled = 0
  #velocity = { x: 0, y: 0, at: 0 }
  #lastTap = { x: 0, y: 0, at: -Infinity }
  #glide = 0
  #longPress = 0

  constructor(
    private readonly stage: HTMLElement,
    private readonly host: ControlsHost,
  ) {
    this.#flying = new Flying(host)
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
      passive = true,
    ) => stage.addEventListener(type, listener, { signal: this.#abort.signal, passive })
    on('pointerdown', (event) => this.#down(event))
    on('pointermove', (event) => this.#move(event))
    on('pointerup', (event) => this.#up(event, true))
    on('pointercancel', (event) => this.#up(event, false))
    on('pointerleave', () => host.leave())
    on('wheel', (event) => this.#scroll(event), false)
    on('contextmenu', (event) => event.preventDefault(), false)
    on('keydown', (event) => handleKey(event, host, this.#flying) && event.preventDefault(), false)
    on('keyup', (event) => this.#flying.release(event.code))
    on('focusout', () => {
      this.#flying.stop()
      host.unfocused()
    })
  }

  /** True while a person moves the map, gliding included. */
  get active(): boolean {
    return this.#dragging || this.#pointers.size > 1 || this.#glide !== 0 || this.#flying.active
  }

  destroy(): void {
    this.#abort.abort()
    this.stop()
    clearTimeout(this.#longPress)
  }

  stop(): void {
    cancelAnimationFrame(this.#glide)
    this.#glide = 0
    this.#flying.stop()
  }

  #at(event: MouseEvent): Touch {
    const box = this.stage.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  #down(event: PointerEvent): void {
    this.stop()
    this.stage.setPointerCapture(event.pointerId)
    const at = this.#at(event)
    this.#pointers.set(event.pointerId, at)
    clearTimeout(this.#longPress)
    if (this.#pointers.size > 1) {
      this.#travelled = Infinity // a pinch is never a click
      if (this.#drag === 'draw') {
        this.host.dropSketch()
        this.#drag = 'pan'
      }
      return
    }
    this.#dragging = false
    this.#travelled = 0
    this.#velocity = { x: 0, y: 0, at: event.timeStamp }
    const tool = this.host.tool()
    const boxZoom = tool === 'hand' && event.shiftKey && !this.host.spatial()
    const moves = event.button !== 0 || event.ctrlKey || event.metaKey
    this.#press = {
      at,
      shape: tool === 'lasso' || tool === 'rectangle' ? tool : 'zoom',
      how: event.shiftKey ? 'add' : event.altKey ? 'remove' : 'replace',
    }
    this.#drag = moves
      ? 'pan'
      : tool === 'fly'
        ? 'look'
        : tool !== 'hand' || boxZoom
          ? 'draw'
          : this.host.spatial() && !event.shiftKey
            ? 'turn'
            : 'pan'
    if (event.pointerType === 'touch') this.#longPress = window.setTimeout(() => this.#pressedLong(at), LONG_PRESS_MS)
  }

  #pressedLong(at: Touch): void {
    if (this.#pointers.size !== 1 || this.#dragging) return
    this.#travelled = Infinity // and no click when it ends
    this.host.toggle(at.x, at.y, 'touch')
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
    if (!this.#dragging && this.#travelled < (event.pointerType === 'touch' ? TAP_PX : CLICK_PX)) return
    this.#pointers.set(event.pointerId, now)
    if (!this.#dragging) {
      this.#dragging = true
      clearTimeout(this.#longPress)
      this.host.leave()
      if (this.#drag === 'draw')
        this.host.startSketch(this.#press.shape, this.#press.at.x, this.#press.at.y, this.#press.how)
    }
    const ms = Math.max(1, event.timeStamp - this.#velocity.at)
    const blend = Math.min(1, ms / 40)
    this.#velocity = {
      x: this.#velocity.x + (dx / ms - this.#velocity.x) * blend,
      y: this.#velocity.y + (dy / ms - this.#velocity.y) * blend,
      at: event.timeStamp,
    }
    if (this.#drag === 'draw') for (const step of event.getCoalescedEvents?.() ?? []) this.#draw(step)
    if (this.#drag === 'draw') this.host.sketchTo(now.x, now.y)
    else this.#moveBy(dx, dy)
  }

  /** Places between two frames: a quick lasso keeps its shape. */
  #draw(event: PointerEvent): void {
    const { x, y } = this.#at(event)
    this.host.sketchTo(x, y)
  }

  #moveBy(dx: number, dy: number): void {
    const { host } = this
    const pose = host.pose()
    if (host.tool() === 'fly')
      host.moveFreely(
        this.#drag === 'look'
          ? lookedAround(pose, host.view(), dx, dy)
          : flown(pose, host.view(), { right: -dx * FLIGHT_PER_PX, up: dy * FLIGHT_PER_PX, ahead: 0 }),
      )
    else host.move(this.#drag === 'turn' ? orbited(pose, dx, dy) : panned(pose, dx, dy))
  }

  #pinch(id: number, before: Touch, now: Touch): void {
    const { host } = this
    const other = [...this.#pointers].find(([key]) => key !== id)?.[1]
    if (!other) return
    const spread = (p: Touch) => Math.max(8, Math.hypot(p.x - other.x, p.y - other.y))
    const factor = spread(now) / spread(before)
    const [dx, dy] = [(now.x - before.x) / 2, (now.y - before.y) / 2]
    if (host.tool() === 'fly') {
      host.moveFreely(
        flown(host.pose(), host.view(), {
          right: -dx * FLIGHT_PER_PX,
          up: dy * FLIGHT_PER_PX,
          ahead: Math.log(factor) * FLIGHT_PER_ZOOM,
        }),
      )
      return
    }
    const moved = panned(host.pose(), dx, dy)
    host.move(zoomedAt(moved, host.view(), factor, (now.x + other.x) / 2, (now.y + other.y) / 2, host.limits()))
  }

  #up(event: PointerEvent, released: boolean): void {
    if (!this.#pointers.delete(event.pointerId)) return
    clearTimeout(this.#longPress)
    if (this.#pointers.size > 0) return
    const wasDragging = this.#dragging
    this.#dragging = false
    if (wasDragging && this.#drag === 'draw') {
      if (released) this.host.finishSketch()
      else this.host.dropSketch()
    } else if (released && wasDragging) {
      this.#startGlide(event.timeStamp)
    } else if (
      released &&
      Math.max(this.#travelled, this.#away(event)) < (event.pointerType === 'touch' ? TAP_PX : CLICK_PX)
    ) {
      this.#tap(event)
    }
  }

  /** From where it was pressed: of a finger that scrolls the page around, the way is not seen. */
  #away(event: PointerEvent): number {
    const { x, y } = this.#at(event)
    return Math.hypot(x - this.#press.at.x, y - this.#press.at.y)
  }

  #tap(event: PointerEvent): void {
    const { host } = this
    const at = this.#at(event)
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      host.toggle(at.x, at.y, event.pointerType)
      return
    }
    const second =
      event.timeStamp - this.#lastTap.at < DOUBLE_MS && Math.hypot(at.x - this.#lastTap.x, at.y - this.#lastTap.y) < 30
    this.#lastTap = { ...at, at: second ? -Infinity : event.timeStamp }
    if (second && host.tool() !== 'fly') {
      host.fly(zoomedAt(host.pose(), host.view(), event.altKey ? 0.4 : 2.5, at.x, at.y, host.limits()))
    } else {
      host.click(at.x, at.y, event.pointerType)
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
      this.#moveBy(x * ms, y * ms)
      x *= decay
      y *= decay
      if (Math.hypot(x, y) > 0.02) this.#glide = requestAnimationFrame(step)
    }
    this.#glide = requestAnimationFrame(step)
  }

  #scroll(event: WheelEvent): void {
    event.preventDefault()
    this.stop()
    const { host } = this
    const at = this.#at(event)
    const action = this.#wheel.read(event)
    if (host.tool() === 'fly') {
      const ahead = 'zoom' in action ? Math.log(action.zoom) * FLIGHT_PER_ZOOM : action.y * FLIGHT_PER_PX
      host.moveFreely(flown(host.pose(), host.view(), { right: 0, up: 0, ahead }))
    } else if ('zoom' in action) {
      host.move(zoomedAt(host.pose(), host.view(), action.zoom, at.x, at.y, host.limits()))
    } else {
      host.move(host.spatial() ? orbited(host.pose(), action.x, action.y) : panned(host.pose(), action.x, action.y))
    }
  }
}
