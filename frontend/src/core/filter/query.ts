/**
 * The language of filters and field searches: `year:2001..2010 genre:jazz|"hip hop" -tag:live /^The /i moon`.
 *
 *   year:2010  year:>2010  year:<=2010  year:2001..2010  year:2001..  rating:3..<4     numbers, years, dates (2010-05-31)
 *   genre:jazz|rock  tag:live&solo  -tag:live                                         any of, all of (lists), none of
 *   coastal:yes  is:coastal                                                           yes or no
 *   year:?  is:unknown(year)  has:year  year:>2010|?                                   values that are missing
 *   moon  "blue moon"  -moon  /^blue/i                                                the name
 *   id:a|b                                                                            chosen entities
 *
 * Quotes hold spaces and signs together; a quoted name before the colon is always that of a field.
 */
import { fieldType, measureOf, type FieldType } from '../fields'
import { formatRange, parseRange, type Range } from './range'

/** What the language must know of a field; every column of a manifest is one. */
export interface QueryField {
  name: string
  label: string
  /** One of core/fields, of those that keep a column. */
  type: string
}

/** `unknown`: rows without a value pass too. `not` turns the whole clause around. */
export type Clause =
  | { kind: 'range'; field: string; ranges: Range[]; unknown: boolean; not: boolean }
  | { kind: 'values'; field: string; values: string[]; all: boolean; unknown: boolean; not: boolean }
  | { kind: 'flags'; field: string; flags: boolean[]; unknown: boolean; not: boolean }
  | { kind: 'name'; text: string; not: boolean }
  | { kind: 'regex'; source: string; flags: string; not: boolean }
  | { kind: 'ids'; ids: string[]; not: boolean }
  /** A set of rows that is too large to be written out; it lives as long as the page. */
  | { kind: 'set'; key: string; not: boolean }

export type FieldClause = Extract<Clause, { field: string }>

export interface QueryError {
  /** `field`: the name before the colon is that of no field, so the text may have been meant as plain words. */
  kind: 'field' | 'value' | 'syntax'
  /** A sentence for the person who typed it. */
  message: string
  /** Characters of the text that it is about: from … to - 1. */
  from: number
  to: number
}

export interface Query {
  /** All but `words`. */
  clauses: Clause[]
  /** Plain words and quoted phrases; each must occur in the name. */
  words: string[]
  errors: QueryError[]
}

interface Term {
  text: string
  quoted: boolean
  from: number
  to: number
}

/** Names before a colon that are no fields; a field of such a name is written in quotes. */
const RESERVED = new Set(['is', 'has', 'id', 'set'])
const REGEX = /\/((?:[^/\\\n]|\\.)+)\/([dgimsuvy]*)(?=\s|$)/y
const WORD = /[^\s:"]+/y
const REST = /\S+/y
const BARE = /[^\s|&"]+/y
const YES = new Set(['yes', 'true', 'y', '1'])
const NO = new Set(['no', 'false', 'n', '0'])

export function parseQuery(text: string, fields: readonly QueryField[]): Query {
  return new Parser(text, fields).parse()
}

/** Words are clauses too; this is a query as one list of conditions. */
export function conditionsOf({ clauses, words }: Query): Clause[] {
  return [...clauses, ...words.map((word): Clause => ({ kind: 'name', text: word, not: false }))]
}

/** The field that a text names, by name or else by label; upper case, spaces, _ and - make no difference. */
export function fieldNamed<T extends QueryField>(text: string, fields: readonly T[]): T | undefined {
  const wanted = simplify(text)
  return (
    fields.find((field) => field.name === text) ??
    fields.find((field) => simplify(field.name) === wanted) ??
    fields.find((field) => simplify(field.label) === wanted)
  )
}

function simplify(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\s_-]+/gu, '')
    .toLowerCase()
}

class Parser {
  readonly #query: Query = { clauses: [], words: [], errors: [] }
  #at = 0

  constructor(
    readonly text: string,
    readonly fields: readonly QueryField[],
  ) {}

