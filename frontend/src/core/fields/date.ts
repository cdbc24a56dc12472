import { DAY_MS, dayOf, formatDay } from './days'
import { measure } from './field_type'
import { evenEdges } from './steps'

const month = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', timeZone: 'UTC' })
const day = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' })

/** `2010`, `2010-05`, `2010-05-31`. */
function parseDate(text: string): [number, number] | null {
  const match = /^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$/.exec(text)
  if (!match) return null
  const [year, month, day] = match.slice(1).map((part) => (part === undefined ? null : Number(part)))
  if (month !== null && (month < 1 || month > 12)) return null
  const first = dayOf(year!, month ?? 1, day ?? 1)
  if (day !== null) return day >= 1 && new Date(first * DAY_MS).getUTCDate() === day ? [first, first] : null
  return [first, (month === null ? dayOf(year! + 1, 1, 1) : dayOf(year!, month + 1, 1)) - 1]
}

/** Days, months, quarters or years. */
function edges(low: number, high: number, most: number): number[] {
  const days = high - low + 1
  const [first, last] = [new Date(low * DAY_MS), new Date(high * DAY_MS)]
  if (days <= most) return Array.from({ length: Math.floor(days) + 1 }, (_, i) => Math.floor(low) + i)
  const months = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth() + 1
  if (months <= most)
    return Array.from({ length: months + 1 }, (_, i) => dayOf(first.getUTCFullYear(), first.getUTCMonth() + 1 + i, 1))
  if (months <= 3 * most) {
    const quarter = first.getUTCMonth() - (first.getUTCMonth() % 3) + 1
    return Array.from({ length: Math.ceil((months + 2) / 3) + 1 }, (_, i) =>
      dayOf(first.getUTCFullYear(), quarter + 3 * i, 1),
    ).filter((_, i, all) => i === 0 || all[i - 1] <= high)
  }
  return evenEdges(first.getUTCFullYear(), last.getUTCFullYear(), true, most).map((year) => dayOf(year, 1, 1))
}

export const DATE = measure(
  {
    name: 'date',
    noun: 'a date',
    example: '2010, >2010-05-31, 2001..2010 or ? for unknown',
    ask: 'Write a date as 2010, 2010-05 or 2010-05-31, the earlier one first.',
    parse: parseDate,
    write: formatDay,
  },
  {
    /** Whole years by their numbers. */
    writeRange(from, to) {
      const [first, last] = [formatDay(from), formatDay(to)]
      if (!first.endsWith('-01-01') || !last.endsWith('-12-31')) return null
      const [a, b] = [first.slice(0, 4), last.slice(0, 4)]
      return a === b ? a : `${a}..${b}`
    },
    typical: (value) => month.format(value * DAY_MS),
    tick: (value, span) =>
      span > 1500
        ? new Date(value * DAY_MS).toISOString().slice(0, 4)
        : (span > 100 ? month : day).format(value * DAY_MS),
    show(value) {
      const time = Date.parse(String(value))
      return { kind: 'text', text: Number.isNaN(time) ? String(value) : day.format(time) }
    },
    moment: true,
    edges,
  },
)
