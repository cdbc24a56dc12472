/**
 * What lies close to a list but is not on it, and how close two lists are. All of it in the original space: similarities
 * come from the neighbour lists of the bundle, not from places on a map.
 */
import type { Neighbour } from '../data/bundle'

/** Row -> weight 0 … 1. */
export type Weights = ReadonlyMap<number, number>
export type NeighbourLists = ReadonlyMap<number, readonly Neighbour[]>

export interface Close {
  row: number
  /** 1 = the closest of all. */
  score: number
  /** Rows of the list that it is close to, the strongest reason first; those that speak against it are not among them. */
  because: number[]
}

export interface CloseOptions {
  /** Row -> what its weight adds; negative for what the visitor disliked. */
  pulls: ReadonlyMap<number, number>
  neighbours: NeighbourLists
  /** By row; NaN = unknown; null where the atlas knows none. */
  popularity: ArrayLike<number> | null
  /** How much fame counts against a row; 0 = not at all. */
  modesty: number
  /** Median popularity, the point at which fame neither helps nor hurts. */
  usual: number
}

/**
 * score(c) = Σ pull(i) · similarity(i, c) · (usual / popularity(c)) ^ modesty, over the rows i of the list that have c
 * among their nearest. The last factor keeps the giants, which are near to everything, from winning every time; it
 * lies between 1/3 and 3. Rows of the list themselves are not offered. Equal scores: the lower row first.
 */
export function closeTo({ pulls, neighbours, popularity, modesty, usual }: CloseOptions): Close[] {
  const scores = new Map<number, number>()
  const reasons = new Map<number, [row: number, part: number][]>()
  for (const [mine, pull] of pulls) {
    for (const { row, similarity } of neighbours.get(mine) ?? []) {
      if (pulls.has(row) || !(similarity > 0)) continue
      scores.set(row, (scores.get(row) ?? 0) + pull * similarity)
      if (pull <= 0) continue
      const known = reasons.get(row)
      if (known) known.push([mine, pull * similarity])
      else reasons.set(row, [[mine, pull * similarity]])
    }
  }
  const found: Close[] = []
  for (const [row, sum] of scores) {
    if (sum <= 0) continue
    const because = reasons
      .get(row)!
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .map(([mine]) => mine)
    found.push({ row, score: sum * fame(popularity?.[row], usual, modesty), because })
  }
  found.sort((a, b) => b.score - a.score || a.row - b.row)
  const best = found[0]?.score ?? 1
  for (const close of found) close.score /= best
  return found
}

const MOST_FAME = 3

function fame(popularity: number | undefined, usual: number, modesty: number): number {
  if (popularity === undefined || !(popularity > 0) || !(usual > 0)) return 1
  return Math.min(MOST_FAME, Math.max(1 / MOST_FAME, (usual / popularity) ** modesty))
}

/** Pairs of the list that are among each other's nearest: the lines on the map. Each pair once, the most similar first. */
export function relatedPairs(rows: Weights, neighbours: NeighbourLists, most: number): [number, number][] {
  const pairs = new Map<string, [number, number, number]>()
  for (const mine of rows.keys()) {
    for (const { row, similarity } of neighbours.get(mine) ?? []) {
      if (!rows.has(row)) continue
      const [a, b] = mine < row ? [mine, row] : [row, mine]
      pairs.set(`${a} ${b}`, [a, b, Math.max(similarity, pairs.get(`${a} ${b}`)?.[2] ?? 0)])
    }
  }
  return [...pairs.values()]
    .sort((x, y) => y[2] - x[2] || x[0] - y[0] || x[1] - y[1])
    .slice(0, most)
    .map(([a, b]) => [a, b])
}

export interface Comparison {
  common: number[]
  onlyMine: number[]
  onlyTheirs: number[]
  /** Share of my rows that they have too, or one of the nearest of which they have. */
  mineNearTheirs: number
  theirsNearMine: number
  /** The mean of both shares, 0 … 1. */
  closeness: number
  /** Of what only they have, what is close to mine, closest first. */
  theirsCloseToMine: Close[]
}

