/** How a query may go on: names of fields, and values of the field whose name was typed. */
import type { Dictionary } from '../data/bundle'
import { fieldType } from '../fields'
import { fieldNamed, formatClause, type QueryField } from '../filter/query'
import { fold, isWord } from './fold'
import { marksOf } from './marks'

export interface Completion {
  /** The whole text after choosing it, and where the cursor stands then. */
  text: string
  caret: number
  label: string
  marks: number[]
  /** Rows with this value; null for names of fields. */
  count: number | null
}

/** The names of fields, for somebody who has typed nothing yet. */
export function openings(fields: readonly QueryField[], limit = 6): Completion[] {
  return fields.slice(0, limit).map((field) => {
    const text = fieldText(field)
    return { text, caret: text.length, label: field.label, marks: [], count: null }
  })
}

/** Whether the value that ends at the cursor is one that occurs, so that nothing has to be added to it. */
export function isComplete(text: string, caret: number, dictionary: Dictionary | null): boolean {
  const token = tokenAt(text, caret)
  const typed = fold(token?.typed ?? '')
  return token?.field !== undefined && (dictionary ?? []).some(([value]) => fold(value) === typed)
}

/** The field whose value is being typed, once there is one: its dictionary is needed to go on. */
export function fieldBeingTyped<T extends QueryField>(text: string, caret: number, fields: readonly T[]): T | null {
  const token = tokenAt(text, caret)
  return token?.field === undefined ? null : (fieldNamed(token.field, fields) ?? null)
}

/** At most `limit`, the best first. `dictionary`: that of the field being typed, when it is there. */
export function completions(
  text: string,
  caret: number,
  fields: readonly QueryField[],
  dictionary: Dictionary | null,
  limit = 6,
): Completion[] {
  const token = tokenAt(text, caret)
  if (!token) return []
  const put = (from: number, insert: string, rest: Omit<Completion, 'text' | 'caret'>): Completion => ({
    text: text.slice(0, from) + insert + text.slice(caret),
    caret: from + insert.length,
    ...rest,
  })
  const typed = fold(token.typed)
  if (token.field === undefined) {
    if (typed.length < 2) return []
    const ranked = ordered(fields, (field) => Math.min(fit(fold(field.label), typed), fit(fold(field.name), typed)), 2)
    return ranked
      .slice(0, 3)
      .map((field) =>
        put(token.from, fieldText(field), { label: field.label, marks: marksOf(field.label, [typed]), count: null }),
      )
  }
  const field = fieldNamed(token.field, fields)
  const values: Dictionary = !field
    ? []
    : fieldType(field.type).column === 'booleans'
      ? [
          ['yes', 0],
          ['no', 0],
        ]
      : (dictionary ?? [])
  // A value that is complete needs no completing; longer ones that hold it are still offered.
  return ordered(
    values,
    ([value]) => (fold(value) === typed ? Infinity : typed === '' ? 0 : fit(fold(value), typed)),
    3,
  )
    .slice(0, limit)
    .map(([value, count]) =>
      put(token.from, `${valueText(value)}${/^\s/.test(text.slice(caret)) ? '' : ' '}`, {
        label: value,
        marks: marksOf(value, typed ? [typed] : []),
        count: count || null,
      }),
    )
}

interface Token {
  /** The name before the colon; undefined where there is none yet. */
  field?: string
  /** What is there of the name or of the last value, without quotation marks, and where it begins. */
  typed: string
  from: number
}

/** The part of a query that ends at the cursor; null where it stands inside of something. */
function tokenAt(text: string, caret: number): Token | null {
  if (/^[^\s]/.test(text.slice(caret))) return null
  const before = text.slice(0, caret)
  // A sign, a name with or without quotation marks, a colon, finished values, the value that is being typed.
  const match =
    /(?:^|\s)-?(?:("[^"]*"|[^\s:"/]+):((?:(?:"[^"]*"|[^\s"|&]*)[|&])*)("[^"]*|[^\s"|&]*)|("[^"]*|[^\s:"/]+))$/.exec(
      before,
    )
  if (!match) return null
  const [, field, , value, name] = match
  if (field !== undefined)
    return { field: field.replace(/"/g, ''), typed: value.replace(/^"/, ''), from: caret - value.length }
  return { typed: name.replace(/^"/, ''), from: caret - name.length }
}

/** 0 begins with it, 1 a word in it does, 2 has it inside; Infinity = not at all. */
export function fit(text: string, typed: string): number {
  const at = text.indexOf(typed)
  if (at <= 0) return at === 0 ? 0 : Infinity
  return isWord(text[at - 1]) ? 2 : 1
}

/** By fit below `most`, else in the order given (dictionaries come with the frequent first). */
function ordered<T>(items: readonly T[], fitOf: (item: T) => number, most: number): T[] {
  const tiers: T[][] = [[], [], []]
  for (const item of items) {
    const tier = fitOf(item)
    if (tier < most) tiers[tier].push(item)
  }
  return tiers.flat()
}

function fieldText(field: QueryField): string {
  return formatClause({ kind: 'values', field: field.name, values: [], all: false, unknown: false, not: false }, [])
}

function valueText(value: string): string {
  return formatClause(
    { kind: 'values', field: 'x', values: [value], all: false, unknown: false, not: false },
    [],
  ).slice(2)
}
