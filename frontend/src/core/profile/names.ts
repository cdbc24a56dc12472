/** Forms in which one name is written: what must be equal for two names to mean the same thing. */
import { shorten } from '../labels/text'
import { fold } from '../search/fold'

const ASIDE = /\s*[([{][^()[\]{}]*[)\]}]\s*$/u

/** Without case, diacritics and punctuation: `The Hitchhiker’s Guide` and `the hitchhikers guide` are one. */
export function plainForm(name: string): string {
  const folded = fold(name)
    .replace(/['’`´]/g, '')
    .replace(/&/g, ' and ')
  const words = folded.replace(/[^\p{L}\p{N}+#]+/gu, ' ').trim()
  return words === '' ? folded.trim() : words
}

/** The plain form without what comes behind the name: `(series #1)`, `: subtitle`, the other face of a card; and without a leading article. */
export function bareForm(name: string): string {
  const short = name.replace(ASIDE, '').replace(/(?:: | \/\/ | [–—] ).*$/u, '')
  const said = (short === '' ? name : short).trim()
  return plainForm(said.replace(/^(?:the|an?)\s+(?=\S)/i, '').replace(/,\s+(?:the|an?)$/i, ''))
}

/** `Dune (Dune Chronicles #1)` in the middle of a sentence. */
export function shortName(name: string, max: number): string {
  return shorten(name.length > max ? name.replace(ASIDE, '') || name : name, max)
}

/** Numbers that tell volumes apart; years do not. */
export function volumesOf(name: string): string {
  const aside = ASIDE.exec(name)?.[0] ?? ''
  return (aside.match(/\d+/g) ?? [])
    .map(Number)
    .filter((n) => n < 1000 || n > 2100)
    .join(' ')
}

const BETWEEN_PARTS = /[./\\]|::/

/** `numpy.linalg.norm` -> `linalg.norm`, `norm`; nothing for names that are no paths. */
export function tailsOf(name: string): string[] {
  if (/\s/.test(name) || !BETWEEN_PARTS.test(name)) return []
  const tails: string[] = []
  for (const separator of name.matchAll(/[./\\]|::/g)) {
    const tail = name.slice(separator.index + separator[0].length)
    if (tail !== '') tails.push(fold(tail))
  }
  return tails
}

/** Parts of `Dune by Frank Herbert` or `Frank Herbert - Dune` that may be the name. */
export function partsOf(text: string): string[] {
  const parts = text
    .split(/\s+[-–—|]\s+|\s+by\s+|,\s+by\s+/iu)
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return parts.length === 2 ? parts : []
}

/** How many letters two names of this length may differ in and still be offered for one another. */
export function mostEdits(length: number): number {
  return length < 4 ? 0 : length < 8 ? 1 : length < 14 ? 2 : 3
}

const LONGEST = 256
const rows = [new Uint16Array(LONGEST + 1), new Uint16Array(LONGEST + 1), new Uint16Array(LONGEST + 1)]

/**
 * Letters to insert, drop, replace or swap with their neighbour to get from a to b; `limit + 1` as soon as it is more, and
 * for texts of more than 256 letters. Only the cells within `limit` of the diagonal can matter.
 */
export function editDistance(a: string, b: string, limit: number): number {
  const far = limit + 1
  if (Math.abs(a.length - b.length) > limit || a.length > LONGEST || b.length > LONGEST) return far
  let [before, above, row] = rows
  for (let j = 0; j <= b.length; j++) above[j] = Math.min(far, j)
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - limit)
    const to = Math.min(b.length, i + limit)
    let least = (row[from - 1] = from === 1 ? Math.min(far, i) : far)
    const letter = a.charCodeAt(i - 1)
    for (let j = from; j <= to; j++) {
      const same = letter === b.charCodeAt(j - 1)
      let cost = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1))
      if (!same && i > 1 && j > 1 && letter === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1))
        cost = Math.min(cost, before[j - 2] + 1)
      row[j] = cost = Math.min(far, cost)
      if (cost < least) least = cost
    }
    if (to < b.length) row[to + 1] = far
    if (least > limit) return far
    ;[before, above, row] = [above, row, before]
  }
  return above[b.length]
}

/** Two words: bits of the letters (hashed to 32), bits of the pairs of letters. */
export const SIGNATURE_WORDS = 2

/**
 * An edit changes at most two bits of the letters and six of the pairs (a swap touches three on either side), so a scan
 * over all names can pass by nearly all of them without looking at a letter.
 */
export function signatureOf(text: string): [letters: number, pairs: number] {
  let letters = 0
  let pairs = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    letters |= 1 << (code & 31)
    if (i > 0) pairs |= 1 << ((Math.imul(text.charCodeAt(i - 1), 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b)) >>> 27)
  }
  return [letters, pairs]
}

export function mayBeWithin(
  edits: number,
  lettersA: number,
  pairsA: number,
  lettersB: number,
  pairsB: number,
): boolean {
  return bitsIn(lettersA ^ lettersB) <= 2 * edits && bitsIn(pairsA ^ pairsB) <= 6 * edits
}

function bitsIn(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