/** Neighbour lists of both profiles must be loaded. Being near counts from either side: hubs are in many lists, newcomers in none. */
export function compareProfiles(mine: Weights, theirs: Weights, neighbours: NeighbourLists): Comparison {
  const shareNear = (from: Weights, to: Weights) => {
    const reached = new Set<number>()
    for (const row of to.keys()) for (const near of neighbours.get(row) ?? []) reached.add(near.row)
    const near = [...from.keys()].filter(
      (row) => to.has(row) || reached.has(row) || (neighbours.get(row) ?? []).some((n) => to.has(n.row)),
    )
    return from.size === 0 ? 0 : near.length / from.size
  }
  const [mineNearTheirs, theirsNearMine] = [shareNear(mine, theirs), shareNear(theirs, mine)]
  const onlyTheirs = [...theirs.keys()].filter((row) => !mine.has(row))
  return {
    common: [...mine.keys()].filter((row) => theirs.has(row)),
    onlyMine: [...mine.keys()].filter((row) => !theirs.has(row)),
    onlyTheirs,
    mineNearTheirs,
    theirsNearMine,
    closeness: (mineNearTheirs + theirsNearMine) / 2,
    theirsCloseToMine: between(mine, theirs, onlyTheirs, neighbours),
  }
}

function between(mine: Weights, theirs: Weights, onlyTheirs: number[], neighbours: NeighbourLists): Close[] {
  const similarities = new Map<number, Map<number, number>>(onlyTheirs.map((row) => [row, new Map()]))
  const note = (row: number, other: number, similarity: number) => {
    const known = similarities.get(row)
    if (known && similarity > (known.get(other) ?? 0)) known.set(other, similarity)
  }
  for (const row of mine.keys()) for (const n of neighbours.get(row) ?? []) note(n.row, row, n.similarity)
  for (const row of onlyTheirs)
    for (const n of neighbours.get(row) ?? []) if (mine.has(n.row)) note(row, n.row, n.similarity)
  const found = [...similarities].flatMap(([row, near]): Close[] => {
    const parts = [...near]
      .map(([other, similarity]) => [other, similarity * (mine.get(other) ?? 0)] as const)
      .filter(([, part]) => part > 0)
    if (parts.length === 0) return []
    parts.sort((a, b) => b[1] - a[1] || a[0] - b[0])
    return [
      {
        row,
        score: parts.reduce((sum, [, part]) => sum + part, 0) * (theirs.get(row) ?? 1),
        because: parts.map(([other]) => other),
      },
    ]
  })
  found.sort((a, b) => b.score - a.score || a.row - b.row)
  const best = found[0]?.score || 1
  for (const close of found) close.score /= best
  return found
}

export interface RegionShare {
  region: number
  rows: number[]
  /** Of the rows that lie in any region. */
  share: number
  /** How many times as many as in the whole atlas. */
  times: number
}

/** Where the list lies: `regionOf` by row, 65535 = in none. Most of the list first. */
export function regionShares(rows: Iterable<number>, regionOf: Uint16Array): RegionShare[] {
  const all = new Map<number, number>()
  let placed = 0
  for (const region of regionOf) {
    if (region === 65535) continue
    all.set(region, (all.get(region) ?? 0) + 1)
    placed++
  }
  const mine = new Map<number, number[]>()
  let total = 0
  for (const row of rows) {
    const region = regionOf[row]
    if (region === undefined || region === 65535) continue
    total++
    const known = mine.get(region)
    if (known) known.push(row)
    else mine.set(region, [row])
  }
  return [...mine]
    .map(([region, members]) => ({
      region,
      rows: members,
      share: members.length / total,
      times: members.length / total / (all.get(region)! / placed),
    }))
    .sort((a, b) => b.rows.length - a.rows.length || b.times - a.times || a.region - b.region)
}
