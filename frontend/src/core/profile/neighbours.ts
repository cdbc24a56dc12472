/** Loads the neighbour lists of many rows: each shard once, a few at a time. */
import type { Bundle, Neighbour } from '../data/bundle'
import type { NeighbourLists } from './close'

const AT_ONCE = 4

/** `known` and what it lacked, so that a list that grows loads only what is new. `onProgress`: share of the shards that have arrived. */
export async function loadNeighbours(
  bundle: Bundle,
  rows: ReadonlySet<number>,
  known: NeighbourLists,
  onProgress: (done: number) => void,
): Promise<NeighbourLists> {
  const { shard_rows } = bundle.manifest.neighbours
  const shards = new Map<number, number[]>()
  for (const row of rows) {
    if (known.has(row)) continue
    const shard = Math.floor(row / shard_rows)
    const members = shards.get(shard)
    if (members) members.push(row)
    else shards.set(shard, [row])
  }
  const lists = new Map<number, readonly Neighbour[]>(known)
  const waiting = [...shards.values()]
  const all = waiting.length
  let arrived = 0
  const work = async () => {
    for (let members = waiting.pop(); members; members = waiting.pop()) {
      for (const row of members) lists.set(row, await bundle.neighbours(row))
      onProgress(++arrived / all)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return lists
}

/** The rows of several lists, each once. */
export function rowsOf(...lists: ReadonlyMap<number, unknown>[]): ReadonlySet<number> {
  return new Set(lists.flatMap((list) => [...list.keys()]))
}
