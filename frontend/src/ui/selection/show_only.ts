/** Filtering by a value that was clicked. */
import type { FieldClause } from '../../core/filter/query'
import { range } from '../../core/filter/range'
import type { With } from '../atlas.svelte'

/** Leaves out what has another value; what was asked of the same field before is replaced, and can be had back. */
export async function showOnly(atlas: With<'filter' | 'work'>, name: string, value: string): Promise<void> {
  const { filter } = atlas
  const field = filter.field(name)
  if (!field) return
  const before = filter.clauseOf(name)
  const common = { field: name, unknown: false, not: false }
  const clause: FieldClause =
    field.type === 'boolean'
      ? { kind: 'flags', flags: [value === 'Yes'], ...common }
      : field.type === 'year'
        ? { kind: 'range', ranges: [range(Number(value), Number(value))], ...common }
        : { kind: 'values', values: [value], all: false, ...common }
  await filter.setClause(name, clause)
  atlas.work.say(`Only ${field.label}: ${value}. ${filter.summary}`, 'Undo', () => void filter.setClause(name, before))
}
