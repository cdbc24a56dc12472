/**
 * What a type of metadata says of itself. Files of this folder import nothing of the viewer but ways of writing numbers and
 * steps of an axis, so that everything else can ask them.
 */

/** As the details of an entity have it. */
export type DetailValue = string | number | boolean | null | string[]

/** As it stands there. */
export type Shown =
  | { kind: 'text'; text: string }
  | { kind: 'link'; href: string; text: string }
  | { kind: 'image'; src: string }
  | { kind: 'list'; items: string[] }

interface Declared {
  /** As the manifest has it. */
  name: string
  /** How a value is shown in the details, null = not at all. Without it: texts, numbers with their unit, lists, yes and no. */
  show?: (value: string | number, unit: string | null | undefined) => Shown | null
}

/** What is only read. */
export interface ReadType extends Declared {
  column: null
  /** Its text stands below its label, not beside it. */
  wide?: boolean
}

/** What parts entities into groups: one value of few (codes), any number of them (lists), yes or no. */
export interface GroupType extends Declared {
  column: 'codes' | 'lists' | 'booleans'
  /** What may stand after the colon of a query, in a sentence. */
  example: string
}

/**
 * What is measured, kept as a number: filtered by ranges, coloured along a ramp, and points can be sized by it. All texts
 * are of one number of its column.
 */
export interface Measure extends Declared {
  column: 'numbers'
  /** What may stand after the colon of a query, in a sentence. */
  example: string
  /** With its article: "a year". */
  noun: string
  /** What is said to somebody whose text is none, below the two ends of a range. */
  ask: string
  /** The keyboard that a phone offers for it. */
  keyboard: 'decimal' | 'text'
  /** First and last value that a text means (a date may be a whole year); null = none. */
  parse: (text: string) => [first: number, last: number] | null
  /** A range in another form than those of all (core/filter/range.ts). */
  parseRange?: (text: string) => [from: number, to: number] | null
  /** As `parse` reads it: in queries and links. */
  write: (value: number) => string
  /** A shorter text for a range with both ends, as queries read it. */
  writeRange?: (from: number, to: number) => string | null
  /** As one writes it into a field. */
  typed: (value: number) => string
  /** Of one entity, in a list. */
  text: (value: number, unit?: string) => string
  /** Of many, in a sentence. */
  typical: (value: number, unit?: string) => string
  /** On an axis of `span` (Infinity = unknown): as much as tells its ends apart. */
  tick: (value: number, span: number) => string
  /** It is a point in time: whole, and some being much larger than others means nothing. */
  moment: boolean
  /** Whether what the details show is exact, so that a click on it filters by it. */
  exact: boolean
  /** Edges of at most so many bars, where even steps do not suit. */
  edges?: (low: number, high: number, most: number) => number[]
}

export type FieldType = ReadType | GroupType | Measure

/** A measure that is written in one way everywhere; `more` says where it is not. */
export function measure(
  declared: Pick<Measure, 'name' | 'noun' | 'example' | 'ask' | 'parse' | 'write'>,
  more: Partial<Measure> = {},
): Measure {
  const { write } = declared
  return {
    column: 'numbers',
    keyboard: 'text',
    typed: write,
    text: write,
    typical: write,
    tick: write,
    show: (value) => ({ kind: 'text', text: typeof value === 'number' ? write(value) : value }),
    moment: false,
    exact: false,
    ...declared,
    ...more,
  }
}
