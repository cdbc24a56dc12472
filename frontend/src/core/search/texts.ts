/**
 * The texts of some rows as one long folded text, a line per row: name, tab, values of the searched fields. So a search is
 * one `indexOf` after another, and neither index nor a million small strings are held.
 */
import { fold } from './fold'

/** Rows of one piece: what is searched between two looks at the clock. */
export const PIECE_ROWS = 32_768

/** Between the values of two fields, as bundle.py writes them. */
export const BETWEEN_FIELDS = ' · '

export class Texts {
  readonly count: number
  /** Folded lines; each ends with a line break. */
  readonly text: string
  /** Where lines start; one more entry for the end of the text. */
  readonly starts: Uint32Array
  /** Where names end. */
  readonly ends: Uint32Array
  readonly #names: string
  readonly #nameStarts: Uint32Array
  readonly #fields: string | null
  readonly #fieldStarts: Uint32Array | null

  /** `names` and `fields` as they are shown; neither holds tabs or line breaks. */
  constructor(
    readonly first: number,
    names: string[],
    fields: string[] | null,
  ) {
    this.count = names.length
    this.#names = names.join('\n')
    this.#nameStarts = startsOf(names)
    this.#fields = fields && fields.join('\n')
    this.#fieldStarts = fields && startsOf(fields)
    const foldedNames = fold(this.#names).split('\n')
    const foldedFields = this.#fields === null ? null : fold(this.#fields).split('\n')
    const lines = foldedFields ? foldedNames.map((name, i) => `${name}\t${foldedFields[i]}`) : foldedNames
    this.text = `${lines.join('\n')}\n`
    this.starts = startsOf(lines)
    this.ends = Uint32Array.from(foldedNames, (name, i) => this.starts[i] + name.length)
  }

  /** As it is shown; `i` counts from the first row of these texts. */
  name(i: number): string {
    return this.#names.slice(this.#nameStarts[i], this.#nameStarts[i + 1] - 1)
  }

  fields(i: number): string[] {
    return this.#fieldStarts
      ? this.#fields!.slice(this.#fieldStarts[i], this.#fieldStarts[i + 1] - 1).split(BETWEEN_FIELDS)
      : []
  }

  foldedName(i: number): string {
    return this.text.slice(this.starts[i], this.ends[i])
  }

  /** Of the folded name, in characters. */
  length(i: number): number {
    return this.ends[i] - this.starts[i]
  }

  names(): string[] {
    return Array.from({ length: this.count }, (_, i) => this.name(i))
  }

  foldedNames(): string[] {
    return Array.from({ length: this.count }, (_, i) => this.foldedName(i))
  }

  /** Calls `found` with every line that holds all of the words (folded, without spaces), and where the longest first stands. */
  scan(words: string[], found: (i: number, at: number) => void): void {
    const pivot = words.reduce((longest, word) => (word.length > longest.length ? word : longest))
    const others = words.filter((word) => word !== pivot)
    const { text, starts } = this
    for (let i = 0, at = text.indexOf(pivot); at >= 0; at = text.indexOf(pivot, starts[i])) {
      i = this.#lineAt(at, i)
      if (others.length === 0 || this.#holds(i, others)) found(i, at)
      i++
    }
  }

  #holds(i: number, words: string[]): boolean {
    const line = this.text.slice(this.starts[i], this.starts[i + 1])
    return words.every((word) => line.includes(word))
  }

  /** The line of a place at or after the start of line `from`. */
  #lineAt(at: number, from: number): number {
    const { starts } = this
    let step = 1
    while (from + step < starts.length && starts[from + step] <= at) step *= 2
    let low = from + (step >> 1)
    let high = Math.min(from + step, starts.length - 1)
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle] <= at) low = middle
      else high = middle
    }
    return low
  }
}

function startsOf(lines: string[]): Uint32Array {
  const starts = new Uint32Array(lines.length + 1)
  for (let i = 0; i < lines.length; i++) starts[i + 1] = starts[i] + lines[i].length + 1
  return starts
}
