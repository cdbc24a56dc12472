/** The links of the graph between what is in view, as far as a picture can hold them: the strongest. */
import type { Neighbour } from '../data/bundle'

export interface Link {
  from: number
  to: number
  /** 0 … 1 by rank, 1 = the strongest of those that are drawn. */
  strength: number
}

/**
 * Each pair of `rows` of which one is among the other's nearest, once; at most `most`, strongest first, and of one row at
 * most `each`, so that the best known do not take all; only those that can be `seen`, being long enough. Equal
 * similarities: the lower rows first.
 */
export function strongestLinks(
  rows: readonly number[],
  neighbours: ReadonlyMap<number, readonly Neighbour[]>,
  { most, each, seen }: { most: number; each: number; seen?: (from: number, to: number) => boolean },
): Link[] {
  const inView = new Set(rows)
  const pairs = new Map<string, { from: number; to: number; similarity: number }>()
  for (const row of rows) {
    for (const { row: other, similarity } of neighbours.get(row) ?? []) {
      if (!inView.has(other) || other === row) continue
      const [from, to] = row < other ? [row, other] : [other, row]
      const known = pairs.get(`${from} ${to}`)
      if (!known) pairs.set(`${from} ${to}`, { from, to, similarity })
      else if (similarity > known.similarity) known.similarity = similarity
    }
  }
  const ranked = [...pairs.values()].sort((a, b) => b.similarity - a.similarity || a.from - b.from || a.to - b.to)
  const count = new Map<number, number>()
  const kept = ranked.filter(({ from, to }) => {
    const [a, b] = [count.get(from) ?? 0, count.get(to) ?? 0]
    if (a >= each || b >= each || seen?.(from, to) === false) return false
    count.set(from, a + 1)
    count.set(to, b + 1)
    return true
  })
  const drawn = kept.slice(0, most)
  return drawn.map(({ from, to }, rank) => ({ from, to, strength: 1 - rank / drawn.length }))
}

/** Of `rows` those that are drawn above the others, at most `most`. `order`: all rows, the least important first. */
export function foremost(rows: Uint32Array, order: Uint32Array, most: number): number[] {
  if (rows.length <= most) return [...rows]
  const wanted = new Uint8Array(order.reduce((highest, row) => Math.max(highest, row), 0) + 1)
  for (const row of rows) wanted[row] = 1
  const found: number[] = []
  for (let at = order.length - 1; at >= 0 && found.length < most; at--) if (wanted[order[at]]) found.push(order[at])
  return found.sort((a, b) => a - b)
}
