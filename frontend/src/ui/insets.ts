/** What the panels cover of the map, measured from the document. */
import type { Insets } from '../core/map/framing'
import type { Rect } from '../core/labels/placement'

export interface Cover {
  insets: Insets
  obstacles: Rect[]
}

/** Elements say with data-covers="left|right|top|bottom" which side they take; "spot" hides only what lies below. */
export function measureCover(root: HTMLElement, narrow: boolean): Cover {
  const frame = root.getBoundingClientRect()
  const insets: Insets = { left: 0, top: 0, right: 0, bottom: 0 }
  const obstacles: Rect[] = []
  const margin = narrow ? 4 : 10
  for (const panel of root.querySelectorAll<HTMLElement>('[data-covers]')) {
    const box = panel.getBoundingClientRect()
    if (box.width === 0 || box.height === 0) continue
    obstacles.push({
      left: box.left - frame.left - 4,
      top: box.top - frame.top - 4,
      right: box.right - frame.left + 4,
      bottom: box.bottom - frame.top + 4,
    })
    const side = panel.dataset.covers
    if (side === 'left') insets.left = Math.max(insets.left, box.right - frame.left + margin)
    else if (side === 'right') insets.right = Math.max(insets.right, frame.right - box.left + margin)
    else if (side === 'top') insets.top = Math.max(insets.top, box.bottom - frame.top + margin)
    else if (side === 'bottom') insets.bottom = Math.max(insets.bottom, frame.bottom - box.top + margin)
  }
  return { insets, obstacles }
}

/** Calls `changed` now and whenever a panel inside `chrome` comes, goes or changes its size; returns what ends that. */
export function watchCover(
  root: HTMLElement,
  chrome: HTMLElement,
  narrow: boolean,
  changed: (cover: Cover) => void,
): () => void {
  const tell = () => changed(measureCover(root, narrow))
  const sizes = new ResizeObserver(tell)
  let watched: Element[] = []
  const watch = (): boolean => {
    const panels = [...chrome.querySelectorAll('[data-covers]')]
    if (panels.length === watched.length && panels.every((panel, i) => panel === watched[i])) return false
    sizes.disconnect()
    for (const panel of [root, ...panels]) sizes.observe(panel)
    watched = panels
    return true
  }
  const panels = new MutationObserver(() => {
    if (watch()) tell()
  })
  panels.observe(chrome, { childList: true, subtree: true })
  watch()
  tell()
  return () => {
    sizes.disconnect()
    panels.disconnect()
  }
}
