/** Selection, hover, neighbours and search hits -> state bytes, the list of rows drawn on top, and neighbour lines. */
import type { Neighbour } from '../data/bundle'
import { LOOK, STATE } from '../gl/look'
import { LINE_FLOATS, type Layer, type Renderer } from '../gl/renderer'
import { worldOf } from './layers'

/** A neighbour farther than this share of the map's longest side is one that the projection tore away. */
export const FAR_SHARE = 0.18

export class Highlights {
  selected = -1
  hovered = -1
  neighbours: Neighbour[] = []
  hits: number[] = []
  #marked: number[] = []

  constructor(private readonly renderer: Renderer) {}

  get any(): boolean {
    return this.selected >= 0 || this.hits.length > 0
  }

  has(row: number): boolean {
    return this.renderer.look[row * LOOK.stride + LOOK.state] !== 0
  }

  /** Writes the state bytes of the rows that changed and uploads them. */
  apply(): void {
    const { look } = this.renderer
    const before = new Map(this.#marked.map((row) => [row, look[row * LOOK.stride + LOOK.state]]))
    for (const row of this.#marked) look[row * LOOK.stride + LOOK.state] = 0
    const mark = (row: number, bit: number) => {
      if (row >= 0) look[row * LOOK.stride + LOOK.state] |= bit
    }
    for (const row of this.hits) mark(row, STATE.hit)
    for (const { row } of this.neighbours) mark(row, STATE.neighbour)
    mark(this.selected, STATE.selected)
    mark(this.hovered, STATE.hover)
    const topLast = [...this.hits, ...this.neighbours.map((n) => n.row).reverse(), this.selected, this.hovered].filter((row) => row >= 0)
    this.#marked = [...new Set(topLast.reverse())].reverse()
    for (const row of this.#marked) if (!before.has(row)) before.set(row, 0)
    for (const [row, state] of before) {
      if (look[row * LOOK.stride + LOOK.state] !== state) this.renderer.lookChanged(row, row + 1)
    }
    this.renderer.setHighlights(Uint32Array.from(this.#marked))
  }

  /** Neighbours that lie far away in a layer. */
  farIn(layer: Layer): Set<number> {
    const far = new Set<number>()
    if (this.selected < 0) return far
    const centre = worldOf(layer, this.selected, [0, 0, 0])
    for (const { row } of this.neighbours) {
      const p = worldOf(layer, row, [0, 0, 0])
      if (Math.hypot(p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]) > 2 * FAR_SHARE) far.add(row)
    }
    return far
  }

  /** Lines from the selection to its neighbours, in both layers. */
  applyLines(): void {
    const [a, b] = [this.renderer.layer(0), this.renderer.layer(1)]
    const lines = new Float32Array(this.selected < 0 ? 0 : this.neighbours.length * LINE_FLOATS)
    const far = this.farIn(b)
    const strongest = Math.max(1e-9, ...this.neighbours.map((n) => n.similarity))
    const place: [number, number, number] = [0, 0, 0]
    this.neighbours.forEach(({ row, similarity }, i) => {
      const at = i * LINE_FLOATS
      if (at >= lines.length) return
      lines.set(worldOf(a, this.selected, place), at)
      lines.set(worldOf(b, this.selected, place), at + 3)
      lines.set(worldOf(a, row, place), at + 6)
      lines.set(worldOf(b, row, place), at + 9)
      lines[at + 12] = Math.max(0, similarity / strongest)
      lines[at + 13] = far.has(row) ? 1 : 0
    })
    this.renderer.setLines(lines)
  }
}
