/** Names of groups and why they are worth a look, in plain words. */
import { formatCount } from '../format'
import type { Group } from './groups'

export interface GroupWords {
  name: string
  reason: string
}

/** A region speaks for a group when this share of the group lies in it. */
const SPEAKS = 0.6

/**
 * `importance`: larger = better known. `regionOf`: the name of the region a row lies in on the map where the group lies
 * together, or null. `maps`: names of the two maps.
 */
export function wordsFor(
  group: Pick<Group, 'kind' | 'rows' | 'moved' | 'kept'>,
  about: {
    nameOf: (row: number) => string
    importance: (row: number) => number
    regionOf: (row: number) => string | null
    entity: [string, string]
    maps: [string, string]
  },
): GroupWords {
  const { rows } = group
  const count = `${formatCount(rows.length)} ${about.entity[rows.length === 1 ? 0 : 1]}`
  const region = commonest(rows, about.regionOf)
  const known = [...rows]
    .sort((i, j) => about.importance(j) - about.importance(i) || i - j)
    .slice(0, 2)
    .map(about.nameOf)
    .filter((name) => name !== '')
  const name = region ?? (known.length > 0 ? `${known.join(', ')}${rows.length > known.length ? ' …' : ''}` : count)
  const [from, to] = about.maps
  const reason =
    group.kind === 'moved'
      ? `${count} moved together ${group.moved > 0.9 ? 'across the whole map' : `by ${portion(group.moved)} of the map`}.`
      : group.kind === 'split'
        ? `${count} lie together on ${from} and apart on ${to}.`
        : `${count} lie apart on ${from} and together on ${to}.`
  return { name, reason }
}

function commonest(rows: Uint32Array, regionOf: (row: number) => string | null): string | null {
  const counts = new Map<string, number>()
  for (const row of rows) {
    const region = regionOf(row)
    if (region !== null) counts.set(region, (counts.get(region) ?? 0) + 1)
  }
  const best = [...counts].sort((x, y) => y[1] - x[1])[0]
  return best && best[1] >= SPEAKS * rows.length ? best[0] : null
}

/** "a third", "12 %": shares as people say them. */
export function portion(share: number): string {
  for (const [value, word] of [
    [1 / 4, 'a quarter'],
    [1 / 3, 'a third'],
    [1 / 2, 'half'],
    [2 / 3, 'two thirds'],
  ] as const) {
    if (Math.abs(share / value - 1) < 0.06) return word
  }
  return percent(share)
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.095 ? 1 : 0)} %`
}
