/** The screen shared by two maps, side by side or, on a phone, one above the other. */
import type { Rect } from '../labels/placement'
import type { Insets } from '../map/framing'

/** As ui/insets.ts measures it. */
interface Cover {
  insets: Insets
  obstacles: Rect[]
}

/** However much the panels take: never narrower than this, in CSS px. */
const LEAST_PX = 110

/** Where one map ends and the other begins: a share of what the panels leave free. CSS px from the left or top. */
export function divideAt(
  { insets }: Cover,
  size: { width: number; height: number },
  stacked: boolean,
  share: number,
): number {
  const [from, to, whole] = stacked ? [insets.top, insets.bottom, size.height] : [insets.left, insets.right, size.width]
  const free = Math.max(0, whole - from - to)
  const at = from + free * share
  return Math.round(
    free > 2 * LEAST_PX ? Math.min(whole - to - LEAST_PX, Math.max(from + LEAST_PX, at)) : from + free / 2,
  )
}

/** What the panels cover of either map, each in its own CSS px. */
export function partCover({ insets, obstacles }: Cover, divide: number, stacked: boolean): [Cover, Cover] {
  const shifted = obstacles.map(({ left, top, right, bottom }) =>
    stacked
      ? { left, right, top: top - divide, bottom: bottom - divide }
      : { top, bottom, left: left - divide, right: right - divide },
  )
  return [
    { insets: { ...insets, ...(stacked ? { bottom: 0 } : { right: 0 }) }, obstacles },
    { insets: { ...insets, ...(stacked ? { top: 0 } : { left: 0 }) }, obstacles: shifted },
  ]
}
