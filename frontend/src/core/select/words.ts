/** What the panels say about sets and neighbours, in plain English. */
import type { Neighbour } from '../data/bundle'
import { measureOf } from '../fields'
import { formatCount, formatNumber } from '../format'
import type { Trait } from './traits'

export function countText(count: number, words: readonly [one: string, many: string]): string {
  return `${formatCount(count)} ${count === 1 ? words[0] : words[1]}`
}

/** 0.62 -> "62 %", small shares with one figure more; what is not nothing never reads "0 %". */
export function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.1) return 'under 0.1 %'
  if (value > 99 && value < 100) return 'over 99 %'
  return `${value >= 10 || value === 0 ? Math.round(value) : Number(value.toFixed(1))} %`
}

/** What is common, and how that compares. */
export function traitText(trait: Trait, setSize: number): { what: string; how: string } {
  if (trait.kind === 'number') {
    const { typical } = measureOf(trait.type)
    const [low, high] = trait.quartiles.map((value) => typical(value))
    const middle = low === high ? '' : `, half of them ${low} to ${high}`
    return {
      what: `${trait.label}: ${typical(trait.median, trait.unit)}`,
      how: `typical here${middle}; ${typical(trait.overall, trait.unit)} over all`,
    }
  }
  const { value, label, count, share, overall } = trait
  const here =
    count === setSize
      ? 'all of these'
      : count === 0
        ? 'none of these'
        : share < overall
          ? `only ${percent(share)} of these`
          : `${percent(share)} of these`
  return {
    what:
      value === null
        ? `${label}: not known`
        : value === 'Yes' || value === 'No'
          ? `${label}: ${value.toLowerCase()}`
          : value,
    how: `${here}, ${percent(overall)} of all`,
  }
}

/** Why two entities are neighbours. `similarity`: the name of the measure. */
export function reasonText(
  { similarity: value, shared }: Neighbour,
  similarity: string,
  collection: readonly [string, string],
): string {
  const together = shared !== null && shared > 0 ? `seen together in ${countText(shared, collection)}` : ''
  const measure =
    similarity === 'jaccard'
      ? `overlap ${percent(value)}`
      : similarity === 'lift'
        ? `${formatNumber(Number(value.toPrecision(2)))} times as often as by chance`
        : similarity === 'count'
          ? ''
          : similarity === 'weight'
            ? `strength ${formatNumber(Number(value.toPrecision(3)))}`
            : `similarity ${value.toFixed(2)}`
  return [together, measure].filter(Boolean).join(', ')
}

/** What the measure of a list of neighbours means; null where its words say it all. */
export function measureText(similarity: string, shared: boolean): string | null {
  const meanings: Record<string, string> = {
    jaccard: 'Overlap: of all that have either one, the share that has both.',
    npmi: 'Similarity: 1 is always together, 0 no more often than by chance.',
    cosine: shared
      ? 'Similarity: 1 is always in the same company, 0 never.'
      : 'Similarity: 1 is the same, 0 has nothing in common.',
    euclidean: 'Similarity: 1 is the same, near 0 is far apart.',
  }
  return meanings[similarity] ?? null
}

/** How well a map keeps the neighbours of one entity. */
export function faithfulnessText(kept: number, near: number, far: number): string {
  const total = kept + near + far
  const share =
    kept === total
      ? total === 1
        ? 'its nearest'
        : `all ${total} of its nearest`
      : kept === 0
        ? `none of its ${total} nearest`
        : `${kept} of its ${total} nearest`
  const rest = far === 0 ? '' : far === total ? '; all lie far away' : `; ${far} ${far === 1 ? 'lies' : 'lie'} far away`
  return `This map keeps ${share} right beside it${rest}.`
}
