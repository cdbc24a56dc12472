/**
 * Where something that is not on the map would stand: a list among the nearest of what is on it, a text among those that are
 * near to it. A guess, by the rule that places newcomers when an atlas is refreshed
 * (atlas_assets/stages/geometry/beside.py).
 */
import type { NeighbourLists, Weights } from './close'

export type Place = readonly [x: number, y: number]

export interface Near {
  row: number
  /** Above 0; how much it counts. */
  weight: number
}

export interface Parts {
  /** Rows that hang together, two at least, the largest first. */
  parts: number[][]
  /** Rows that hang together with no other. */
  alone: number[]
}

/** So many of the nearest were found to say best where a newcomer stands; beside.py has the figures. */
export const NEAREST = 5
/** Median distances of neighbours on the map: those within that of the best of them count. */
const TOGETHER = 3
/** Rows of which neither is near to the other hang together where their lists have this share in common. */
const COMMON = 0.2
/** Beyond, only those that are near to each other hang together: pairs would be too many to be counted. */
const MOST_PAIRED = 1000

/** Beside those of its neighbours that stand together; null where none has a place. The mean of all may lie between them. */
export function beside(near: readonly Near[], placeOf: (row: number) => Place | null): Place | null {
  const known = near.flatMap(({ row, weight }) => {
    const place = placeOf(row)
    return place && weight > 0 ? [{ place, weight }] : []
  })
  if (known.length === 0) return null
  const apart = (a: Place, b: Place) => Math.hypot(a[0] - b[0], a[1] - b[1])
  const costs = known.map(({ place }) =>
    known.reduce((sum, other) => sum + apart(place, other.place) * other.weight, 0),
  )
  const best = known[costs.indexOf(Math.min(...costs))].place
  const distances = known.map(({ place }) => apart(best, place))
  const sorted = distances.toSorted((a, b) => a - b)
  const middle = (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2
  let [x, y, total] = [0, 0, 0]
  known.forEach(({ place, weight }, i) => {
    if (distances[i] > TOGETHER * middle) return
    x += place[0] * weight
    y += place[1] * weight
    total += weight
  })
  return [x / total, y / total]
}

/**
 * The nearest of a list, nearest first: by the sum of the similarities to its rows, each by its weight. A row of the list is
 * as near to itself as its nearest is.
 */
export function nearestOf(rows: Iterable<number>, weights: Weights, neighbours: NeighbourLists): Near[] {
  const sums = new Map<number, number>()
  for (const row of rows) {
    const near = neighbours.get(row) ?? []
    const weight = weights.get(row) ?? 1
    const most = near.reduce((highest, { similarity }) => Math.max(highest, similarity), 1e-9)
    sums.set(row, (sums.get(row) ?? 0) + weight * most)
    for (const { row: other, similarity } of near)
      if (similarity > 0) sums.set(other, (sums.get(other) ?? 0) + weight * similarity)
  }
  return [...sums]
    .map(([row, weight]) => ({ row, weight }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.row - b.row)
    .slice(0, NEAREST)
}

/** What of a list hangs together in the space before projection. */
export function partsOf(rows: readonly number[], neighbours: NeighbourLists): Parts {
  const at = new Map(rows.map((row, i) => [row, i]))
  const parent = rows.map((_, i) => i)
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]]
    return i
  }
  const join = (a: number, b: number) => (parent[root(a)] = root(b))
  const holders = new Map<number, number[]>()
  rows.forEach((row, i) => {
    for (const { row: other } of neighbours.get(row) ?? []) {
      const member = at.get(other)
      if (member !== undefined) join(i, member)
      const known = holders.get(other)
      if (known) known.push(i)
      else holders.set(other, [i])
    }
  })
  if (rows.length <= MOST_PAIRED) {
    const common = new Uint16Array(rows.length * rows.length)
    const sizes = rows.map((row) => neighbours.get(row)?.length ?? 0)
    for (const members of holders.values())
      for (let i = 1; i < members.length; i++)
        for (let j = 0; j < i; j++) {
          const [a, b] = [members[j], members[i]]
          const count = ++common[a * rows.length + b]
          if (count >= Math.max(2, COMMON * Math.min(sizes[a], sizes[b]))) join(a, b)
        }
  }
  const groups = new Map<number, number[]>()
  rows.forEach((row, i) => {
    const group = groups.get(root(i))
    if (group) group.push(row)
    else groups.set(root(i), [row])
  })
  const all = [...groups.values()].sort((a, b) => b.length - a.length || a[0] - b[0])
  return { parts: all.filter((part) => part.length > 1), alone: all.flatMap((part) => (part.length > 1 ? [] : part)) }
}
