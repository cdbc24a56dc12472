/**
 * Entries of a list -> rows of the atlas. Stronger evidence is asked first, and what fits two entities equally well is
 * never decided here: it comes back with all its rows for the visitor to choose from.
 */
import { fold } from '../search/fold'
import { entryOf, type Entry, type ParsedList } from './entry'
import {
  bareForm,
  editDistance,
  mayBeWithin,
  mostEdits,
  partsOf,
  plainForm,
  signatureOf,
  SIGNATURE_WORDS,
  tailsOf,
  volumesOf,
} from './names'

/** By what an entry was recognised, strongest first. */
export type How = 'id' | 'name' | 'spelling' | 'short name' | 'part' | 'path'

export interface Match {
  /** None: not found. One: found. More: equally good, most popular first. */
  rows: number[]
  how: How | null
  /** For an entry that was not found: names it may have meant, nearest first. */
  guesses: number[]
}

/** A path's tail stands for the most popular of its bearers only where that one is this many times as popular as the next. */
const CLEARLY = 4
const MOST_GUESSES = 4
const MOST_CHOICES = 12

type Postings = Map<string, number | number[]>

function post(postings: Postings, key: string, row: number): void {
  const known = postings.get(key)
  if (known === undefined) postings.set(key, row)
  else if (typeof known === 'number') postings.set(key, [known, row])
  else known.push(row)
}

function posted(postings: Postings, key: string): number[] {
  const found = postings.get(key)
  return found === undefined ? [] : typeof found === 'number' ? [found] : found
}

export class NameIndex {
  readonly #names: string[] = []
  readonly #plain: string[] = []
  readonly #bare: string[] = []
  readonly #ids = new Map<string, number>()
  readonly #byFold: Postings = new Map()
  readonly #byPlain: Postings = new Map()
  readonly #byBare: Postings = new Map()
  readonly #byTail: Postings = new Map()
  #popularity: ArrayLike<number> = []
  #signatures: { bare: Int32Array; plain: Int32Array } | null = null

