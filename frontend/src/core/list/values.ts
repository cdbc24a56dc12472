/** One row's value of a field, in words. */
import { measureOf } from '../fields'
import type { FieldData } from '../filter/fields'

const LISTED = 3

/** `unit` follows numbers. Unknown values give an empty text. */
export function valueText(data: FieldData, row: number, unit?: string): string {
  switch (data.kind) {
    case 'numbers': {
      const value = data.values[row]
      return Number.isNaN(value) ? '' : measureOf(data.summary.type).text(value, unit)
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
