/**
 * What is marked on the map -> state bytes, the rows drawn again on top, and the lines between them: hover, selection and
 * its neighbours, search hits, picked rows, profiles, and what the filter leaves out. Filter and picked set may be as
 * large as the map; the others are small.
 */
import type { Neighbour } from '../data/bundle'
import { LOOK, STATE } from '../gl/look'
import { LINE, LINE_FLOATS, type Layer, type Renderer } from '../gl/renderer'
import { worldOf } from './layers'

/** A neighbour farther than this share of the map's longest side is one that the projection tore away. */
export const FAR_SHARE = 0.18
const FEW_BITS = STATE.selected | STATE.neighbour | STATE.hit | STATE.mine | STATE.theirs
/** Below this many rows it is cheaper to upload each than all that lie between them. */
const SINGLE_UPLOADS = 48

export class Marks {
  selected = -1
  neighbours: Neighbour[] = []
  hits: number[] = []
  mine: ReadonlyMap<number, number> = new Map()
  theirs: ReadonlyMap<number, number> = new Map()
  pairs: readonly (readonly [number, number])[] = []
  #picked: Uint32Array = new Uint32Array(0)
  #hovered = -1
  #few: Uint32Array = new Uint32Array(0)

  /** Whose far neighbours are dashed, where it is not always the second layer: between two maps, the nearer one. */
  shown: (() => Layer) | null = null

  constructor(private readonly renderer: Renderer) {}

  get any(): boolean {
    return (
      this.selected >= 0 ||
      this.hits.length > 0 ||
      this.#picked.length > 0 ||
      this.mine.size > 0 ||
      this.theirs.size > 0
    )
  }

  get hovered(): number {
    return this.#hovered
  }

  get picked(): Uint32Array {
    return this.#picked
  }

  /** State bits of a row. */
  state(row: number): number {
    return this.renderer.look[row * LOOK.stride + LOOK.state]
  }

  isOut(row: number): boolean {
    return (this.state(row) & STATE.out) !== 0
  }

  setFilter(passes: Uint8Array | null): void {
    const { look, rows } = this.renderer
    let [first, last] = [rows, -1]
    for (let row = 0, at: number = LOOK.state; row < rows; row++, at += LOOK.stride) {
      const state = passes === null || passes[row] === 1 ? look[at] & ~STATE.out : look[at] | STATE.out
      if (state === look[at]) continue
      look[at] = state
      if (last < 0) first = row
      last = row
    }
    if (last >= 0) this.renderer.lookChanged(first, last + 1)
  }

  setPicked(rows: Uint32Array): void {
    const { look } = this.renderer
    const before = this.#picked
    this.#picked = rows
    for (const row of before) look[row * LOOK.stride + LOOK.state] &= ~STATE.picked
    for (const row of rows) look[row * LOOK.stride + LOOK.state] |= STATE.picked
    this.#upload([before, rows])
  }

  setHovered(row: number): void {
    const { look } = this.renderer
    const before = this.#hovered
    this.#hovered = row
    if (before >= 0) look[before * LOOK.stride + LOOK.state] &= ~STATE.hover
    if (row >= 0) look[row * LOOK.stride + LOOK.state] |= STATE.hover
    this.#upload([Uint32Array.from([before, row].filter((r) => r >= 0))])
    this.renderer.setHovered(row)
  }

  /** Writes selection, neighbours, hits and profiles, after any of them was set. */
  apply(): void {
    const { look } = this.renderer
    const before = this.#few
    for (const row of before) {
      look[row * LOOK.stride + LOOK.state] &= ~FEW_BITS
      look[row * LOOK.stride + LOOK.weight] = 0
    }
    const topFirst: number[] = []
    const mark = (row: number, bit: number, weight = 0): void => {
      if (row < 0 || row >= this.renderer.rows) return
      const at = row * LOOK.stride
      if ((look[at + LOOK.state] & FEW_BITS) === 0) topFirst.push(row)
      look[at + LOOK.state] |= bit
      look[at + LOOK.weight] = Math.max(look[at + LOOK.weight], Math.round(255 * Math.max(0, Math.min(1, weight))))
    }
    mark(this.selected, STATE.selected)
    for (const { row } of this.neighbours) mark(row, STATE.neighbour)
    for (let i = this.hits.length - 1; i >= 0; i--) mark(this.hits[i], STATE.hit)
    for (const [row, weight] of this.mine) mark(row, STATE.mine, weight)
    for (const [row, weight] of this.theirs) mark(row, STATE.theirs, weight)
    this.#few = Uint32Array.from(topFirst.reverse())
    this.#upload([before, this.#few])
    this.renderer.setHighlights(this.#few)
  }

  #upload(lists: Uint32Array[]): void {
    const count = lists.reduce((sum, rows) => sum + rows.length, 0)
    if (count <= SINGLE_UPLOADS) {
      for (const rows of lists) for (const row of rows) this.renderer.lookChanged(row, row + 1)
      return
    }
    let [first, last] = [this.renderer.rows, -1]
    for (const rows of lists) {
      for (const row of rows) {
        if (row < first) first = row
        if (row > last) last = row
      }
    }
    this.renderer.lookChanged(first, last + 1)
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

  /** Lines from the selection to its neighbours and between the pairs of a profile, in both layers. */
  applyLines(): void {
    const [a, b] = [this.renderer.layer(0), this.renderer.layer(1)]
    const far = this.farIn(this.shown?.() ?? b)
    const strongest = Math.max(1e-9, ...this.neighbours.map((n) => n.similarity))
    const wanted: [from: number, to: number, strength: number, kind: number][] = []
    for (const [from, to] of this.pairs) wanted.push([from, to, 0.4, LINE.profile])
    if (this.selected >= 0) {
      for (const { row, similarity } of this.neighbours) {
        wanted.push([this.selected, row, Math.max(0, similarity / strongest), far.has(row) ? LINE.dashed : LINE.plain])
      }
    }
    const drawn = wanted.filter(([from, to]) => (from === this.selected || !this.isOut(from)) && !this.isOut(to))
    const lines = new Float32Array(drawn.length * LINE_FLOATS)
    const place: [number, number, number] = [0, 0, 0]
    drawn.forEach(([from, to, strength, kind], i) => {
      const at = i * LINE_FLOATS
      lines.set(worldOf(a, from, place), at)
      lines.set(worldOf(b, from, place), at + 3)
      lines.set(worldOf(a, to, place), at + 6)
      lines.set(worldOf(b, to, place), at + 9)
      lines[at + 12] = strength
      lines[at + 13] = kind
    })
    this.renderer.setLines(lines)
  }
}
