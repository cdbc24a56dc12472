/**
 * The page inside of another page: `?embed`, or `data-embed` where it has no address. What it says to that page and hears
 * from it is described in docs/hosting.md.
 */
import type { Page } from '../page.svelte'
import type { Picked } from '../picked.svelte'
import type { Selection } from '../selection.svelte'

export const embedded =
  new URLSearchParams(location.search).has('embed') || document.documentElement.hasAttribute('data-embed')

const LONGEST_ID = 500
const MOST_IDS = 1_000_000

/** Hears `{atlas: 'select', id}` and `{atlas: 'select', ids}` from the page around; returns what ends that. */
export function listenToHost(page: Page & { ready: Promise<void> }, selection: Selection, picked: Picked): () => void {
  const hear = ({ source, data }: MessageEvent<unknown>) => {
    if (source !== window.parent || typeof data !== 'object' || data === null) return
    const { atlas: wish, id, ids } = data as { atlas?: unknown; id?: unknown; ids?: unknown }
    if (wish !== 'select') return
    const many = Array.isArray(ids) && ids.length <= MOST_IDS && ids.every(isId) ? ids : null
    if (ids !== undefined ? many === null : id !== null && !isId(id)) return
    void page.ready
      .then(() =>
        page.attempt(async () => {
          if (!many) return void (await selection.chooseId(id as string | null, { fly: true }))
          const rows = await page.bundle!.rowsOfIds(many)
          picked.set(rows.values(), 'replace', 'what the page around selected')
        }),
      )
      .catch(() => {})
  }
  addEventListener('message', hear)
  return () => removeEventListener('message', hear)
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_ID
}

/** The ids of all that is selected: the one that is looked at, or the set. */
export function tellPicked(ids: string[]): void {
  if (window.parent !== window) window.parent.postMessage({ atlas: 'picked', ids }, '*')
}

/** Ids and names are public: they are in the files that the page around could read as well. */
export function tellHost(id: string | null, name: string | null): void {
  if (window.parent !== window) window.parent.postMessage({ atlas: 'selected', id, name }, '*')
}

/**
 * Leaves the page around able to scroll: the wheel zooms the map only with Ctrl or ⌘, or after a click into it; one finger
 * scrolls, two move the map. `hint` is told when somebody tries otherwise.
 */
export function shareGestures(root: HTMLElement, hint: (text: string) => void): () => void {
  const end = new AbortController()
  const fingers = new Set<number>()
  let entered = false
  const mac = /Mac|iP(hone|ad)/.test(navigator.userAgent)
  const onMap = (event: Event) => event.target instanceof Element && event.target.closest('.stage') !== null
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    passive = true,
  ) => root.addEventListener(type, listener, { capture: true, passive, signal: end.signal })
  on('wheel', (event) => {
    if (!onMap(event) || entered || event.ctrlKey || event.metaKey) return
    event.stopPropagation()
    hint(mac ? 'Hold ⌘ to zoom the map' : 'Hold Ctrl to zoom the map')
  })
  on('pointerdown', (event) => {
    if (event.pointerType === 'touch') fingers.add(event.pointerId)
    else entered = onMap(event)
  })
  const lift = (event: PointerEvent) => void fingers.delete(event.pointerId)
  on('pointerup', lift)
  on('pointercancel', lift)
  on('pointermove', (event) => {
    if (event.pointerType === 'touch' && onMap(event) && fingers.size < 2) event.stopPropagation()
  })
  on(
    'touchmove',
    (event) => {
      if (!onMap(event)) return
      if (event.touches.length > 1) event.preventDefault()
      else hint('Use two fingers to move the map')
    },
    false,
  )
  root.addEventListener('pointerleave', () => (entered = false), { signal: end.signal })
  return () => end.abort()
}
