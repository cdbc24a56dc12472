/** What a list comes to, row by row. Every map is made anew and never changed, so that its holder can tell by identity. */
import type { Weights } from './close'
import { pullOf } from './weights'

/** Row -> weight 0 … 1; an entity that is listed twice counts as its better mention. */
export function bestWeights(rows: readonly number[], weights: ArrayLike<number>): Weights {
  const best = new Map<number, number>()
  rows.forEach((row, i) => best.set(row, Math.max(weights[i], best.get(row) ?? 0)))
  return best
}

export function pullsOf(weights: Weights, against: boolean): Weights {
  return new Map([...weights].map(([row, weight]) => [row, pullOf(weight, against)]))
}

/** The most liked first, of these those of the highest worth. */
export function mostLikedFirst(weights: Weights, worth: (row: number) => number): Map<number, number> {
  return new Map([...weights].sort((a, b) => b[1] - a[1] || worth(b[0]) - worth(a[0])))
}

/** Decisions by place in the list, with some changed; null takes one back. */
export function decidedAnew(before: Weights, changes: Iterable<readonly [index: number, row: number | null]>): Weights {
  const decisions = new Map(before)
  for (const [index, row] of changes) {
    if (row === null) decisions.delete(index)
    else decisions.set(index, row)
  }
  return decisions
}