  parse(): Query {
    for (;;) {
      while (/\s/.test(this.#peek())) this.#at++
      if (this.#at >= this.text.length) return this.#query
      this.#token()
    }
  }

  #peek(): string {
    return this.text[this.#at] ?? ''
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.text)
    if (match) this.#at += match[0].length
    return match
  }

  #fail(kind: QueryError['kind'], message: string, from: number, to = this.#at): void {
    this.#query.errors.push({ kind, message, from, to })
  }

  #token(): void {
    const start = this.#at
    const not = this.#peek() === '-' && /\S/.test(this.text[start + 1] ?? '')
    if (not) this.#at++
    const regex = this.#take(REGEX)
    if (regex) return this.#regex(regex[1], regex[2], not, start)
    const quoted = this.#peek() === '"'
    const begin = this.#at
    const word = quoted ? this.#quoted() : (this.#take(WORD)?.[0] ?? '')
    // A colon names a field unless it is part of a word, as in std::vector, https://… or "Wars: A new hope".
    const field = this.#peek() === ':' ? this.#fieldFor(word, quoted) : undefined
    const value = this.text.slice(this.#at + 1, this.#at + 3)
    const meant = this.#peek() === ':' && word !== '' && (field !== undefined || (!quoted && /^[^\s:/]/.test(value)))
    if (!meant) {
      const rest = quoted && this.#peek() !== ':' ? '' : (this.#take(REST)?.[0] ?? '')
      return this.#name(word + rest, not)
    }
    this.#at++
    if (field === 'reserved') return this.#reserved(word.toLowerCase(), not, begin)
    if (field) return this.#field(field, not, begin)
    this.#terms()
    this.#fail('field', `No field is called “${word}”.${this.#guess(word)}`, begin)
  }

  #fieldFor(word: string, quoted: boolean): QueryField | 'reserved' | undefined {
    return !quoted && RESERVED.has(word.toLowerCase()) ? 'reserved' : fieldNamed(word, this.fields)
  }

