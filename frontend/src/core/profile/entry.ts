/** What a list says: one entry per thing named in it. Nothing here knows the atlas. */

export interface Entry {
  /** 1-based line of the text, for messages. */
  line: number
  /** As people will recognise it. */
  text: string
  id: string | null
  /** The name without rating, number of copies, bullet, …; null where only an id is given. */
  name: string | null
  /** The line before anything was taken off it: `7 Wonders` is also the name of a game. Tried first, taken only if it fits exactly. */
  whole: string | null
  /** Author, artist, owner: tells entities of one name apart. */
  by: string | null
  rating: number | null
  /** Number of copies. */
  count: number | null
}

/** Shown to the visitor as "Read as …". */
export type Format =
  | 'a list of names'
  | 'a table'
  | 'JSON'
  | 'a deck list'
  | 'a Goodreads library'
  | 'requirements'
  | 'Python code'
  | 'a playlist'
  | 'nothing'

export interface ParsedList {
  format: Format
  entries: Entry[]
  /** Lines that name nothing, with the reason. */
  unreadable: { line: number; text: string; reason: string }[]
  /** Entries left out on purpose, such as a to-read shelf. */
  skipped: { reason: string; count: number }[]
  /** Where the ratings say out of how many they are (`4/5`), that number. */
  outOf: number | null
  /** The text where it was one line that was split: it may be one name with commas in it. */
  oneLine: string | null
}

export function entryOf(line: number, name: string | null, more: Partial<Omit<Entry, 'line'>> = {}): Entry {
  return {
    line,
    text: more.text ?? name ?? more.id ?? '',
    id: null,
    name,
    whole: null,
    by: null,
    rating: null,
    count: null,
    ...more,
  }
}

export function emptyList(format: Format): ParsedList {
  return { format, entries: [], unreadable: [], skipped: [], outOf: null, oneLine: null }
}

/** A number written with a point or a decimal comma; null for anything else, also for `1,000,000` and nothing. */
export function numberOf(text: string): number | null {
  const clean = text.trim().replace(/^(-?\d+),(\d{1,2})$/, '$1.$2')
  return /^-?\d+(?:\.\d+)?$/.test(clean) ? Number(clean) : null
}

const HALVES = /½/g
const STARS = /^[★⭐✩☆✭✮🌟️½]+$/u

/** `★★★½☆` is 3.5 of 5; null for text without a star. */
export function starsOf(text: string): number | null {
  const clean = text.trim()
  if (!STARS.test(clean) || !/[★⭐✭✮🌟☆✩]/u.test(clean)) return null
  return (clean.match(/[★⭐✭✮🌟]/gu)?.length ?? 0) + 0.5 * (clean.match(HALVES)?.length ?? 0)
}

/** `4`, `4.5`, `4/5`, `8 out of 10`, `★★★★`, `90 %`. */
export function ratingOf(text: string): { rating: number; outOf: number | null } | null {
  const stars = starsOf(text)
  if (stars !== null) return { rating: stars, outOf: 5 }
  const parts = /^(-?\d+(?:[.,]\d+)?)\s*(?:(?:\/|out of)\s*(\d{1,3})|(%)|(?:stars?))?$/iu.exec(text.trim())
  const rating = parts && numberOf(parts[1])
  if (rating === null) return null
  const outOf = parts![3] ? 100 : parts![2] ? Number(parts![2]) : null
  return outOf === 0 ? null : { rating, outOf }
}
