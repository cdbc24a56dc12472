/** The way between two maps, travelled by itself: to and fro, with a rest at either end. */
import { ease } from '../camera/flight'

const WAY_MS = 2200
const REST_MS = 900
/** Where motion is unwelcome there is no way between: one map, and then the other. */
const FLIP_MS = 1600

export interface Ride {
  still: boolean
  /** Only to the other end. */
  once?: boolean
  /** Which end comes first, where it is not the farther one. */
  to?: 0 | 1
  moved(t: number): void
  ended(): void
}

/** 0 … 1 -> the share of the time at which `ease` is there. */
export function unease(t: number): number {
  return t < 0.5 ? Math.cbrt(t / 4) : 1 - Math.cbrt(2 * (1 - t)) / 2
}

/** From `t`, first to the end that is farther; returns what stops it. */
export function ride(t: number, { still, once, to: first, moved, ended }: Ride): () => void {
  let [from, to] = (first ?? Number(t < 0.5)) === 1 ? [0, 1] : [1, 0]
  let start = performance.now() - unease(Math.abs(t - from)) * WAY_MS
  let frame = 0
  const step = (now: number) => {
    const passed = now - start
    const share = still ? Number(passed > FLIP_MS) : ease(Math.min(1, Math.max(0, passed / WAY_MS)))
    const next = from + (to - from) * share
    if (next !== t) moved((t = next))
    if (share === 1 && once) return ended()
    if (share === 1 && (still || passed > WAY_MS + REST_MS)) {
      ;[from, to] = [to, from]
      start = now
    }
    frame = requestAnimationFrame(step)
  }
  frame = requestAnimationFrame(step)
  return () => cancelAnimationFrame(frame)
}
