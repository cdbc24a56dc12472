/**
 * What a set has in common: values that occur in it far more often, or far more rarely, than among all entities, and
 * numbers that lie higher or lower. What chance alone would often show is left out: every value must pass an exact
 * hypergeometric test, every number a rank test, at ALPHA divided by how many were tested (Bonferroni).
 */
import type { ColumnData } from '../data/bundle'

export interface TraitColumn {
  name: string
  label: string
  type: string
  unit?: string
  data: ColumnData
}

export interface ValueTrait {
  kind: 'value'
  column: string
  label: string
  /** Null = not known. */
  value: string | null
  /** Rows of the set with this value, and their share of the set and of all. */
  count: number
  share: number
  overall: number
  /** Twice the log-likelihood ratio against "as among the rest" (G²): how much the set says about this value. */
  evidence: number
}

export interface NumberTrait {
  kind: 'number'
  column: string
  label: string
  type: string
  unit?: string
  median: number
  overall: number
  /** The middle half of the set. */
  quartiles: [number, number]
  /** Squared standard score of the rank sum (Mann and Whitney 1947, with ties): on the scale of G². */
  evidence: number
}

export type Trait = ValueTrait | NumberTrait

const ALPHA = 0.01
const PER_COLUMN = 4
/** Below these a difference may be certain and still not worth a line. */
const MIN_LIFT = 1.5
const MIN_DIFFERENCE = 0.05
const MIN_RANK_SHIFT = 0.1

export interface Examined {
  found: { trait: Trait; chance: number }[]
  tested: number
}

/** Rows that the set is held against: all that pass (null = all) or are in the set. One byte per row, and how many. */
export function population(
  set: Uint32Array,
  n: number,
  passes: Uint8Array | null,
): { among: Uint8Array; total: number } {
  const among = new Uint8Array(n)
  if (passes) among.set(passes)
  else among.fill(1)
  for (const row of set) among[row] = 1
  return { among, total: among.reduce((sum, one) => sum + one, 0) }
}

/** One field of the set against the same of all; what is found is only worth something after `rank`. */
export function examine(
  column: TraitColumn,
  set: Uint32Array,
  { among, total }: ReturnType<typeof population>,
): Examined {
  const size = set.length
  const examined: Examined = { found: [], tested: 0 }
  if (size < 2 || size === total) return examined
  const { data, name, label } = column
  if (data.kind === 'numbers') {
    examined.tested++
    const number = numberTrait(column, data.values, set, among)
    if (number) examined.found.push(number)
  }
  const { inside, overall, values } = countsOf(data, set, among)
  values.forEach((value, code) => {
    const [k, all] = [inside[code], overall[code]]
    if (all < 2 || all === total) return
    examined.tested++
    const share = k / size
    const expected = all / total
    const more = k >= 2 && share > expected && (share >= MIN_LIFT * expected || share - expected >= MIN_DIFFERENCE)
    const less = !more && data.kind === 'codes' && value !== null && expected >= 0.1 && share <= expected / 3
    if (!more && !less) return
    const chance = more ? chanceOfAtLeast(k, size, all, total) : chanceOfAtLeast(size - k, size, total - all, total)
    examined.found.push({
      trait: {
        kind: 'value',
        column: name,
        label,
        value,
        count: k,
        share,
        overall: expected,
        evidence: logLikelihood(k, size, all, total),
      },
      chance,
    })
  })
  return examined
}

/** What stands out of all that was examined, strongest evidence first. */
export function rank(examined: readonly Examined[]): Trait[] {
  const tested = examined.reduce((sum, part) => sum + part.tested, 0)
  const taken = new Map<string, number>()
  const said = new Set<string>()
  return examined
    .flatMap((part) => part.found)
    .filter(({ chance }) => chance * tested < ALPHA)
    .map(({ trait }) => trait)
    .sort((a, b) => b.evidence - a.evidence)
    .filter((trait) => {
      // A field and the map's own regions may say the very same.
      const what =
        trait.kind === 'value' && trait.value !== null
          ? `${trait.value} ${trait.count}`
          : `${trait.column} ${trait.kind}`
      if (said.has(what)) return false
      said.add(what)
      // That one value is rarer follows from another being more frequent.
      if (trait.kind === 'value' && trait.share < trait.overall && taken.has(trait.column)) return false
      const before = taken.get(trait.column) ?? 0
      taken.set(trait.column, before + 1)
      return before < PER_COLUMN
    })
}