  /** Rows `first`, `first + 1`, … */
  add(first: number, names: string[], ids: string[]): void {
    names.forEach((name, i) => {
      const row = first + i
      const plain = plainForm(name)
      this.#names[row] = name
      this.#plain[row] = plain
      this.#ids.set(ids[i], row)
      post(this.#byFold, fold(name), row)
      post(this.#byPlain, plain, row)
      post(this.#byBare, (this.#bare[row] = bareForm(name)), row)
      for (const tail of tailsOf(name)) post(this.#byTail, tail, row)
    })
  }

  /** Any numbers that grow with popularity, by row; NaN = unknown. */
  setPopularity(values: ArrayLike<number>): void {
    this.#popularity = values
  }

  match(entries: Entry[]): Match[] {
    const asIds = this.#speaksInIds(entries)
    const matches = entries.map((entry) => this.#settle(entry, asIds))
    const open = matches.flatMap(({ rows }, i) => (rows.length === 0 ? [i] : []))
    for (const i of open) matches[i].guesses = this.#guesses(entries[i])
    return matches
  }

  /**
   * Matches a whole list. A line that was split may be one name after all; and a table of songs may be meant for an atlas
   * of artists, so where hardly any name is known and the creators are, the creators are what the list is about.
   */
  read(list: ParsedList): { list: ParsedList; matches: Match[] } {
    if (list.oneLine !== null && this.#exact(list.oneLine, false)) {
      const whole = { ...list, entries: [entryOf(list.entries[0].line, list.oneLine)], unreadable: [], oneLine: null }
      return { list: whole, matches: this.match(whole.entries) }
    }
    const known = (names: (string | null)[]) =>
      names.filter((name) => name !== null && this.#exact(name, false) !== null).length
    const creators = new Map(list.entries.flatMap((entry) => (entry.by === null ? [] : [[entry.by, entry] as const])))
    if (
      creators.size > 0 &&
      known([...creators.keys()]) / creators.size > 0.3 &&
      known(list.entries.map(({ name }) => name)) < 0.1 * list.entries.length
    ) {
      const entries = [...creators].map(([by, { line }]) => entryOf(line, by))
      return { list: { ...list, entries }, matches: this.match(entries) }
    }
    return { list, matches: this.match(list.entries) }
  }

  /** Where `1984` is both an id and a name, the rest of the list says which is meant. */
  #speaksInIds(entries: Entry[]): boolean {
    let onlyId = 0
    let onlyName = 0
    for (const { name } of entries) {
      if (name === null) continue
      const id = this.#ids.has(name)
      const called = this.#byFold.has(fold(name))
      if (id && !called) onlyId++
      if (called && !id) onlyName++
    }
    return onlyId > onlyName
  }

  #settle(entry: Entry, asIds: boolean): Match {
    const found = (rows: number[], how: How): Match => ({
      rows: this.#popularFirst(rows).slice(0, MOST_CHOICES),
      how,
      guesses: [],
    })
    const { id, name, whole } = entry
    const row = id === null ? undefined : this.#ids.get(id)
    // Ids of another service look like ours: 11 is a book here and a different one there. The name beside it must agree.
    if (row !== undefined && (name === null || this.#agree(row, name))) return found([row], 'id')
    if (whole !== null && whole !== name) {
      const exact = this.#exact(whole, asIds)
      if (exact) return found(...exact)
    }
    if (name === null) return { rows: [], how: null, guesses: [] }
    const exact = this.#exact(name, asIds) ?? this.#short(name)
    if (exact) return found(...exact)
    const parts = new Set(
      partsOf(whole ?? name).flatMap((part) => (this.#exact(part, asIds) ?? this.#short(part))?.[0] ?? []),
    )
    if (parts.size > 0) return found([...parts], 'part')
    const tail = this.#tail(name)
    return tail.length > 0 ? found(tail, 'path') : { rows: [], how: null, guesses: [] }
  }

  #agree(row: number, name: string): boolean {
    return (
      this.#bare[row] === bareForm(name) ||
      this.#plain[row] === plainForm(name) ||
      tailsOf(this.#names[row]).includes(fold(name))
    )
  }

  #exact(text: string, asIds: boolean): [number[], How] | null {
    const id = this.#ids.get(text)
    const folded = posted(this.#byFold, fold(text))
    const named = folded.filter((row) => this.#names[row] === text)
    if (id !== undefined && (asIds || folded.length === 0 || folded.includes(id))) return [[id], 'id']
    if (named.length > 0) return [named, 'name']
    if (folded.length > 0) return [folded, 'name']
    const plain = posted(this.#byPlain, plainForm(text))
    return plain.length > 0 ? [plain, 'spelling'] : null
  }

  #short(text: string): [number[], How] | null {
    const bare = bareForm(text)
    if (bare === '') return null
    const volumes = volumesOf(text)
    // `Saga (5)` is not `Saga (Saga, #1)`.
    const rows = posted(this.#byBare, bare).filter(
      (row) => volumes === '' || [volumes, ''].includes(volumesOf(this.#names[row])),
    )
    return rows.length > 0 ? [rows, 'short name'] : null
  }

  #tail(text: string): number[] {
    const rows = this.#popularFirst(posted(this.#byTail, fold(text)))
    return rows.length > 1 && this.#worth(rows[0]) >= CLEARLY * Math.max(1e-9, this.#worth(rows[1])) ? [rows[0]] : rows
  }

  #worth(row: number): number {
    const value = this.#popularity[row] ?? 0
    return Number.isNaN(value) ? 0 : value
  }

  #popularFirst(rows: number[]): number[] {
    return [...rows].sort((a, b) => this.#worth(b) - this.#worth(a) || a - b)
  }

  // ---- Did you mean

  #guesses({ name, whole }: Entry): number[] {
    const text = name ?? whole
    if (text === null) return []
    const forms = [...new Set([plainForm(text), bareForm(text), ...partsOf(text).map(bareForm)])].filter(
      (form) => form.length >= 3 && form.length <= 200,
    )
    const found = new Map<number, number>()
    for (const form of forms) {
      for (const row of posted(this.#byBare, form)) found.set(row, 0)
      this.#near(form, found)
    }
    return [...found]
      .sort((a, b) => a[1] - b[1] || this.#worth(b[0]) - this.#worth(a[0]) || a[0] - b[0])
      .slice(0, MOST_GUESSES)
      .map(([row]) => row)
  }

  /** Adds rows within reach of `form`, with how far off they are; a name that has all its words counts as just beyond reach. */
  #near(form: string, found: Map<number, number>): void {
    const limit = mostEdits(form.length)
    const [letters, pairs] = signatureOf(form)
    const words = form.split(' ')
    const [wordLetters, wordPairs] = words.map(signatureOf).reduce((a, b) => [a[0] | b[0], a[1] | b[1]])
    const { bare, plain } = this.#signaturesOfAll()
    const keep = (row: number, off: number) => found.set(row, Math.min(off, found.get(row) ?? Infinity))
    for (let row = 0, at = 0; at < bare.length; row++, at += SIGNATURE_WORDS) {
      if (mayBeWithin(limit, letters, pairs, bare[at], bare[at + 1])) {
        const off = editDistance(form, this.#bare[row], limit)
        if (off <= limit) keep(row, off)
      }
      if ((wordLetters & ~plain[at]) === 0 && (wordPairs & ~plain[at + 1]) === 0 && form.length >= 4) {
        const padded = ` ${this.#plain[row]} `
        if (words.every((word) => padded.includes(` ${word} `))) keep(row, limit + 1)
      }
    }
  }

  /** Of bare and plain forms; made when the first entry is not found. */
  #signaturesOfAll(): { bare: Int32Array; plain: Int32Array } {
    if (this.#signatures?.bare.length !== SIGNATURE_WORDS * this.#names.length) {
      const signed = (texts: string[]) => {
        const all = new Int32Array(SIGNATURE_WORDS * texts.length)
        texts.forEach((text, row) => all.set(signatureOf(text), SIGNATURE_WORDS * row))
        return all
      }
      this.#signatures = { bare: signed(this.#bare), plain: signed(this.#plain) }
    }
    return this.#signatures
  }
}

/**
 * Of equally named rows those whose creators (any words) include the one the list names. None where every row has creators
 * and they are others; all of them where that is not known.
 */
export function narrowedBy(rows: number[], by: string, creatorsOf: (row: number) => string[]): number[] {
  const words = (text: string) =>
    plainForm(text)
      .split(' ')
      .filter((word) => word.length > 1)
  const wanted = words(by)
  if (wanted.length === 0) return rows
  const known = rows.map((row) => new Set(creatorsOf(row).flatMap(words)))
  const fits = rows.filter((_, i) => wanted.every((word) => known[i].has(word)))
  return fits.length > 0 || known.every(({ size }) => size > 0) ? fits : rows
}
