/**
 * Search over names and a few fields. No index is shipped or built: lines that hold all words are found by scanning, the
 * best are kept, and where they are few, uFuzzy adds names that differ by a typing mistake. Works in slices, so that the
 * next question need not wait for the last.
 */
import uFuzzy from '@leeoniya/ufuzzy'
import { fold } from './fold'
import { marksFromFolded, marksOf } from './marks'
import { Best, startsSomeWord, TIER, tier, tierAtBest } from './rank'
import { PIECE_ROWS, Texts } from './texts'

/** A condition on the name; all must hold. */
export type NameCondition =
  { kind: 'name'; text: string; not: boolean } | { kind: 'regex'; source: string; flags: string; not: boolean }

export type Ask =
  /** What somebody types: words in any order, in the name or the searched fields. */
  | { kind: 'words'; text: string }
  /** A query: conditions on the name, and rows that pass all others (1; null = all rows). */
  | { kind: 'query'; conditions: NameCondition[]; passes: Uint8Array | null }

export interface Hit {
  row: number
  /** Matched letters of the name: from, to, from, to … */
  marks: number[]
  /** The value that matched where the name alone does not, the how manieth of how many it is. */
  aside: { field: number; of: number; text: string; marks: number[] } | null
}

export interface Answer {
  hits: Hit[]
  /** Names that differ a little from what was typed; only where there are few hits. */
  similar: Hit[]
  /** All matches, of which `hits` are the best. */
  total: number
  /** Every match is one by its name alone. */
  byName: boolean
  /** False while similar names are still being looked for. */
  done: boolean
}

/** How a search shares its thread: `stale` says that nobody waits for the answer any more. */
export interface Manners {
  stale(): boolean
  /** Lets others have the thread for a moment. */
  breathe(): Promise<void>
}

const SLICE_MS = 12
/** With fewer matches than this, similar names are looked for. */
const FEW = 8
const SIMILAR = 12
/** Similar names that are ranked; the important ones come first in a bundle. */
const MAX_SIMILAR = 2000
const SHORTEST_MISTYPED = 4

const EAGER: Manners = { stale: () => false, breathe: () => Promise.resolve() }

