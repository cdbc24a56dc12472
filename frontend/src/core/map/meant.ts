/**
 * What a person at the keyboard means: after the map was moved by keys, what lies nearest to its middle, marked by a cross;
 * or one step further in the neighbours of the selection or the results of a search.
 */
import type { Point } from './polygon'

export interface MeantHost {
  /** Middle of what panels leave free, CSS px of the stage. */
  centre(): Point
  rowNear(place: Point): number
  /** Rows to step through, in order. */
  list(): readonly number[]
  hovered(): number
  reveal(row: number): void
  /** Marks a row and has its name announced. */
  hover(row: number): void
}

export class Meant {
  readonly #cross = document.createElement('div')
  #aiming = false

  constructor(
    stage: HTMLElement,
    private readonly host: MeantHost,
  ) {
    this.#cross.className = 'crosshair'
    this.#cross.hidden = true
    this.#cross.setAttribute('aria-hidden', 'true')
    stage.append(this.#cross)
  }

  destroy(): void {
    this.#cross.remove()
  }

  /** The map is being moved by keys. */
  aim(): void {
    this.#aiming = true
    const { x, y } = this.host.centre()
    this.#cross.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`
    this.#cross.hidden = false
  }

  /** The pointer took over, or the keyboard left the map. */
  end(): void {
    this.#aiming = false
    this.#cross.hidden = true
  }

  /** The map came to rest. */
  settle(): void {
    if (!this.#aiming) return
    const row = this.host.rowNear(this.host.centre())
    if (row !== this.host.hovered()) this.host.hover(row)
  }

  step(by: 1 | -1): boolean {
    const rows = this.host.list()
    if (rows.length === 0) return false
    this.end()
    const at = rows.indexOf(this.host.hovered())
    const row = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : (at + by + rows.length) % rows.length]
    this.host.reveal(row)
    this.host.hover(row)
    return true
  }
}
