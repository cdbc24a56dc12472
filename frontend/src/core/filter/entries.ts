/** Checklists: which entries a condition lets through, and the condition that lets a set of entries through. */
import type { Dictionary } from '../data/bundle'
import { codesNamed } from './match'
import type { FieldClause } from './query'
import type { Range } from './range'

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
  const named = new Set(
    clause.kind === 'flags'
      ? clause.flags.map(Number)
      : clause.values.flatMap((value) => codesNamed(dictionary!, value)),
  )
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
export function clauseFor(
  { field, dictionary }: Checklist,
  entries: readonly Entry[],
  chosen: ReadonlySet<Entry>,
  rest = false,
): FieldClause | null {
  const isChosen = (entry: Entry) => chosen.has(entry)
  if (entries.every(isChosen) || !entries.some(isChosen)) return null
  const unknownListed = entries.includes('unknown')
  const unknown = unknownListed ? chosen.has('unknown') : false
  const codes = entries.filter((entry): entry is number => typeof entry === 'number')
  if (!dictionary)
    return { kind: 'flags', field, flags: codes.filter(isChosen).sort().map(Boolean), unknown, not: false }
  const others = entries.find((entry): entry is { from: number } => typeof entry === 'object')
  const wanted = codes.filter(isChosen)
  const without = codes.filter((code) => !isChosen(code))
  const negative = others ? isChosen(others) : rest || without.length < wanted.length
  const values = (list: number[]) => list.map((code) => dictionary[code][0])
  return negative
    ? { kind: 'values', field, values: values(without), all: false, unknown: unknownListed && !unknown, not: true }
    : { kind: 'values', field, values: values(wanted), all: false, unknown, not: false }
}

/** What a brush and the checkbox of the unknown beside it show. */
export interface Brush {
  /** null = every value. */
  range: Range | null
  unknown: boolean
  /** No value passes, whatever the range. */
  none: boolean
}

const EVERYTHING: Brush = { range: null, unknown: true, none: false }

/** null = the condition says more than a brush can show. */
export function brushed(clause: FieldClause | null): Brush | null {
  if (!clause) return EVERYTHING
  if (clause.kind !== 'range') return null
  const { ranges, unknown, not } = clause
  if (not) return ranges.length === 0 && unknown ? { range: null, unknown: false, none: false } : null
  if (ranges.length === 0) return { range: null, unknown, none: true }
  return ranges.length === 1 ? { range: ranges[0], unknown, none: false } : null
}

export function brushClause(field: string, { range, unknown, none }: Brush): FieldClause | null {
  if (range) return { kind: 'range', field, ranges: [range], unknown, not: false }
  if (none && unknown) return { kind: 'range', field, ranges: [], unknown: true, not: false }
  return unknown ? null : { kind: 'range', field, ranges: [], unknown: true, not: true }
}

/** After brushing: the unknown are out with the first brush, since they lie in no range, until they are ticked again. */
export function withRange(before: Brush | null, range: Range | null): Brush {
  if (range === null) return EVERYTHING
  return { range, unknown: before !== null && (before.range !== null || before.none) && before.unknown, none: false }
}

/** After a click on the unknown: in or out, or (`only`) nothing else, and once more everything. */
export function withUnknown(before: Brush | null, only: boolean): Brush {
  const now = before ?? EVERYTHING
  if (only) return now.none && now.unknown ? EVERYTHING : { range: null, unknown: true, none: true }
  return { ...now, unknown: !now.unknown, none: false }
}
