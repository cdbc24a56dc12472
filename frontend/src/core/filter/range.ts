/** Ranges of what is measured, and how they are written. */
import type { Measure } from '../fields'

export interface Range {
  /** -Infinity = no lower end. */
  from: number
  /** Infinity = no upper end. */
  to: number
  /** The end itself does not belong to the range. */
  fromOpen: boolean
  toOpen: boolean
}

export function range(from: number, to: number, fromOpen = false, toOpen = false): Range {
  return { from, to, fromOpen: fromOpen && from > -Infinity, toOpen: toOpen && to < Infinity }
}

/** `2010`, `>2010`, `>=2010`, `2001..2010`, `2001..`, `3..<4`; null = not a range. */
export function parseRange(text: string, measure: Measure): Range | null {
  const compared = /^(>=|<=|>|<|=|≥|≤)(.+)$/.exec(text)
  const dots = /^(>?)(.*?)\.\.(<?)(.*)$/.exec(text)
  if (dots) {
    const [, open, low, close, high] = dots
    const a = low === '' ? WHOLE : measure.parse(low)
    const b = high === '' ? WHOLE : measure.parse(high)
    if (!a || !b) return null
    return a[0] > b[1]
      ? range(b[0], a[1], close !== '', open !== '')
      : range(open ? a[1] : a[0], close ? b[0] : b[1], open !== '', close !== '')
  }
  if (compared) {
    const value = measure.parse(compared[2])
    if (!value) return null
    const [first, last] = value
    switch (compared[1]) {
      case '>':
        return range(last, Infinity, true)
      case '>=':
      case '≥':
        return range(first, Infinity)
      case '<':
        return range(-Infinity, first, false, true)
      case '<=':
      case '≤':
        return range(-Infinity, last)
      default:
        return range(first, last)
    }
  }
  const own = measure.parseRange?.(text) ?? measure.parse(text)
  return own && range(...own)
}

const WHOLE: [number, number] = [-Infinity, Infinity]

/** The shortest text that parseRange reads as the same range. */
export function formatRange({ from, to, fromOpen, toOpen }: Range, measure: Measure): string {
  const text = measure.write
  if (from === -Infinity && to === Infinity) return '..'
  if (to === Infinity) return (fromOpen ? '>' : '>=') + text(from)
  if (from === -Infinity) return (toOpen ? '<' : '<=') + text(to)
  if (from === to && !fromOpen && !toOpen) return text(from)
  const short = fromOpen || toOpen ? null : measure.writeRange?.(from, to)
  return short ?? `${fromOpen ? '>' : ''}${text(from)}..${toOpen ? '<' : ''}${text(to)}`
}
