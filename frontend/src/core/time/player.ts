/** A time that moves over a field: a window of fixed width, or all up to there. */
import type { NumberSummary } from '../filter/fields'
import { range, type Range } from '../filter/range'

export type Mode = 'window' | 'growing'

export interface Span {
  from: number
  to: number
}

/** What is played: from the first value to the last, without a far past that hardly anything is of. */
export function spanOf({ min, max, quantiles }: NumberSummary): Span {
  const early = quantiles[1]
  return { from: early - min > max - early ? early : min, to: max }
}

/** What is shown at a place 0 … 1 of the way; `width`: of a window, as a share of the span. */
export function shownAt({ from, to }: Span, at: number, mode: Mode, width: number): Range {
  const whole = to - from
  if (mode === 'growing') return range(-Infinity, Math.round(from + at * whole))
  const wide = Math.max(1, Math.round(width * whole))
  const begin = Math.round(from + at * Math.max(0, whole - wide))
  return range(begin, begin + wide)
}

/** The next place after some ms, and whether the end is reached. */
export function played(at: number, ms: number, wholeMs: number): { at: number; over: boolean } {
  const next = at + ms / wholeMs
  return next >= 1 ? { at: 1, over: true } : { at: next, over: false }
}
