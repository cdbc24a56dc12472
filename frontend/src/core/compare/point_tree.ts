/**
 * Exact nearest neighbours on a map, flat or spatial: a balanced k-d tree over the u16 positions of a layer.
 *
 * A tree and not a grid: maps are clumped, and a grid fine enough for their clumps is empty elsewhere. Both halves of
 * every split hold equally many points, so thousands of points at one place cost no more than spread ones.
 */
import type { Layer } from '../gl/renderer'

/** Rows per leaf: fewer cost more steps down, more cost more distances. */
const LEAF = 12
export const NONE = 0xffffffff

export class PointTree {
  readonly dims: 2 | 3
  readonly rows: number
  /** Rows leaf by leaf: close in this list is close on the map. */
  readonly order: Uint32Array
  /** Coordinates in the order of `order`, `dims` values per point. */
  readonly #points: Uint16Array
  readonly #positions: Uint16Array
  /** World units per step of u16. */
  readonly #step: [number, number, number]
  /** Inner nodes, numbered as in a heap. */
  readonly #axes: Uint8Array
  readonly #splits: Uint16Array

  // The query under way: what was found so far, nearest first.
  readonly #query = [0, 0, 0]
  #self = -1
  #wanted = 0
  #found = 0
  #distances = new Float64Array(0)
  #rowsFound = new Uint32Array(0)

  constructor(layer: Pick<Layer, 'positions' | 'scale'>) {
    this.#positions = layer.positions
    this.rows = layer.positions.length / 4
    this.dims = layer.scale[2] > 0 ? 3 : 2
    this.#step = layer.scale.map((side) => side / 65535) as [number, number, number]
    this.order = Uint32Array.from({ length: this.rows }, (_, row) => row)
    const inner = this.rows <= LEAF ? 0 : 2 ** Math.ceil(Math.log2(this.rows / LEAF) + 1)
    this.#axes = new Uint8Array(inner)
    this.#splits = new Uint16Array(inner)
    this.#build(0, 0, this.rows)
    this.#points = new Uint16Array(this.rows * this.dims)
    for (let i = 0; i < this.rows; i++)
      for (let axis = 0; axis < this.dims; axis++)
        this.#points[i * this.dims + axis] = this.#positions[4 * this.order[i] + axis]
  }

  #build(node: number, from: number, to: number): void {
    if (to - from <= LEAF) return
    const axis = this.#widestAxis(from, to)
    const middle = (from + to) >> 1
    this.#select(axis, from, to - 1, middle)
    this.#axes[node] = axis
    this.#splits[node] = this.#positions[4 * this.order[middle] + axis]
    this.#build(2 * node + 1, from, middle)
    this.#build(2 * node + 2, middle, to)
  }

  #widestAxis(from: number, to: number): number {
    let [best, widest] = [0, -1]
    for (let axis = 0; axis < this.dims; axis++) {
      let [low, high] = [65535, 0]
      for (let i = from; i < to; i++) {
        const v = this.#positions[4 * this.order[i] + axis]
        if (v < low) low = v
        if (v > high) high = v
      }
      const width = (high - low) * this.#step[axis]
      if (width > widest) [best, widest] = [axis, width]
    }
    return best
  }

  /** Puts at `wanted` what would stand there if order[low … high] were sorted by `axis`, smaller before it (Hoare 1961). */
  #select(axis: number, low: number, high: number, wanted: number): void {
    const { order } = this
    const positions = this.#positions
    while (low < high) {
      const pivot = positions[4 * order[(low + high) >> 1] + axis]
      let [i, j] = [low, high]
      while (i <= j) {
        while (positions[4 * order[i] + axis] < pivot) i++
        while (positions[4 * order[j] + axis] > pivot) j--
        if (i > j) break
        const row = order[i]
        order[i++] = order[j]
        order[j--] = row
      }
      if (wanted <= j) high = j
      else if (wanted >= i) low = i
      else return
    }
  }

  /** Writes the `k` rows nearest to `row`, nearest first, itself left out, to `into` at `at`; NONE where there are fewer. */
  nearest(row: number, k: number, into: Uint32Array, at = 0): void {
    if (this.#distances.length < k) {
      this.#distances = new Float64Array(k)
      this.#rowsFound = new Uint32Array(k)
    }
    for (let axis = 0; axis < this.dims; axis++) this.#query[axis] = this.#positions[4 * row + axis]
    this.#self = row
    this.#wanted = k
    this.#found = 0
    this.#search(0, 0, this.rows)
    for (let i = 0; i < k; i++) into[at + i] = i < this.#found ? this.#rowsFound[i] : NONE
  }

  #search(node: number, from: number, to: number): void {
    if (to - from <= LEAF) {
      this.#scan(from, to)
      return
    }
    const middle = (from + to) >> 1
    const axis = this.#axes[node]
    const across = (this.#query[axis] - this.#splits[node]) * this.#step[axis]
    if (across < 0) this.#search(2 * node + 1, from, middle)
    else this.#search(2 * node + 2, middle, to)
    // Only what is strictly nearer is worth the way: of many points at one place any will do.
    if (this.#found === this.#wanted && across * across >= this.#distances[this.#wanted - 1]) return
    if (across < 0) this.#search(2 * node + 2, middle, to)
    else this.#search(2 * node + 1, from, middle)
  }

  #scan(from: number, to: number): void {
    const { dims } = this
    const points = this.#points
    const distances = this.#distances
    const [qx, qy, qz] = this.#query
    const [sx, sy, sz] = this.#step
    for (let i = from; i < to; i++) {
      const dx = (points[i * dims] - qx) * sx
      const dy = (points[i * dims + 1] - qy) * sy
      const dz = dims === 3 ? (points[i * dims + 2] - qz) * sz : 0
      const distance = dx * dx + dy * dy + dz * dz
      if (this.#found === this.#wanted && distance >= distances[this.#wanted - 1]) continue
      const row = this.order[i]
      if (row === this.#self) continue
      let place = this.#found < this.#wanted ? this.#found++ : this.#wanted - 1
      while (place > 0 && distances[place - 1] > distance) {
        distances[place] = distances[place - 1]
        this.#rowsFound[place] = this.#rowsFound[place - 1]
        place--
      }
      distances[place] = distance
      this.#rowsFound[place] = row
    }
  }
}

/**
 * The `k` nearest of each of the rows 0 … rows - 1, `k` per row. A generator, so that a worker can report and stop:
 * yields the share that is done.
 */
export function* nearestOfAll(tree: PointTree, rows: number, k: number): Generator<number, Uint32Array> {
  const near = new Uint32Array(rows * k)
  const stride = 20_000
  for (let i = 0; i < tree.rows; i++) {
    const row = tree.order[i] // leaf by leaf, so that the next query finds its points in the cache
    if (row < rows) tree.nearest(row, k, near, row * k)
    if (i % stride === stride - 1) yield i / tree.rows
  }
  return near
}
