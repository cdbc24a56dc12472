import { formatNumber, formatShort } from '../format'
import { measure } from './field_type'

/** `1,500`, `-3.5`, `2e6`, `10k`. */
export function parseNumber(text: string): [number, number] | null {
  const number = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([km])?$/i.exec(
    text.replace(/^[−–]/, '-').replace(/(\d),(?=\d{3})/g, '$1'),
  )
  if (!number) return null
  const value = Number(number[1]) * ({ k: 1e3, m: 1e6 }[number[2]?.toLowerCase()] ?? 1)
  return Number.isFinite(value) ? [value, value] : null
}

/** Columns are float32, which have no more digits. */
const digits = (value: number) => Number(value.toPrecision(7))
const withUnit = (text: string, unit?: string | null) => (unit ? `${text} ${unit}` : text)

export const NUMBER = measure(
  {
    name: 'number',
    noun: 'a number',
    example: '>10, 5..20 or ? for unknown',
    ask: 'Write a number, the smaller one first.',
    parse: parseNumber,
    write: String,
  },
  {
    keyboard: 'decimal',
    typed: (value) => String(digits(value)),
    text: (value, unit) => withUnit(formatNumber(digits(value)), unit),
    typical: (value, unit) => withUnit(formatNumber(value), unit),
    tick: formatShort,
    show: undefined,
  },
)
