/**
 * What a wheel event asks for. A mouse wheel zooms, a pinch on a trackpad (which arrives with Ctrl) zooms, and a swipe of
 * two fingers on a trackpad moves the map. Browsers do not say which device it was: one that moves sideways too, in steps
 * finer than a notch, is a trackpad, and stays one until a notch of a wheel is seen.
 */
export type WheelAction = { zoom: number } | { x: number; y: number }

const NOTCH = 120
const LINE_PX = 20
const PAGE_PX = 400
const MAX_STEP_PX = 160

export class WheelReader {
  #trackpad = false

  /** `zoom`: factor about the pointer; x, y: CSS px by which the map moves. */
  read(
    event: Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode' | 'ctrlKey' | 'shiftKey'> & { wheelDeltaY?: number },
  ): WheelAction {
    const px = event.deltaMode === 1 ? LINE_PX : event.deltaMode === 2 ? PAGE_PX : 1
    if (!event.ctrlKey) this.#learn(event)
    const step = (delta: number): number => Math.max(-MAX_STEP_PX, Math.min(MAX_STEP_PX, delta * px))
    if (event.ctrlKey) return { zoom: Math.exp(-step(event.deltaY) * 0.012) }
    if (this.#trackpad) return { x: -step(event.deltaX), y: -step(event.deltaY) }
    // Shift turns a wheel sideways in some browsers.
    return { zoom: Math.exp(-step(event.deltaY || event.deltaX) * 0.0022) }
  }

  #learn({ deltaX, deltaY, deltaMode, shiftKey, wheelDeltaY }: Parameters<WheelReader['read']>[0]): void {
    const notch =
      deltaMode !== 0 || (deltaX === 0 && wheelDeltaY !== undefined && wheelDeltaY !== 0 && wheelDeltaY % NOTCH === 0)
    if (notch) this.#trackpad = false
    else if (deltaX !== 0 && !shiftKey && Math.abs(deltaX) < NOTCH && Math.abs(deltaY) < NOTCH) this.#trackpad = true
  }
}
