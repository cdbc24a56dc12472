/** A profile as part of a link: ids, not rows, since rows change when an atlas is rebuilt; weights in per cent. */
import { packIds, unpackIds } from '../select/ids'

export async function packProfile(weights: Iterable<readonly [id: string, weight: number]>): Promise<string> {
  return packIds([...weights].map(([id, weight]) => `${id}:${Math.round(weight * 100)}`))
}

/** Id -> weight 0 … 1; null where the text was cut off or is something else. */
export async function unpackProfile(text: string): Promise<Map<string, number> | null> {
  const items = await unpackIds(text)
  const weights = new Map<string, number>()
  for (const item of items ?? []) {
    const parts = /^(.*):(\d{1,3})$/su.exec(item)
    if (!parts || Number(parts[2]) > 100) return null
    weights.set(parts[1], Number(parts[2]) / 100)
  }
  return weights.size > 0 ? weights : null
}
