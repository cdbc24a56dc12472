/**
 * The types of metadata. Each declares itself in a file of this folder; what reads, shows, filters, colours and exports
 * values asks here instead of telling them apart. docs/extending.md adds one.
 */
import { formatNumber } from '../format'
import { DATE } from './date'
import type { DetailValue, FieldType, Measure, Shown } from './field_type'
import { BOOLEAN, CATEGORY, LIST } from './groups'
import { NUMBER } from './number'
import { IMAGE, LINK, TEXT } from './texts'
import { YEAR } from './year'

export type { DetailValue, FieldType, GroupType, Measure, Shown } from './field_type'

const TYPES: readonly FieldType[] = [NUMBER, CATEGORY, LIST, YEAR, DATE, BOOLEAN, LINK, IMAGE, TEXT]

const BY_NAME: ReadonlyMap<string, FieldType> = new Map(TYPES.map((type) => [type.name, type]))

export const TYPE_NAMES: readonly string[] = [...BY_NAME.keys()]

/** A manifest has no others: its reader refuses them. */
export function fieldType(name: string): FieldType {
  return BY_NAME.get(name) ?? TEXT
}

/** How the numbers of a field are read and written: those of no field, or of one without a measure, plainly. */
export function measureOf(name: string | undefined): Measure {
  const type = name === undefined ? NUMBER : fieldType(name)
  return type.column === 'numbers' ? type : NUMBER
}

/** How a value stands in the details; null = nothing to show. */
export function showValue(
  { type, unit }: { type: string; unit?: string | null },
  value: DetailValue | undefined,
): Shown | null {
  if (value === null || value === undefined || value === '') return null
  if (Array.isArray(value)) return value.length > 0 ? { kind: 'list', items: value.map(String) } : null
  if (typeof value === 'boolean') return { kind: 'text', text: value ? 'Yes' : 'No' }
  const { show } = fieldType(type)
  if (show) return show(value, unit)
  return { kind: 'text', text: typeof value === 'number' ? formatNumber(value) + (unit ? ` ${unit}` : '') : value }
}
