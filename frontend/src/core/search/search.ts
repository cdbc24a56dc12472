/** Full-text search over names. No index is shipped or built: uFuzzy filters, and a short rule ranks. */
import uFuzzy from '@leeoniya/ufuzzy'

/** Longest list that is ranked; beyond it the query says too little to tell its matches apart. */
const MAX_RANKED = 20_000

const PATH_SEPARATORS = new Set(['.', '/', ':', '\\'])

/** Lower case without diacritics; keeps the length of the words, not of the text. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[łŁ]/g, 'l').replace(/[øØ]/g, 'o').replace(/[đĐ]/g, 'd').replace(/ß/g, 'ss').replace(/[æÆ]/g, 'ae').replace(/[œŒ]/g, 'oe')
    .toLowerCase()
}

/** How well a folded name answers a folded query; 0 is best. */
export function tier(name: string, query: string): number {
  if (name === query || withoutAside(name) === query) return 0
  const at = name.indexOf(query)
  if (at === 0) return name[query.length] === undefined || !isWord(name[query.length]) ? 1 : 2
  // `asarray` finds `numpy.asarray`: a whole last part is nearly an exact match.
  if (at > 0 && name.endsWith(query) && PATH_SEPARATORS.has(name[name.length - query.length - 1])) return 1
  if (at > 0 && !isWord(name[at - 1])) return 3
  if (at > 0 && startsSomeWord(name, query)) return 3
  return at > 0 ? 4 : 5
}

/** `dune (dune chronicles #1)` and `dune: a novel` are called `dune`. */
function withoutAside(name: string): string {
  return name.replace(/(?: \(.*\)|: .*)$/u, '')
}

function startsSomeWord(name: string, query: string): boolean {
  for (let at = name.indexOf(query); at >= 0; at = name.indexOf(query, at + 1)) if (at === 0 || !isWord(name[at - 1])) return true
  return false
}

function isWord(character: string): boolean {
  return /[\p{L}\p{N}]/u.test(character)
}

export class NameSearch {
  readonly #names: string[] = []
  readonly #fuzzy = new uFuzzy({ unicode: true, interSplit: "[^\\p{L}\\d']+", intraSplit: '\\p{Ll}\\p{Lu}', intraBound: '\\p{L}\\d|\\d\\p{L}', intraChars: "[\\p{L}\\d']", intraContr: "'\\p{L}{1,2}\\b", intraMode: 1 })
  #importance: Uint8Array = new Uint8Array(0)

  add(first: number, names: string[]): void {
    names.forEach((name, i) => (this.#names[first + i] = fold(name)))
  }

  /** Popularity per row, 0 … 255. */
  setImportance(importance: Uint8Array): void {
    this.#importance = importance
  }

  get size(): number {
    return this.#names.length
  }

  /** Rows, best first; at most `limit`. */
  query(text: string, limit: number): number[] {
    const needle = fold(text).trim()
    if (needle === '') return []
    // Words may come in any order; infoThresh 0 leaves ranking to us. A single typo is forgiven only where nothing else matches.
    let [rows] = this.#fuzzy.search(this.#names, needle, 1, 0)
    rows ??= []
    const plain = rows.length > 0 ? rows : this.#containing(needle)
    return rank(plain.slice(0, MAX_RANKED), this.#names, needle, this.#importance).slice(0, limit)
  }

  /** For queries without a single letter or digit, which a fuzzy search has nothing to hold on to. */
  #containing(needle: string): number[] {
    const rows: number[] = []
    for (let row = 0; row < this.#names.length && rows.length < MAX_RANKED; row++) if (this.#names[row]?.includes(needle)) rows.push(row)
    return rows
  }
}

/** Better tier first; within a tier the more popular, then the shorter name, then the earlier row. */
export function rank(rows: number[], names: string[], query: string, importance: Uint8Array): number[] {
  return rows
    .map((row) => ({ row, tier: tier(names[row], query), importance: importance[row] ?? 0, length: names[row].length }))
    .sort((a, b) => a.tier - b.tier || b.importance - a.importance || a.length - b.length || a.row - b.row)
    .map((hit) => hit.row)
}