/** How often each value occurs in the set and among all; the last one is "not known". */
function countsOf(
  data: ColumnData,
  set: Uint32Array,
  among: Uint8Array,
): { inside: Uint32Array; overall: Uint32Array; values: (string | null)[] } {
  const values: (string | null)[] =
    data.kind === 'booleans'
      ? ['No', 'Yes', null]
      : data.kind === 'numbers'
        ? [null]
        : [...data.dictionary.map(([value]) => value), null]
  const unknown = values.length - 1
  const [inside, overall] = [new Uint32Array(values.length), new Uint32Array(values.length)]
  const count = (row: number, into: Uint32Array): void => {
    if (data.kind === 'lists') {
      const { starts, codes } = data.lists
      if (starts[row] === starts[row + 1]) into[unknown]++
      for (let i = starts[row]; i < starts[row + 1]; i++)
        if (codes.indexOf(codes[i], starts[row]) === i) into[codes[i]]++ // a value named twice counts once
    } else if (data.kind === 'numbers') {
      if (Number.isNaN(data.values[row])) into[0]++
    } else {
      into[Math.min(unknown, data.kind === 'codes' ? data.codes[row] : data.values[row])]++
    }
  }
  for (let row = 0; row < among.length; row++) if (among[row]) count(row, overall)
  for (const row of set) count(row, inside)
  return { inside, overall, values }
}

function numberTrait(
  column: TraitColumn,
  values: Float32Array,
  set: Uint32Array,
  among: Uint8Array,
): { trait: NumberTrait; chance: number } | null {
  const known = new Float32Array(values.length)
  let count = 0
  for (let row = 0; row < values.length; row++)
    if (among[row] && !Number.isNaN(values[row])) known[count++] = values[row] // twenty times faster than filter
  const all = known.subarray(0, count).sort()
  const mine = Float32Array.from(set, (row) => values[row])
    .filter((v) => !Number.isNaN(v))
    .sort()
  const [n, s] = [all.length, mine.length]
  if (s < 2 || s === n) return null
  let ties = 0
  for (let from = 0, to = 0; from < n; from = to) {
    while (to < n && all[to] === all[from]) to++
    ties += (to - from) ** 3 - (to - from)
  }
  let above = 0 // how many of all lie below a member of the set, equal ones counting half
  for (let i = 0; i < s; i++) above += (lowerBound(all, mine[i]) + lowerBound(all, mine[i], true)) / 2
  const spread = Math.sqrt(((s * (n - s)) / 12) * (n + 1 - ties / (n * (n - 1))))
  if (spread === 0) return null
  const shift = above - (s * n) / 2
  const score = Math.abs(shift) / spread
  if (Math.abs(shift) / (s * (n - s)) < MIN_RANK_SHIFT || score < 2) return null
  const at = (sorted: Float32Array, share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  const { name, label, unit, type } = column
  return {
    trait: {
      kind: 'number',
      column: name,
      label,
      unit,
      type,
      median: at(mine, 0.5),
      overall: at(all, 0.5),
      quartiles: [at(mine, 0.25), at(mine, 0.75)],
      evidence: score ** 2,
    },
    chance: (Math.sqrt(2 / Math.PI) * Math.exp(-(score ** 2) / 2)) / score, // Mills: no less than the true two-sided tail
  }
}

/** First place whose value is not below v; `after`: first whose value is above it. */
function lowerBound(sorted: Float32Array, v: number, after = false): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < v || (after && sorted[middle] === v)) low = middle + 1
    else high = middle
  }
  return low
}

/** ln n! by Stirling's series; exact to 1e-10 from 10 on, summed below. */
function logFactorial(n: number): number {
  let sum = 0
  for (; n < 10; n++) sum -= Math.log(n + 1)
  return (
    sum +
    n * Math.log(n) -
    n +
    0.5 * Math.log(2 * Math.PI * n) +
    1 / (12 * n) -
    1 / (360 * n ** 3) +
    1 / (1260 * n ** 5)
  )
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k)
}

/** P(at least k of `size` rows drawn from `total`, of which `all` have the value). */
export function chanceOfAtLeast(k: number, size: number, all: number, total: number): number {
  if (k <= Math.max(0, size + all - total)) return 1
  let term = Math.exp(logChoose(all, k) + logChoose(total - all, size - k) - logChoose(total, size))
  let sum = 0
  for (let x = k; x <= Math.min(size, all) && term > sum * 1e-12; x++) {
    sum += term
    term *= ((all - x) * (size - x)) / ((x + 1) * (total - all - size + x + 1))
  }
  return Math.min(1, sum)
}

/** G² of the table value / other value × in the set / not. */
export function logLikelihood(k: number, size: number, all: number, total: number): number {
  const cells = [
    [k, size, all],
    [size - k, size, total - all],
    [all - k, total - size, all],
    [total - size - all + k, total - size, total - all],
  ]
  return Math.max(
    0,
    2 *
      cells.reduce(
        (sum, [seen, row, column]) => sum + (seen > 0 ? seen * Math.log((seen * total) / (row * column)) : 0),
        0,
      ),
  )
}