export class NameSearch {
  #pieces: Texts[] = []
  readonly #fuzzy = new uFuzzy({
    unicode: true,
    interSplit: "[^\\p{L}\\d']+",
    intraSplit: '\\p{Ll}\\p{Lu}',
    intraBound: '\\p{L}\\d|\\d\\p{L}',
    intraChars: "[\\p{L}\\d']",
    intraContr: "'\\p{L}{1,2}\\b",
    intraMode: 1,
  })
  #importance: Uint8Array = new Uint8Array(0)
  /** The popularity of rows tells them apart. */
  #rated = false

  /** Names of the rows from `first` on, and what else is searched of each. Giving them again replaces them. */
  async add(first: number, names: string[], fields: string[] | null = null, manners = EAGER): Promise<void> {
    const clock = new Clock(manners)
    for (let at = 0; at < names.length; at += PIECE_ROWS) {
      const piece = new Texts(first + at, names.slice(at, at + PIECE_ROWS), fields && fields.slice(at, at + PIECE_ROWS))
      this.#pieces = [...this.#pieces.filter((other) => other.first !== piece.first), piece].sort(
        (a, b) => a.first - b.first,
      )
      await clock.tick()
    }
  }

  /** What else is searched of rows whose names are there. */
  async addFields(first: number, fields: string[], manners = EAGER): Promise<void> {
    const clock = new Clock(manners)
    for (const piece of this.#pieces) {
      const at = piece.first - first
      if (at < 0 || at >= fields.length) continue
      const richer = new Texts(piece.first, piece.names(), fields.slice(at, at + piece.count))
      this.#pieces = this.#pieces.map((other) => (other === piece ? richer : other))
      await clock.tick()
    }
  }

  /** Popularity per row, 0 … 255. */
  setImportance(importance: Uint8Array): void {
    this.#importance = importance
    this.#rated = importance.some((value) => value !== importance[0])
  }

  /** Answers once, or twice where similar names take longer; not at all when the question went stale. */
  async answer(ask: Ask, limit: number, tell: (answer: Answer) => void, manners = EAGER): Promise<void> {
    const clock = new Clock(manners)
    const best = new Best(Math.max(limit, FEW))
    const found = { total: 0, byName: true }
    const words = wordsOf(ask)
    for (const piece of this.#pieces) {
      if (ask.kind === 'query') this.#rankQuery(piece, ask, words, best, found)
      else this.#rankWords(piece, words, best, found)
      if (await clock.tick()) return
    }
    const hits = best.rows.slice(0, limit).map((row) => this.#describe(row, ask, words))
    const mistyped = ask.kind === 'words' && found.total < FEW && words.join('').length >= SHORTEST_MISTYPED
    const answer: Answer = { hits, similar: [], ...found, done: !mistyped }
    if (!mistyped || hits.length > 0) tell(answer)
    if (!mistyped) return
    const similar = await this.#similar(words.join(' '), new Set(best.rows), clock)
    if (similar) tell({ ...answer, similar, done: true })
  }

  /** All rows that match, in order; null when the question went stale. */
  async rows(ask: Ask, manners = EAGER): Promise<Uint32Array | null> {
    const clock = new Clock(manners)
    const rows: number[] = []
    const words = wordsOf(ask)
    for (const piece of this.#pieces) {
      const found = (i: number) => void rows.push(piece.first + i)
      if (ask.kind === 'query') matchQuery(piece, ask, words, found)
      else if (words.length > 0) piece.scan(words, found)
      if (await clock.tick()) return null
    }
    return Uint32Array.from(rows)
  }

  #rankQuery(piece: Texts, ask: Query, words: string[], best: Best, found: Tally): void {
    const phrase = words.join(' ')
    matchQuery(piece, ask, words, (i) => {
      found.total++
      const importance = this.#importance[piece.first + i] ?? 0
      const name = words.length > 0 && !best.hopeless(0, importance) ? piece.foldedName(i) : null
      if (name !== null || words.length === 0)
        best.offer({
          row: piece.first + i,
          tier: name === null ? 0 : tier(name, phrase, this.#rated),
          importance,
          length: piece.length(i),
        })
    })
  }

  #rankWords(piece: Texts, words: string[], best: Best, found: Tally): void {
    if (words.length === 0) return
    const phrase = words.join(' ')
    const { text, starts, ends } = piece
    piece.scan(words, (i, at) => {
      found.total++
      const inName = at < ends[i]
      if (!inName) found.byName = false
      else if (found.byName && words.length > 1 && ends[i] + 1 < starts[i + 1])
        found.byName = holdsAll(piece.foldedName(i), words)
      const importance = this.#importance[piece.first + i] ?? 0
      if (best.hopeless(inName ? tierAtBest(text, starts[i], ends[i], phrase) : TIER.field, importance)) return
      best.offer({
        row: piece.first + i,
        tier: tierOf(piece, i, words, phrase, this.#rated),
        importance,
        length: piece.length(i),
      })
    })
  }

  /** Names that uFuzzy takes for what was meant, best first. */
  async #similar(needle: string, known: Set<number>, clock: Clock): Promise<Hit[] | null> {
    const best = new Best(SIMILAR)
    let seen = 0
    for (const piece of this.#pieces) {
      const names = piece.foldedNames()
      const [found] = this.#fuzzy.search(names, needle, 1, 0) // any order of words; infoThresh 0 leaves ranking to us
      for (const i of found ?? []) {
        const row = piece.first + i
        if (known.has(row)) continue
        seen++
        best.offer({ row, tier: 0, importance: this.#importance[row] ?? 0, length: names[i].length })
      }
      if (await clock.tick()) return null
      if (seen >= MAX_SIMILAR) break
    }
    return best.rows.map((row) => ({ row, marks: this.#similarMarks(row, needle), aside: null }))
  }

  #similarMarks(row: number, needle: string): number[] {
    const { piece, i } = this.#place(row)
    // A word whose parts stand in another order is found without saying where: it has no letters to mark.
    const ranges = needle
      .split(' ')
      .flatMap((word) => this.#fuzzy.search([piece.foldedName(i)], word)[1]?.ranges?.[0] ?? [])
    return marksFromFolded(piece.name(i), ranges)
  }

  #describe(row: number, ask: Ask, words: string[]): Hit {
    const { piece, i } = this.#place(row)
    const name = piece.name(i)
    if (ask.kind === 'query') {
      const marks = marksOf(name, words)
      return { row, marks: marks.length > 0 ? marks : regexMarks(name, ask.conditions), aside: null }
    }
    const folded = piece.foldedName(i)
    const phrase = words.join(' ')
    const missing = words.filter((word) => !folded.includes(word))
    return {
      row,
      marks: marksOf(name, folded.includes(phrase) ? [phrase] : words),
      aside: missing.length > 0 ? asideOf(piece.fields(i), missing, phrase) : null,
    }
  }

  #place(row: number): { piece: Texts; i: number } {
    const piece = this.#pieces.find((one) => row >= one.first && row < one.first + one.count)!
    return { piece, i: row - piece.first }
  }
}

type Query = Extract<Ask, { kind: 'query' }>

interface Tally {
  total: number
  byName: boolean
}

const holdsAll = (text: string, words: string[]): boolean => words.every((word) => text.includes(word))

/** Of a line that holds all words somewhere. */
function tierOf(piece: Texts, i: number, words: string[], phrase: string, rated: boolean): number {
  const name = piece.foldedName(i)
  const ofName = tier(name, phrase, rated)
  if (ofName < 5) return ofName
  const fields = piece.text.slice(piece.ends[i], piece.starts[i + 1])
  if (holdsAll(name, words) || !fields.includes(phrase)) return TIER.spread
  return startsSomeWord(fields, phrase) ? TIER.field : TIER.fieldInside
}

function matchQuery(piece: Texts, { passes, conditions }: Query, words: string[], found: (i: number) => void): void {
  const without = conditions.flatMap((one) => (one.kind === 'name' && one.not ? fold(one.text) : []))
  const patterns = conditions.flatMap((one) =>
    one.kind === 'regex' ? { pattern: new RegExp(one.source, one.flags), not: one.not } : [],
  )
  for (let i = 0; i < piece.count; i++) {
    if (passes && !passes[piece.first + i]) continue
    if (words.length > 0 || without.length > 0) {
      const name = piece.foldedName(i)
      if (!holdsAll(name, words) || without.some((word) => name.includes(word))) continue
    }
    if (patterns.length > 0) {
      const name = piece.name(i)
      if (patterns.some(({ pattern, not }) => pattern.test(name) === not)) continue
    }
    found(i)
  }
}

/** Folded words (of a query: those that the name must hold, which may have spaces in them). */
function wordsOf(ask: Ask): string[] {
  if (ask.kind === 'query')
    return ask.conditions.flatMap((one) => (one.kind === 'name' && !one.not ? fold(one.text) : []))
  return fold(ask.text)
    .split(/\s+/)
    .filter((word) => word !== '')
}

function asideOf(fields: string[], missing: string[], phrase: string): Hit['aside'] {
  const folded = fields.map(fold)
  // The value that explains most of what the name does not.
  const explained = folded.map((value) => missing.filter((word) => value.includes(word)).length)
  const field = explained.indexOf(Math.max(...explained))
  const marked = folded[field]?.includes(phrase) ? [phrase] : missing
  return explained[field] > 0
    ? { field, of: fields.length, text: fields[field], marks: marksOf(fields[field], marked) }
    : null
}

function regexMarks(name: string, conditions: NameCondition[]): number[] {
  for (const one of conditions) {
    const match = one.kind === 'regex' && !one.not ? new RegExp(one.source, one.flags).exec(name) : null
    if (match && match[0] !== '') return [match.index, match.index + match[0].length]
  }
  return []
}

/** Breathes every few milliseconds, and says when to give up. */
class Clock {
  #since = performance.now()

  constructor(private readonly manners: Manners) {}

  async tick(): Promise<boolean> {
    if (performance.now() - this.#since < SLICE_MS) return false
    await this.manners.breathe()
    this.#since = performance.now()
    return this.manners.stale()
  }
}
