/** Which regions some rows lie in, such as those in the middle of the screen. */
import type { Region } from '../data/bundle'
import { pathTo } from './tree'

/** So much of them must lie in a region for it to be said. */
const MOST = 0.5

/** From the coarsest region that most of the rows lie in to the finest such one. */
export function mostlyIn(regions: readonly Region[], finest: Uint16Array, rows: Uint32Array): number[] {
  const counts = new Uint32Array(regions.length)
  for (const row of rows) if (finest[row] < regions.length) counts[finest[row]]++
  const within = new Uint32Array(regions.length)
  counts.forEach((count, place) => {
    if (count > 0) for (const around of pathTo(regions, place)) within[around] += count
  })
  let best = -1
  within.forEach((count, place) => {
    if (count > MOST * rows.length && (best < 0 || regions[place].level > regions[best].level)) best = place
  })
  return best < 0 ? [] : pathTo(regions, best)
}