  #guess(word: string): string {
    const wanted = simplify(word)
    const near = this.fields.flatMap(({ name, label }) => [name, label]).find((name) => closeTo(simplify(name), wanted))
    return near ? ` Did you mean “${near}”?` : ''
  }

  /** Reads a quoted text; the cursor is on its first mark. */
  #quoted(): string {
    const start = this.#at++
    let out = ''
    for (;;) {
      const c = this.#peek()
      if (c === '') {
        this.#fail('syntax', 'This quotation mark is never closed.', start)
        return out
      }
      this.#at++
      if (c === '"') return out
      if (c === '\\' && /["\\]/.test(this.#peek())) out += this.text[this.#at++]
      else out += c
    }
  }

  #name(text: string, not: boolean): void {
    if (text === '') return
    if (not) this.#query.clauses.push({ kind: 'name', text, not })
    else this.#query.words.push(text)
  }

  #regex(source: string, flags: string, not: boolean, start: number): void {
    const kept = [...new Set(flags.replace(/[gy]/g, ''))].sort().join('') // g and y make a pattern remember its last match
    try {
      void new RegExp(source, kept)
      this.#query.clauses.push({ kind: 'regex', source, flags: kept, not })
    } catch (error) {
      const reason = String((error as Error).message)
        .split(': ')
        .at(-1)
      this.#fail('value', `This pattern cannot be read: ${reason?.toLowerCase()}.`, start)
    }
  }

  /** Values after a colon, joined by | or &. */
  #terms(): { terms: Term[]; all: boolean; mixed: boolean } {
    const terms: Term[] = []
    const signs = new Set<string>()
    for (;;) {
      const from = this.#at
      if (this.#peek() === '"') terms.push({ text: this.#quoted(), quoted: true, from, to: this.#at })
      else {
        const text = this.#take(BARE)?.[0] ?? ''
        if (text !== '') terms.push({ text, quoted: false, from, to: this.#at })
      }
      if (!/^[|&]$/.test(this.#peek())) break
      signs.add(this.text[this.#at++])
    }
    return { terms, all: signs.has('&'), mixed: signs.size > 1 }
  }

  #reserved(word: string, not: boolean, begin: number): void {
    const { terms } = this.#terms()
    if (terms.length === 0) return this.#fail('value', `Something must follow “${word}:”.`, begin)
    if (word === 'id') return void this.#query.clauses.push({ kind: 'ids', ids: terms.map((term) => term.text), not })
    const [{ text, from, to }] = terms
    if (word === 'set') return void this.#query.clauses.push({ kind: 'set', key: text, not })
    const unknown = /^unknown\((.*)\)$/i.exec(text)
    const name = unknown?.[1] ?? text
    const field = fieldNamed(name, this.fields)
    if (!field) return this.#fail('field', `No field is called “${name}”.${this.#guess(name)}`, from, to)
    if (unknown || word === 'has') return void this.#query.clauses.push(missing(field, word === 'has' ? !not : not))
    if (kindOf(field) !== 'booleans')
      return this.#fail(
        'value',
        `“is:” asks for yes or no, and ${field.label} is neither. Write ${quote(field.name)}: and a value.`,
        begin,
        to,
      )
    this.#query.clauses.push({ kind: 'flags', field: field.name, flags: [true], unknown: false, not })
  }

  #field(field: QueryField, not: boolean, begin: number): void {
    const { terms, all, mixed } = this.#terms()
    if (terms.length === 0)
      return this.#fail(
        'value',
        `Say what ${field.label} should be, for example ${quote(field.name)}:${exampleOf(field)}.`,
        begin,
      )
    if (mixed)
      return this.#fail('syntax', 'Use either | (any of these) or & (all of these), not both at once.', terms[0].from)
    const kind = kindOf(field)
    if (all && kind !== 'lists') {
      return this.#fail(
        'syntax',
        `${field.label} has a single value, so “&” cannot join two. Use | for any of them, or quotes where the sign is part of the value.`,
        terms[0].from,
      )
    }
    const known = terms.filter((term) => term.quoted || term.text !== '?')
    const unknown = known.length < terms.length
    const name = field.name
    const { clauses } = this.#query
    if (kind === 'codes' || kind === 'lists') {
      clauses.push({ kind: 'values', field: name, values: known.map((term) => term.text), all, unknown, not })
      return
    }
    const before = this.#query.errors.length
    if (kind === 'booleans') {
      const flags = known.flatMap(({ text, from, to }) => {
        const value = text.toLowerCase()
        if (YES.has(value)) return true
        if (NO.has(value)) return false
        this.#fail('value', `“${text}” is neither yes nor no.`, from, to)
        return []
      })
      if (this.#query.errors.length === before)
        clauses.push({ kind: 'flags', field: name, flags: [...new Set(flags)].sort(), unknown, not })
      return
    }
    const measure = measureOf(field.type)
    const ranges = known.flatMap(({ text, from, to }) => {
      const range = parseRange(text, measure)
      if (!range)
        this.#fail('value', `“${text}” is not ${measure.noun}. Write for example ${measure.example}.`, from, to)
      return range ?? []
    })
    if (this.#query.errors.length === before) clauses.push({ kind: 'range', field: name, ranges, unknown, not })
  }
}

function kindOf({ type }: QueryField): FieldType['column'] {
  return fieldType(type).column
}

function exampleOf({ type }: QueryField): string {
  const known = fieldType(type)
  return known.column ? known.example : ''
}

/** Rows without a value of the field, or (`not`) all others. */
export function missing(field: QueryField, not = false): FieldClause {
  const rest = { field: field.name, unknown: true, not }
  const kind = kindOf(field)
  if (kind === 'booleans') return { kind: 'flags', flags: [], ...rest }
  if (kind === 'codes' || kind === 'lists') return { kind: 'values', values: [], all: false, ...rest }
  return { kind: 'range', ranges: [], ...rest }
}

/** One typing mistake apart. */
function closeTo(a: string, b: string): boolean {
  if (a.startsWith(b) || (b.startsWith(a) && a !== '')) return true
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  const [restA, restB] = [a.slice(start), b.slice(start)]
  const swapped =
    restA.length > 1 && restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2)
  return restA.slice(1) === restB.slice(1) || restA === restB.slice(1) || restA.slice(1) === restB || swapped
}

// ---- Writing

/** The canonical text of a filter; `fields` tell dates from numbers. */
export function formatQuery(
  clauses: readonly Clause[],
  fields: readonly QueryField[],
  words: readonly string[] = [],
): string {
  return [...clauses.map((clause) => formatClause(clause, fields)), ...words.map(formatWord)].join(' ')
}

export function formatClause(clause: Clause, fields: readonly QueryField[]): string {
  const sign = clause.not ? '-' : ''
  if (clause.kind === 'name') return sign + formatWord(clause.text)
  if (clause.kind === 'regex') return `${sign}/${clause.source}/${clause.flags}`
  if (clause.kind === 'ids') return `${sign}id:${clause.ids.map(quote).join('|')}`
  if (clause.kind === 'set') return `${sign}set:${quote(clause.key)}`
  const type = fields.find((field) => field.name === clause.field)?.type
  const terms =
    clause.kind === 'range'
      ? clause.ranges.map((range) => formatRange(range, measureOf(type)))
      : clause.kind === 'flags'
        ? clause.flags.map((flag) => (flag ? 'yes' : 'no'))
        : clause.values.map(quote)
  if (clause.unknown) terms.push('?')
  const name = RESERVED.has(clause.field.toLowerCase()) ? `"${clause.field}"` : quoteField(clause.field)
  return `${sign}${name}:${terms.join(clause.kind === 'values' && clause.all ? '&' : '|')}`
}

const escaped = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`

function quote(text: string): string {
  return text === '' || text === '?' || /[\s|&"]/.test(text) ? escaped(text) : text
}

function quoteField(name: string): string {
  return /^[\p{L}\p{N}_.]+$/u.test(name) ? name : escaped(name)
}

function formatWord(text: string): string {
  return text === '' || /[\s:"]|^[-/]/.test(text) ? escaped(text) : text
}
