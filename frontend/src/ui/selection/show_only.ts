/** Filtering by a value that was clicked. */
import { fieldType } from '../../core/fields'
import type { FieldClause } from '../../core/filter/query'
import { range } from '../../core/filter/range'
import type { With } from '../atlas.svelte'

/** Whether a value of the field, as the details show it, says exactly which entities have it. */
export function canShowOnly({ type }: { type: string }): boolean {
  const known = fieldType(type)
  return known.column === 'numbers' ? known.exact : known.column !== null
}

/** Leaves out what has another value; what was asked of the same field before is replaced, and can be had back. */
export async function showOnly(atlas: With<'filter' | 'work'>, name: string, value: string): Promise<void> {
  const { filter } = atlas
  const field = filter.field(name)
  if (!field) return
  const before = filter.clauseOf(name)
  const common = { field: name, unknown: false, not: false }
  const type = fieldType(field.type)
  const ends = type.column === 'numbers' ? type.parse(value) : null
  const clause: FieldClause = ends
    ? { kind: 'range', ranges: [range(...ends)], ...common }
    : type.column === 'booleans'
      ? { kind: 'flags', flags: [value === 'Yes'], ...common }
      : { kind: 'values', values: [value], all: false, ...common }
  await filter.setClause(name, clause)
  atlas.work.say(`Only ${field.label}: ${value}. ${filter.summary}`, 'Undo', () => void filter.setClause(name, before))
}
