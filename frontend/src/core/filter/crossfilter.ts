/**
 * Several conditions over the same rows: which rows satisfy all of them, and, for the histogram of one field, all of the
 * others. One bit per row and condition (set = fails), so that a change of one condition touches one bit.
 */
import type { Lists } from '../data/decode'

export const MOST_CONDITIONS = 16

/** The group of each row: one of `groups`, or several (lists). Groups ≥ `groups` and empty lists count as unknown. */
export type Grouping = { groups: number; of: Uint16Array } | { groups: number; lists: Lists }

export class Crossfilter {
  /** Bit i = condition i is not satisfied. */
  readonly #fails: Uint16Array
  readonly #counts = new Uint32Array(65536)
  #used = 0

  constructor(readonly rows: number) {
    this.#fails = new Uint16Array(rows)
  }

  get active(): boolean {
    return this.#used !== 0
  }

  /** `passes`: 1 for rows that satisfy condition `slot`, 0 for the others. */
  set(slot: number, passes: Uint8Array): void {
    const fails = this.#fails
    const others = ~(1 << slot)
    this.#used |= 1 << slot
    for (let row = 0; row < fails.length; row++) fails[row] = (fails[row] & others) | ((passes[row] ^ 1) << slot)
  }

  remove(slot: number): void {
    const others = ~(1 << slot)
    if ((this.#used & ~others) === 0) return
    this.#used &= others
    for (let row = 0; row < this.#fails.length; row++) this.#fails[row] &= others
  }

  /** 1 for rows that satisfy every condition, in an array of its own, and their number. */
  result(): { passes: Uint8Array; count: number } {
    const fails = this.#fails
    const passes = new Uint8Array(this.rows)
    let count = 0
    for (let row = 0; row < passes.length; row++) {
      const pass = Number(fails[row] === 0)
      passes[row] = pass
      count += pass
    }
    return { passes, count }
  }

  /** Rows per group that satisfy every condition but those in `except` (`all`: every row); the last number counts the unknown. */
  tally(grouping: Grouping, except: readonly number[] | 'all' = []): Uint32Array {
    const { groups } = grouping
    const fails = this.#fails
    let mask = except === 'all' ? 0 : -1
    if (except !== 'all') for (const slot of except) mask &= ~(1 << slot)
    // Rows are added without a branch on what they hold, and any code has its place: three times as fast as looking first.
    const counts = this.#counts.fill(0)
    let unknown = 0
    if ('of' in grouping) {
      const { of } = grouping
      for (let row = 0; row < fails.length; row++) counts[of[row]] += Number((fails[row] & mask) === 0)
      for (let group = groups; group < counts.length; group++) unknown += counts[group]
    } else {
      const { starts, codes } = grouping.lists
      for (let row = 0; row < fails.length; row++) {
        const pass = Number((fails[row] & mask) === 0)
        const end = starts[row + 1]
        if (starts[row] === end) unknown += pass
        for (let i = starts[row]; i < end; i++) counts[codes[i]] += pass
      }
    }
    const out = new Uint32Array(groups + 1)
    out.set(counts.subarray(0, groups))
    out[groups] = unknown
    return out
  }
}
