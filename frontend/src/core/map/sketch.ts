/** The shape that is being drawn over the map: a lasso, a rectangle, or a box to zoom into. */
import type { SetChange, Shape } from '../camera/tools'
import type { Point } from './polygon'

const SVG = 'http://www.w3.org/2000/svg'
/** Closer than this, another point of a lasso would change nothing. */
const STEP_PX = 2
/** Smaller shapes are slips of the hand. */
const LEAST_PX = 4

export interface Drawn {
  shape: Shape
  /** CSS px of the stage. */
  polygon: Point[]
  how: SetChange
}

export class Sketch {
  readonly #svg = document.createElementNS(SVG, 'svg')
  readonly #path = document.createElementNS(SVG, 'path')
  #drawn: Drawn | null = null

  constructor(stage: HTMLElement) {
    this.#svg.setAttribute('class', 'sketch')
    this.#svg.setAttribute('aria-hidden', 'true')
    this.#svg.append(this.#path)
    stage.append(this.#svg)
  }

  destroy(): void {
    this.#svg.remove()
  }

  start(shape: Shape, x: number, y: number, how: SetChange): void {
    this.#drawn = { shape, polygon: [{ x, y }], how }
    this.#path.setAttribute('class', `${shape} ${how}`)
  }

  to(x: number, y: number): void {
    if (!this.#drawn) return
    const { shape, polygon } = this.#drawn
    const [first] = polygon
    if (shape === 'lasso') {
      const last = polygon[polygon.length - 1]
      if (Math.hypot(x - last.x, y - last.y) < STEP_PX) return
      polygon.push({ x, y })
    } else {
      this.#drawn.polygon = [first, { x, y: first.y }, { x, y }, { x: first.x, y }]
    }
    this.#path.setAttribute('d', `M${this.#drawn.polygon.map((p) => `${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join('L')}Z`)
  }

  /** What was drawn, if it is large enough to be meant. */
  finish(): Drawn | null {
    const drawn = this.#drawn
    this.drop()
    if (!drawn || drawn.polygon.length < 3) return null
    const side = (values: number[]): number => Math.max(...values) - Math.min(...values)
    return Math.max(side(drawn.polygon.map((p) => p.x)), side(drawn.polygon.map((p) => p.y))) < LEAST_PX ? null : drawn
  }

  drop(): boolean {
    const had = this.#drawn !== null
    this.#drawn = null
    this.#path.setAttribute('d', '')
    return had
  }
}
