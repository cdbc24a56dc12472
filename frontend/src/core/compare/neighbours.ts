/** What two maps agree on: neighbours kept, gained and lost. Lists hold `k` rows per row, NONE where there are fewer. */
import { NONE } from './point_tree'

/** Per row of two lists of all rows: the share of a's neighbours that b keeps; NaN where a row has none. */
export function keptShares(a: Uint32Array, b: Uint32Array, k: number, total: number): Float32Array {
  const rows = a.length / k
  const seen = new Uint32Array(total) // row + 1 of whose neighbour it was last
  const kept = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    let [had, both] = [0, 0]
    for (let i = row * k; i < (row + 1) * k; i++) {
      if (a[i] === NONE) continue
      had++
      seen[a[i]] = row + 1
    }
    for (let i = row * k; i < (row + 1) * k; i++) if (b[i] !== NONE && seen[b[i]] === row + 1) both++
    kept[row] = had > 0 ? both / had : NaN
  }
  return kept
}

export interface NeighbourChange {
  row: number
  /** How many of the asked rows have it as a neighbour, on either map. */
  before: number
  after: number
}

export interface Changes {
  /** Near on both, only on b, only on a: most often first. */
  kept: NeighbourChange[]
  gained: NeighbourChange[]
  lost: NeighbourChange[]
  /** Mean share of the neighbours on a that b keeps; NaN without neighbours. */
  share: number
}

/**
 * For some rows and their lists on two maps: which neighbours they keep, gain and lose. A neighbour of several is told
 * by what most of them do; how many may be lost or gained is how Emblaze ranks "common changes" too.
 */
export function changesOf(a: Uint32Array, b: Uint32Array, k: number): Changes {
  const counts = new Map<number, NeighbourChange>()
  const of = (row: number): NeighbourChange => {
    let change = counts.get(row)
    if (!change) counts.set(row, (change = { row, before: 0, after: 0 }))
    return change
  }
  let [shares, counted] = [0, 0]
  for (let first = 0; first < a.length; first += k) {
    const before = new Set(a.subarray(first, first + k))
    before.delete(NONE)
    let both = 0
    for (const row of before) of(row).before++
    for (let i = first; i < first + k; i++) {
      if (b[i] === NONE) continue
      of(b[i]).after++
      if (before.has(b[i])) both++
    }
    if (before.size > 0) {
      shares += both / before.size
      counted++
    }
  }
  const all = [...counts.values()]
  const ranked = (changes: NeighbourChange[], weight: (change: NeighbourChange) => number) =>
    changes.sort((x, y) => weight(y) - weight(x) || x.row - y.row)
  return {
    kept: ranked(
      all.filter((c) => c.before > 0 && c.after > 0 && Math.max(c.before, c.after) < 2 * Math.min(c.before, c.after)),
      (c) => Math.min(c.before, c.after),
    ),
    gained: ranked(
      all.filter((c) => c.after >= 2 * c.before && c.after > 0),
      (c) => c.after - c.before,
    ),
    lost: ranked(
      all.filter((c) => c.before >= 2 * c.after && c.before > 0),
      (c) => c.before - c.after,
    ),
    share: counted > 0 ? shares / counted : NaN,
  }
}

/** Mean share of the true neighbours (first `k` of each list) that a map's lists hold; NaN where none are known. */
export function trueShare(truth: readonly (readonly number[])[], near: Uint32Array, k: number): number {
  let [sum, counted] = [0, 0]
  truth.forEach((list, i) => {
    const wanted = list.slice(0, k)
    if (wanted.length === 0) return
    const shown = new Set(near.subarray(i * k, (i + 1) * k))
    sum += wanted.filter((row) => shown.has(row)).length / wanted.length
    counted++
  })
  return counted > 0 ? sum / counted : NaN
}
