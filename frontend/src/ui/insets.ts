/** What the panels cover of the map, measured from the document. */
import type { Insets } from '../core/map/framing'
import type { Rect } from '../core/labels/placement'

/** Elements say with data-covers="left|right|top|bottom" which side they take; "spot" hides only what lies below. */
export function measureCover(root: HTMLElement, narrow: boolean): { insets: Insets; obstacles: Rect[] } {
  const frame = root.getBoundingClientRect()
  const insets: Insets = { left: 0, top: 0, right: 0, bottom: 0 }
  const obstacles: Rect[] = []
  const margin = narrow ? 4 : 10
  for (const panel of root.querySelectorAll<HTMLElement>('[data-covers]')) {
    const box = panel.getBoundingClientRect()
    if (box.width === 0 || box.height === 0) continue
    obstacles.push({ left: box.left - frame.left - 4, top: box.top - frame.top - 4, right: box.right - frame.left + 4, bottom: box.bottom - frame.top + 4 })
    const side = panel.dataset.covers
    if (side === 'left') insets.left = Math.max(insets.left, box.right - frame.left + margin)
    else if (side === 'right') insets.right = Math.max(insets.right, frame.right - box.left + margin)
    else if (side === 'top') insets.top = Math.max(insets.top, box.bottom - frame.top + margin)
    else if (side === 'bottom') insets.bottom = Math.max(insets.bottom, frame.bottom - box.top + margin)
  }
  return { insets, obstacles }
}
