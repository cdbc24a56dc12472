/** Checklists: which entries a condition lets through, and the condition that lets a set of entries through. */
import type { Dictionary } from '../data/bundle'
import { codesNamed } from './match'
import type { Clause, FieldClause } from './query'

/**
 * One line of a checklist or legend: a value by its code in the dictionary (yes/no: 1 and 0), all values from a code on
 * ("12 others"), or the rows without a value.
 */
export type Entry = number | { from: number } | 'unknown'
/** `some`: of the values that the entry stands for. */
export type Included = 'yes' | 'no' | 'some'

export interface Checklist {
  field: string
  /** null = yes/no. */
  dictionary: Dictionary | null
}

export function includedIn({ dictionary }: Checklist, clause: FieldClause | null): (entry: Entry) => Included {
  if (!clause || clause.kind === 'range') return () => 'yes'
  const [inside, outside]: Included[] = clause.not ? ['no', 'yes'] : ['yes', 'no']
  const named = new Set(clause.kind === 'flags' ? clause.flags.map(Number) : clause.values.flatMap((value) => codesNamed(dictionary!, value)))
  return (entry) => {
    if (entry === 'unknown') return clause.unknown ? inside : outside
    if (typeof entry === 'number') return named.has(entry) ? inside : outside
    const hit = [...named].filter((code) => code >= entry.from).length
    return hit === 0 ? outside : hit === (dictionary?.length ?? 0) - entry.from ? inside : 'some'
  }
}

/**
 * The shortest condition that lets exactly these entries through; null where all or none are chosen, since a filter that
 * shows nothing helps nobody. Values that no entry stands for are treated as `rest` says.
 */
export function clauseFor({ field, dictionary }: Checklist, entries: readonly Entry[], chosen: ReadonlySet<Entry>, rest = false): FieldClause | null {
  const isChosen = (entry: Entry) => chosen.has(entry)
  if (entries.every(isChosen) || !entries.some(isChosen)) return null
  const unknownListed = entries.includes('unknown')
  const unknown = unknownListed ? chosen.has('unknown') : false
  const codes = entries.filter((entry): entry is number => typeof entry === 'number')
  if (!dictionary) return { kind: 'flags', field, flags: codes.filter(isChosen).sort().map(Boolean), unknown, not: false }
  const others = entries.find((entry): entry is { from: number } => typeof entry === 'object')
  const wanted = codes.filter(isChosen)
  const without = codes.filter((code) => !isChosen(code))
  const negative = others ? isChosen(others) : rest || without.length < wanted.length
  const values = (list: number[]) => list.map((code) => dictionary[code][0])
  return negative
    ? { kind: 'values', field, values: values(without), all: false, unknown: unknownListed && !unknown, not: true }
    : { kind: 'values', field, values: values(wanted), all: false, unknown, not: false }
}

/** A range with or without the unknown, as a brush and a checkbox beside it show it; null = more than these can show. */
export function brushed(clause: FieldClause | null): { range: Extract<Clause, { kind: 'range' }>['ranges'][number] | null; unknown: boolean; none: boolean } | null {
  if (!clause) return { range: null, unknown: true, none: false }
  if (clause.kind !== 'range') return null
  const { ranges, unknown, not } = clause
  if (not) return ranges.length === 0 && unknown ? { range: null, unknown: false, none: false } : null
  if (ranges.length === 0) return { range: null, unknown, none: true }
  return ranges.length === 1 ? { range: ranges[0], unknown, none: false } : null
}

/** The condition for a brush and its checkbox. */
export function brushClause(field: string, { range, unknown, none }: NonNullable<ReturnType<typeof brushed>>): FieldClause | null {
  if (range) return { kind: 'range', field, ranges: [range], unknown, not: false }
  if (none && unknown) return { kind: 'range', field, ranges: [], unknown: true, not: false }
  return unknown ? null : { kind: 'range', field, ranges: [], unknown: true, not: true }
}
