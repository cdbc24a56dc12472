/** What a search finds beside entities: regions of the map, and values of fields. */
import type { Dictionary, Region } from '../data/bundle'
import { fit } from './complete'
import { fold } from './fold'
import { marksOf } from './marks'

export interface FoundRegion {
  region: Region
  marks: number[]
}

export interface FoundValue {
  /** Name of the field. */
  field: string
  value: string
  marks: number[]
  /** Entities that have it. */
  count: number
}

/** Name of a field, and its values. */
export type NamedDictionary = readonly [field: string, Dictionary]

const SHORTEST = 2
const MOST = 3

/** Regions in whose name a word begins with the text; the same name once, larger ones first. */
export function regionsFound(text: string, regions: readonly Region[], most = MOST): FoundRegion[] {
  const found = best(
    text,
    regions,
    ({ name }) => name,
    (region) => region.size,
  )
  const names = new Set<string>()
  return found
    .filter(({ name }) => !names.has(name) && names.add(name))
    .slice(0, most)
    .map((region) => ({ region, marks: marksOf(region.name, [fold(text.trim())]) }))
}

/** Values of fields that begin with the text or have a word that does; frequent ones first. */
export function valuesFound(text: string, dictionaries: readonly NamedDictionary[], most = MOST): FoundValue[] {
  const all = dictionaries.flatMap(([field, entries]) =>
    best(
      text,
      entries,
      ([value]) => value,
      ([, count]) => count,
    )
      .slice(0, most)
      .map(([value, count]) => ({ field, value, count })),
  )
  return best(
    text,
    all,
    ({ value }) => value,
    ({ count }) => count,
  )
    .slice(0, most)
    .map((found) => ({ ...found, marks: marksOf(found.value, [fold(text.trim())]) }))
}

/** The same as the text, beginning with it, a word of it beginning with it; in each the larger first. */
function best<T>(text: string, items: readonly T[], nameOf: (item: T) => string, sizeOf: (item: T) => number): T[] {
  const typed = fold(text.trim())
  if (typed.length < SHORTEST) return []
  const tiers: T[][] = [[], [], []]
  for (const item of items) {
    const name = fold(nameOf(item))
    const tier = name === typed ? 0 : fit(name, typed) + 1
    if (tier < tiers.length) tiers[tier].push(item)
  }
  return tiers.flatMap((tier) => tier.sort((a, b) => sizeOf(b) - sizeOf(a)))
}
