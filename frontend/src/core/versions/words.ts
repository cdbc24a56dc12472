/** What became of a map since an earlier version of it, in words. */
import { formatCount } from '../format'

export interface Growth {
  fresh: number
  gone: number
  entity: [one: string, many: string]
  /** As `inWords` says it. */
  since: string
}

/** "142 new cards since 3 November, 3 gone." */
export function growthText({ fresh, gone, entity: [one, many], since }: Growth): string {
  if (fresh === 0 && gone === 0) return `The same ${many} as on ${since}.`
  if (fresh === 0) return `No new ${many} since ${since}, ${formatCount(gone)} gone.`
  return `${formatCount(fresh)} new ${fresh === 1 ? one : many} since ${since}${gone > 0 ? `, ${formatCount(gone)} gone` : ''}.`
}

/** Rows that moved most, with how far: the best known first of those that moved alike. `least`: below is rounding. */
export function movedMost(
  shares: Float32Array,
  rows: Uint32Array,
  options: { least: number; limit: number; sizes: Uint8Array; passes: Uint8Array | null },
): { row: number; share: number }[] {
  const { least, limit, sizes, passes } = options
  const moved: { row: number; share: number }[] = []
  rows.forEach((row, i) => {
    if (shares[i] > least && passes?.[row] !== 0) moved.push({ row, share: shares[i] })
  })
  return moved.sort((x, y) => y.share - x.share || (sizes[y.row] ?? 0) - (sizes[x.row] ?? 0)).slice(0, limit)
}
