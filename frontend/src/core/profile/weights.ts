/** Ratings of any kind -> how much each entity counts. */
import type { Entry } from './entry'

export interface Scale {
  /** `lowest` is worth 0, `highest` 1. */
  lowest: number
  highest: number
}

/** Scales that people rate on, in the order they are offered. */
export const SCALES: readonly Scale[] = [
  { lowest: 0, highest: 1 },
  { lowest: 1, highest: 5 },
  { lowest: 0, highest: 5 },
  { lowest: 1, highest: 10 },
  { lowest: 0, highest: 10 },
  { lowest: 0, highest: 100 },
]

/** Unrated among rated ones: liked well enough to be on the list. */
const UNRATED = 0.75

/** The scale that ratings were most likely given on; null without ratings. */
export function guessScale(ratings: number[], outOf: number | null): Scale | null {
  if (ratings.length === 0) return null
  const lowest = ratings.reduce((a, b) => Math.min(a, b))
  const highest = ratings.reduce((a, b) => Math.max(a, b))
  if (outOf !== null && highest <= outOf && lowest >= 0)
    return { lowest: lowest >= 1 && outOf <= 10 ? 1 : 0, highest: outOf }
  if (lowest >= 0 && highest <= 1 && ratings.some((r) => r > 0 && r < 1)) return { lowest: 0, highest: 1 }
  if (lowest < 0 || highest > 100) return { lowest, highest }
  if (highest <= 1) return { lowest: 0, highest: 1 }
  if (highest <= 5) return { lowest: lowest >= 1 ? 1 : 0, highest: 5 }
  if (highest <= 10) return { lowest: lowest >= 1 ? 1 : 0, highest: 10 }
  return { lowest: 0, highest: 100 }
}

/**
 * Weight 0 … 1 per entry. Ratings by `scale`; copies on a logarithm, between 0.4 and 1, so that four copies count more
 * than one but not four times as much; 1 where a list says neither.
 */
export function weightsOf(entries: readonly Entry[], scale: Scale | null): Float32Array {
  const most = entries.reduce((a, { count }) => Math.max(a, count ?? 0), 0)
  return Float32Array.from(entries, ({ rating, count }) => {
    if (scale !== null)
      return rating === null ? UNRATED : within((rating - scale.lowest) / Math.max(1e-9, scale.highest - scale.lowest))
    if (most > 1) return 0.4 + 0.6 * (Math.log1p(within(count ?? 1, most)) / Math.log1p(most))
    return 1
  })
}

function within(value: number, most = 1): number {
  return Math.min(most, Math.max(0, value))
}

/** What a weight adds to the score of what lies near: with `against`, a weight below the middle takes away. */
export function pullOf(weight: number, against: boolean): number {
  return against ? 2 * weight - 1 : weight
}
