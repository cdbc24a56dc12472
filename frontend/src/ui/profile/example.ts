/** What an empty text field shows: names of this very atlas, one of them with a rating. */
import type { Page } from '../page.svelte'

const SAMPLE = 10_000
const LONGEST = 32

/** Well-known names of the first bucket, short enough for the field. */
export function exampleOf(page: Page): string {
  const { bundle, sizeValues } = page
  if (!bundle || page.namesLoaded === 0) return ''
  const rows = Array.from({ length: Math.min(SAMPLE, bundle.manifest.buckets[0]) }, (_, row) => row)
  const worth = (row: number) => sizeValues?.[row] || 0
  const names = rows
    .sort((a, b) => worth(b) - worth(a) || a - b)
    .map((row) => bundle.nameOf(row) ?? '')
    .filter((name) => name.length > 2 && name.length <= LONGEST)
  return names
    .slice(0, 4)
    .map((name, i) => (i === 1 ? `${name}  4/5` : name))
    .join('\n')
}
