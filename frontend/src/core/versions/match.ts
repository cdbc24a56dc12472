/** Which rows of two versions of a map are the same entity: ids last, rows do not. */

export interface Matched {
  /** Rows of today, ascending, and the row of each then. */
  now: Uint32Array
  then: Uint32Array
  /** Rows of today that were not there. */
  fresh: Uint32Array
  /** Rows of then that are not there any more. */
  gone: Uint32Array
}

export function matchIds(now: readonly string[], then: readonly string[]): Matched {
  const rows = new Map<string, number>()
  for (let row = then.length - 1; row >= 0; row--) rows.set(then[row], row) // of equal ids the most important row counts
  const kept: number[] = []
  const was: number[] = []
  const fresh: number[] = []
  const there = new Uint8Array(then.length)
  now.forEach((id, row) => {
    const before = rows.get(id)
    if (before === undefined || there[before]) {
      fresh.push(row)
    } else {
      kept.push(row)
      was.push(before)
      there[before] = 1
    }
  })
  const gone = Uint32Array.from(then.keys()).filter((row) => !there[row])
  return { now: Uint32Array.from(kept), then: Uint32Array.from(was), fresh: Uint32Array.from(fresh), gone }
}
