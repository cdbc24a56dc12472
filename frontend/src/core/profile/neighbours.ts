/** Loads the neighbour lists of many rows: each shard once, a few at a time. */
import type { Bundle, Neighbour } from '../data/bundle'

const AT_ONCE = 4

/** `done`: share of the shards that have arrived. `known` is added to, so that a list that grows loads only what is new. */
export async function loadNeighbours(bundle: Bundle, rows: Iterable<number>, known: Map<number, Neighbour[]>, onProgress: (done: number) => void): Promise<void> {
  const { shard_rows } = bundle.manifest.neighbours
  const shards = new Map<number, number[]>()
  for (const row of rows) {
    if (known.has(row)) continue
    const shard = Math.floor(row / shard_rows)
    const members = shards.get(shard)
    if (members) members.push(row)
    else shards.set(shard, [row])
  }
  const waiting = [...shards.values()]
  const all = waiting.length
  let arrived = 0
  const work = async () => {
    for (let members = waiting.pop(); members; members = waiting.pop()) {
      for (const row of members) known.set(row, await bundle.neighbours(row))
      onProgress(++arrived / all)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
