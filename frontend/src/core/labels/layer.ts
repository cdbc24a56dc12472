/**
 * The labels on screen: a pool of buttons, so that every named place can be reached by keyboard and by touch. They are one
 * stop of the Tab key; arrows go to the nearest label in their direction.
 */
import type { Placed, Rect } from './placement'

export interface LabelText {
  text: string
  /** The name in full, where `text` is shortened. */
  title: string
  kind: 'region' | 'entity'
  /** 'selected', 'hover', 'neighbour' or 'far' (a neighbour that this map tears away). */
  tone: string
  /** Of a region: px of its letters, em between them, and the colour of what lies there, `r g b`. */
  px?: number
  spacing?: number
  ink?: string
}

export class LabelLayer {
  readonly #buttons = new Map<string, HTMLButtonElement>()
  readonly #rects = new Map<string, Rect>()
  /** The label that Tab stops at: the one last focused, else the most important. */
  #stop: string | null = null

  constructor(
    private readonly root: HTMLElement,
    /** toggle: with Ctrl, Cmd or Shift. point: a label is under the pointer or has the focus; null = none is any more. */
    private readonly told: { pick(key: string, toggle: boolean): void; point(key: string | null): void },
  ) {
    root.addEventListener('click', this.#clicked)
    root.addEventListener('pointerover', this.#over)
    root.addEventListener('pointerout', this.#away)
    root.addEventListener('focusout', this.#away)
    root.addEventListener('keydown', this.#key)
    root.addEventListener('focusin', this.#focused)
  }

  #clicked = (event: MouseEvent): void => {
    const key = keyOf(event)
    if (key) this.told.pick(key, event.ctrlKey || event.metaKey || event.shiftKey)
  }

  #over = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') this.told.point(keyOf(event) ?? null)
  }

  #away = (): void => this.told.point(null)

  #focused = (event: FocusEvent): void => {
    const key = keyOf(event)
    if (!key) return
    this.#stopAt(key)
    this.told.point(key)
  }

  #key = (event: KeyboardEvent): void => {
    const direction = DIRECTIONS[event.key]
    const key = keyOf(event)
    if (!direction || !key || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation() // else the map would move
    const next = nextIn(this.#rects, key, direction)
    if (next) this.#buttons.get(next)?.focus({ preventScroll: true })
  }

  #stopAt(key: string | null): void {
    if (this.#stop !== null && this.#stop !== key) this.#buttons.get(this.#stop)?.setAttribute('tabindex', '-1')
    this.#stop = key
    if (key !== null) this.#buttons.get(key)?.setAttribute('tabindex', '0')
  }

  destroy(): void {
    this.root.removeEventListener('click', this.#clicked)
    this.root.removeEventListener('pointerover', this.#over)
    this.root.removeEventListener('pointerout', this.#away)
    this.root.removeEventListener('focusout', this.#away)
    this.root.removeEventListener('keydown', this.#key)
    this.root.removeEventListener('focusin', this.#focused)
    this.root.replaceChildren()
    this.#buttons.clear()
  }

  update(placed: Placed[], textOf: (key: string) => LabelText): void {
    this.#rects.clear()
    const kept = new Set<string>()
    for (const { candidate, rect, side } of placed) {
      kept.add(candidate.key)
      this.#rects.set(candidate.key, rect)
      let button = this.#buttons.get(candidate.key)
      const label = textOf(candidate.key)
      if (!button) {
        button = document.createElement('button')
        button.type = 'button'
        button.tabIndex = -1
        button.dataset.key = candidate.key
        this.root.append(button)
        this.#buttons.set(candidate.key, button)
        const entering = button
        requestAnimationFrame(() => entering.classList.add('shown'))
      }
      if (button.textContent !== label.text) {
        button.textContent = label.text
        button.setAttribute('aria-label', label.title)
      }
      const className = `label ${label.kind} ${side} ${label.tone}`
      if (button.dataset.look !== className) {
        button.dataset.look = className
        button.className = `${className}${button.classList.contains('shown') ? ' shown' : ''}`
      }
      if (label.px !== undefined) dress(button, label)
      move(button, rect.left, rect.top)
    }
    for (const [key, button] of this.#buttons) {
      if (kept.has(key)) continue
      this.#buttons.delete(key)
      this.#leave(button)
    }
    if (this.#stop === null || !kept.has(this.#stop)) this.#stopAt(placed[0]?.candidate.key ?? null)
  }

  #leave(button: HTMLButtonElement): void {
    if (button === document.activeElement) this.root.parentElement?.focus({ preventScroll: true }) // else a Tab would start again at the top of the page
    button.classList.remove('shown')
    button.disabled = true
    setTimeout(() => button.remove(), 220)
  }
}

const DIRECTIONS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** The label that lies nearest in a direction, give or take 60 degrees. */
export function nextIn(
  rects: ReadonlyMap<string, Rect>,
  from: string,
  [dx, dy]: readonly [number, number],
): string | null {
  const centre = ({ left, top, right, bottom }: Rect) => ({ x: (left + right) / 2, y: (top + bottom) / 2 })
  const start = rects.get(from)
  if (!start) return null
  const { x, y } = centre(start)
  let best: string | null = null
  let least = Infinity
  for (const [key, rect] of rects) {
    const at = centre(rect)
    const along = (at.x - x) * dx + (at.y - y) * dy
    const aside = Math.abs((at.x - x) * dy) + Math.abs((at.y - y) * dx)
    if (key === from || along <= 0 || aside > along * 1.8) continue
    const cost = along + 2 * aside
    if (cost < least) [best, least] = [key, cost]
  }
  return best
}

function keyOf(event: Event): string | undefined {
  return (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset.key
}

function dress({ dataset, style }: HTMLElement, { px, spacing, ink }: LabelText): void {
  const type = `${px} ${spacing} ${ink}`
  if (dataset.type === type) return
  dataset.type = type
  style.fontSize = `${px}px`
  style.letterSpacing = `${spacing}em`
  style.setProperty('--ink', ink ? `rgb(${ink})` : 'var(--text)')
}

function move(element: HTMLElement, left: number, top: number): void {
  element.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`
}
