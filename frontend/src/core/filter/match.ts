/** Which rows satisfy a clause about a field. */
import type { Dictionary } from '../data/bundle'
import { fold } from '../search/fold'
import type { FieldData } from './fields'
import type { FieldClause } from './query'
import type { Range } from './range'

/** Values of an "all of" clause that can be told apart. */
const MOST_TERMS = 31

/** Writes 1 for rows that satisfy the clause and 0 for the others; returns what is wrong with the clause, as a sentence, or null. */
export function matchRows(clause: FieldClause, data: FieldData, into: Uint8Array): string | null {
  const [hit, miss] = clause.not ? [0, 1] : [1, 0]
  const unknown = clause.unknown ? hit : miss
  if (clause.kind === 'range' && data.kind === 'numbers') {
    matchRanges(clause.ranges, data.values, into, hit, miss, unknown)
    return null
  }
  if (clause.kind === 'flags' && data.kind === 'booleans') {
    const table = new Uint8Array(256).fill(unknown)
    table[0] = clause.flags.includes(false) ? hit : miss
    table[1] = clause.flags.includes(true) ? hit : miss
    for (let row = 0; row < into.length; row++) into[row] = table[data.values[row]]
    return null
  }
  if (clause.kind === 'values' && (data.kind === 'codes' || data.kind === 'lists')) {
    const terms = clause.values.map((value) => codesNamed(data.dictionary, value))
    const nameless = clause.values.find((_, i) => terms[i].length === 0)
    if (data.kind === 'codes') matchCodes(terms, data, into, hit, miss, unknown)
    else matchLists(terms, clause.all, data, into, hit, miss, unknown)
    if (nameless !== undefined) return `No value is called “${nameless}”.`
    return clause.all && clause.values.length > MOST_TERMS
      ? `At most ${MOST_TERMS} values can be asked for at once.`
      : null
  }
  into.fill(1)
  return 'This condition does not suit its field.'
}

function matchRanges(
  ranges: Range[],
  values: Float32Array,
  into: Uint8Array,
  hit: number,
  miss: number,
  unknown: number,
): void {
  // Values are float32: 4.02 in the file is 4.0199999809, and someone who types 4.02 means that.
  const rounded = ranges.map((r) => ({ ...r, from: Math.fround(r.from), to: Math.fround(r.to) }))
  if (rounded.length === 1) {
    // The common case, while someone drags a handle: two comparisons a row.
    const [{ from, to, fromOpen, toOpen }] = rounded
    const [low, high] = [fromOpen ? nextFloat(from, 1) : from, toOpen ? nextFloat(to, -1) : to]
    const table = Uint8Array.of(miss, hit, unknown, unknown)
    // Looked up rather than branched on: which way a row goes cannot be guessed, and a wrong guess costs more than the rest.
    for (let row = 0; row < into.length; row++) {
      const v = values[row]
      into[row] = table[(Number(v >= low) & Number(v <= high)) | (Number(v !== v) << 1)]
    }
    return
  }
  for (let row = 0; row < into.length; row++) {
    const v = values[row]
    into[row] =
      v !== v
        ? unknown
        : rounded.some(
              ({ from, to, fromOpen, toOpen }) => (fromOpen ? v > from : v >= from) && (toOpen ? v < to : v <= to),
            )
          ? hit
          : miss
  }
}

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** The single-precision number right above (1) or below (-1) one. */
function nextFloat(value: number, direction: 1 | -1): number {
  float[0] = value
  if (!Number.isFinite(value)) return value
  if (float[0] === 0) return direction * 2 ** -149
  bits[0] += float[0] > 0 === direction > 0 ? 1 : -1
  return float[0]
}

function matchCodes(
  terms: number[][],
  { codes, dictionary }: Extract<FieldData, { kind: 'codes' }>,
  into: Uint8Array,
  hit: number,
  miss: number,
  unknown: number,
): void {
  const table = new Uint8Array(dictionary.length).fill(miss)
  for (const term of terms) for (const code of term) table[code] = hit
  for (let row = 0; row < into.length; row++) into[row] = codes[row] < table.length ? table[codes[row]] : unknown
}

function matchLists(
  terms: number[][],
  all: boolean,
  { lists, dictionary }: Extract<FieldData, { kind: 'lists' }>,
  into: Uint8Array,
  hit: number,
  miss: number,
  unknown: number,
): void {
  const { starts, codes } = lists
  const bits = new Uint32Array(dictionary.length)
  terms.slice(0, all ? MOST_TERMS : undefined).forEach((term, i) => {
    for (const code of term) bits[code] |= all ? 1 << i : 1
  })
  const wanted = all ? (2 ** Math.min(MOST_TERMS, terms.length) - 1) >>> 0 : 1
  const possible = terms.length > 0
  for (let row = 0; row < into.length; row++) {
    const end = starts[row + 1]
    let found = 0
    for (let i = starts[row]; i < end; i++) found |= bits[codes[i]]
    into[row] = end === starts[row] ? unknown : possible && found >>> 0 === wanted ? hit : miss
  }
}

const folded = new WeakMap<Dictionary, string[]>()

export function foldValue(text: string): string {
  return fold(text).trim()
}

/** The values that a text names: the very same, else the same but for case and accents, else those that contain it. */
export function codesNamed(dictionary: Dictionary, text: string): number[] {
  const same = dictionary.findIndex(([value]) => value === text)
  if (same >= 0) return [same]
  const wanted = foldValue(text)
  if (wanted === '') return []
  let values = folded.get(dictionary)
  if (!values) folded.set(dictionary, (values = dictionary.map(([value]) => foldValue(value))))
  const where = (test: (value: string) => boolean) => values.flatMap((value, code) => (test(value) ? code : []))
  const equal = where((value) => value === wanted)
  return equal.length > 0 ? equal : where((value) => value.includes(wanted))
}
