/** Which match comes first: how well the name answers, then how popular it is. */
import { isWord } from './fold'

const PATH_SEPARATORS = new Set(['.', '/', ':', '\\'])

/** How well a line answers; lower is better. What `tier` says of a name lies between. */
export const TIER = { field: 3.5, spread: 5, fieldInside: 6 } as const

/**
 * How well a folded name answers a folded query; 0 is best: 0 the same, 1 begins with it as a word, 2 begins with it, 3 a
 * word in it does, 4 has it inside, 5 does not have it.
 *
 * A name that goes on after a colon or in brackets counts as the same only where popularity does not tell names apart
 * (`rated`): else `harry potter: film wizardry` would stand before the novels that everybody means.
 */
export function tier(name: string, query: string, rated = false): number {
  if (name === query || (!rated && withoutAside(name) === query)) return 0
  const at = name.indexOf(query)
  if (at === 0) return name[query.length] === undefined || !isWord(name[query.length]) ? 1 : 2
  // `asarray` finds `numpy.asarray`: a whole last part is nearly an exact match.
  if (at > 0 && name.endsWith(query) && PATH_SEPARATORS.has(name[name.length - query.length - 1])) return 1
  if (at > 0 && startsSomeWord(name, query)) return 3
  return at > 0 ? 4 : 5
}

/**
 * A tier that the name between two places of a text reaches at best, without looking closely: of the many lines that a
 * short query matches, almost all are known to be hopeless by it.
 */
export function tierAtBest(text: string, start: number, end: number, query: string): number {
  return text.startsWith(query, start) ? 0 : text.startsWith(query, end - query.length) ? 1 : 3
}

/** `dune (dune chronicles #1)` and `dune: a novel` are called `dune`. */
function withoutAside(name: string): string {
  return /[(:]/.test(name) ? name.replace(/(?: \(.*\)|: .*)$/u, '') : name
}

export function startsSomeWord(text: string, query: string): boolean {
  for (let at = text.indexOf(query); at >= 0; at = text.indexOf(query, at + 1))
    if (at === 0 || !isWord(text[at - 1])) return true
  return false
}

export interface Scored {
  row: number
  tier: number
  /** 0 … 255 */
  importance: number
  /** Of the name, in characters. */
  length: number
}

/** Better tier first; within a tier the more popular, then the shorter name, then the earlier row. */
export function compare(a: Scored, b: Scored): number {
  return a.tier - b.tier || b.importance - a.importance || a.length - b.length || a.row - b.row
}

/** Keeps the best few of many. */
export class Best {
  readonly #kept: Scored[] = []

  constructor(private readonly limit: number) {}

  /** Whether a match of this tier or a worse one, of this importance, cannot be among the best. */
  hopeless(tierAtBest: number, importance: number): boolean {
    if (this.#kept.length < this.limit) return false
    const worst = this.#kept[this.limit - 1]
    return !worst || tierAtBest > worst.tier || (tierAtBest === worst.tier && importance < worst.importance)
  }

  offer(one: Scored): void {
    const kept = this.#kept
    if (this.limit === 0 || (kept.length === this.limit && compare(one, kept[kept.length - 1]) >= 0)) return
    let [low, high] = [0, kept.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compare(one, kept[middle]) < 0) high = middle
      else low = middle + 1
    }
    kept.splice(low, 0, one)
    if (kept.length > this.limit) kept.pop()
  }

  /** Best first. */
  get rows(): number[] {
    return this.#kept.map((one) => one.row)
  }
}
