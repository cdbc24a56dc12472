/** A set and the neighbours of its members, in the space before projection. */
import type { Neighbour } from '../data/bundle'
import { rowSet, union } from './rows'

export interface Progress {
  done: number
  total: number
}

const REPORT_EVERY = 2000

/**
 * `neighboursOf` loads as it needs; rows that do not pass (null = all do) are not added. Null when `wanted` said no while
 * it ran.
 */
export async function grow(
  set: Uint32Array,
  neighboursOf: (row: number) => Promise<Neighbour[]>,
  passes: Uint8Array | null,
  {
    onProgress = () => {},
    wanted = () => true,
  }: { onProgress?: (progress: Progress) => void; wanted?: () => boolean } = {},
): Promise<Uint32Array | null> {
  const added = new Set<number>()
  for (let i = 0; i < set.length; i++) {
    for (const { row } of await neighboursOf(set[i])) if (!passes || passes[row]) added.add(row)
    if (i % REPORT_EVERY === 0) {
      onProgress({ done: i, total: set.length })
      await new Promise((resolve) => setTimeout(resolve)) // the page stays usable
      if (!wanted()) return null
    }
  }
  return wanted() ? union(set, rowSet(added)) : null
}
