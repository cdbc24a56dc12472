/** The value of one field in one row, as it stands under a match. */
import { measureOf } from '../fields'
import type { FieldData } from '../filter/fields'

const MOST_OF_LIST = 3
export const UNKNOWN = 'unknown'

export function valueText(data: FieldData, row: number, unit = ''): string {
  if (data.kind === 'numbers') {
    const value = data.values[row]
    return Number.isNaN(value) ? UNKNOWN : measureOf(data.summary.type).text(value, unit)
  }
  if (data.kind === 'booleans') return data.values[row] > 1 ? UNKNOWN : data.values[row] === 1 ? 'yes' : 'no'
  if (data.kind === 'codes') return data.dictionary[data.codes[row]]?.[0] ?? UNKNOWN
  const { starts, codes } = data.lists
  const values = Array.from(
    codes.subarray(starts[row], Math.min(starts[row + 1], starts[row] + MOST_OF_LIST)),
    (code) => data.dictionary[code][0],
  )
  return values.length === 0 ? UNKNOWN : values.join(', ') + (starts[row + 1] - starts[row] > MOST_OF_LIST ? ' …' : '')
}
