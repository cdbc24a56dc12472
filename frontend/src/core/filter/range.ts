/** Ranges of numbers, years and dates (days since 1970-01-01, UTC) and how they are written. */
export interface Range {
  /** -Infinity = no lower end. */
  from: number
  /** Infinity = no upper end. */
  to: number
  /** The end itself does not belong to the range. */
  fromOpen: boolean
  toOpen: boolean
}

export type Measure = 'number' | 'year' | 'date'

export const DAY_MS = 86_400_000

export function range(from: number, to: number, fromOpen = false, toOpen = false): Range {
  return { from, to, fromOpen: fromOpen && from > -Infinity, toOpen: toOpen && to < Infinity }
}

/** `2010`, `>2010`, `>=2010`, `2001..2010`, `2001..`, `3..<4`; null = not a range. */
export function parseRange(text: string, type: Measure): Range | null {
  const compared = /^(>=|<=|>|<|=|≥|≤)(.+)$/.exec(text)
  const dots = /^(>?)(.*?)\.\.(<?)(.*)$/.exec(text)
  if (dots) {
    const [, open, low, close, high] = dots
    const a = low === '' ? WHOLE : parseValue(low, type)
    const b = high === '' ? WHOLE : parseValue(high, type)
    if (!a || !b) return null
    return a[0] > b[1]
      ? range(b[0], a[1], close !== '', open !== '')
      : range(open ? a[1] : a[0], close ? b[0] : b[1], open !== '', close !== '')
  }
  if (compared) {
    const value = parseValue(compared[2], type)
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
  const years = type === 'year' ? /^(\d{3,4})[-–](\d{3,4})$/.exec(text) : null
  if (years) return range(Math.min(+years[1], +years[2]), Math.max(+years[1], +years[2]))
  const value = parseValue(text, type)
  return value && range(...value)
}

const WHOLE: [number, number] = [-Infinity, Infinity]

/** First and last value that the text means: a date may be a whole year or month. */
export function parseValue(text: string, type: Measure): [number, number] | null {
  if (type === 'date') return parseDate(text)
  const number = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([km])?$/i.exec(
    text.replace(/^[−–]/, '-').replace(/(\d),(?=\d{3})/g, '$1'),
  )
  if (!number) return null
  const value = Number(number[1]) * ({ k: 1e3, m: 1e6 }[number[2]?.toLowerCase()] ?? 1)
  return Number.isFinite(value) ? [value, value] : null
}

function parseDate(text: string): [number, number] | null {
  const match = /^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$/.exec(text)
  if (!match) return null
  const [year, month, day] = match.slice(1).map((part) => (part === undefined ? null : Number(part)))
  if (month !== null && (month < 1 || month > 12)) return null
  const first = dayOf(year!, month ?? 1, day ?? 1)
  if (day !== null) return day >= 1 && new Date(first * DAY_MS).getUTCDate() === day ? [first, first] : null
  return [first, (month === null ? dayOf(year! + 1, 1, 1) : dayOf(year!, month + 1, 1)) - 1]
}

/** Days since 1970; month 1 … 12, and 13 is January of the next year. */
export function dayOf(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return Math.round(date.getTime() / DAY_MS)
}

export function formatDay(days: number): string {
  return new Date(Math.floor(days) * DAY_MS).toISOString().slice(0, 10)
}

/** The shortest text that parseRange reads as the same range. */
export function formatRange({ from, to, fromOpen, toOpen }: Range, type: Measure): string {
  const text = (value: number) => (type === 'date' ? formatDay(value) : String(value))
  if (from === -Infinity && to === Infinity) return '..'
  if (to === Infinity) return (fromOpen ? '>' : '>=') + text(from)
  if (from === -Infinity) return (toOpen ? '<' : '<=') + text(to)
  if (from === to && !fromOpen && !toOpen) return text(from)
  if (type === 'date' && !fromOpen && !toOpen) {
    const [first, last] = [text(from), text(to)]
    const years = first.endsWith('-01-01') && last.endsWith('-12-31')
    if (years)
      return first.slice(0, 4) === last.slice(0, 4) ? first.slice(0, 4) : `${first.slice(0, 4)}..${last.slice(0, 4)}`
  }
  return `${fromOpen ? '>' : ''}${text(from)}..${toOpen ? '<' : ''}${text(to)}`
}
