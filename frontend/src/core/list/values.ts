/** One row's value of a field, in words. */
import type { FieldData } from '../filter/fields'
import { formatNumber, formatTick } from '../format'

const LISTED = 3

/** `unit` follows numbers. Unknown values give an empty text. */
export function valueText(data: FieldData, row: number, unit?: string): string {
  switch (data.kind) {
    case 'numbers': {
      const value = data.values[row]
      if (Number.isNaN(value)) return ''
      const { type } = data.summary
      if (type === 'date') return new Date(value * 86_400_000).toISOString().slice(0, 10)
      return type === 'year'
        ? formatTick(value, 'year')
        : formatNumber(Number(value.toPrecision(7))) + (unit ? ` ${unit}` : '')
    }
    case 'codes':
      return data.dictionary[data.codes[row]]?.[0] ?? ''
    case 'booleans':
      return ['No', 'Yes'][data.values[row]] ?? ''
    case 'lists': {
      const codes = data.lists.codes.subarray(data.lists.starts[row], data.lists.starts[row + 1])
      const shown = Array.from(codes.subarray(0, LISTED), (code) => data.dictionary[code][0])
      return codes.length > LISTED ? `${shown.join(', ')} and ${codes.length - LISTED} more` : shown.join(', ')
    }
  }
}
