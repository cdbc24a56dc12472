/** The labels on screen: a pool of buttons, so that every named place can be reached by keyboard and by touch. */
import type { Placed } from './placement'

export interface LabelText {
  text: string
  /** The name in full, where `text` is shortened. */
  title: string
  kind: 'region' | 'entity'
  /** 'selected', 'hover', 'neighbour' or 'far' (a neighbour that this map tears away). */
  tone: string
}

export class LabelLayer {
  readonly #buttons = new Map<string, HTMLButtonElement>()
  readonly #leaving = new Set<HTMLButtonElement>()

  constructor(
    private readonly root: HTMLElement,
    /** `toggle`: with Ctrl, Cmd or Shift. */
    private readonly onPick: (key: string, toggle: boolean) => void,
  ) {
    root.addEventListener('click', this.#clicked)
  }

  #clicked = (event: MouseEvent): void => {
    const key = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset.key
    if (key) this.onPick(key, event.ctrlKey || event.metaKey || event.shiftKey)
  }

  destroy(): void {
    this.root.removeEventListener('click', this.#clicked)
    this.root.replaceChildren()
    this.#buttons.clear()
  }

  update(placed: Placed[], textOf: (key: string) => LabelText): void {
    const kept = new Set<string>()
    for (const { candidate, rect, side } of placed) {
      kept.add(candidate.key)
      let button = this.#buttons.get(candidate.key)
      const label = textOf(candidate.key)
      if (!button) {
        button = document.createElement('button')
        button.type = 'button'
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
      move(button, rect.left, rect.top)
    }
    for (const [key, button] of this.#buttons) {
      if (kept.has(key)) continue
      this.#buttons.delete(key)
      this.#leave(button)
    }
  }

  #leave(button: HTMLButtonElement): void {
    if (button === document.activeElement) this.root.parentElement?.focus({ preventScroll: true }) // else a Tab would start again at the top of the page
    button.classList.remove('shown')
    button.disabled = true
    this.#leaving.add(button)
    setTimeout(() => {
      this.#leaving.delete(button)
      button.remove()
    }, 220)
  }

  hideAll(): void {
    for (const button of this.#buttons.values()) this.#leave(button)
    this.#buttons.clear()
  }
}

function move(element: HTMLElement, left: number, top: number): void {
  element.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`
}
