/** Positions of the projections as GPU layers: loaded bucket by bucket, the most recent ones kept. */
import type { Bundle } from '../data/bundle'
import type { Projection } from '../data/manifest'
import type { Extent } from '../camera/camera'
import type { Layer } from '../gl/renderer'

/** What the stored coordinates of a layer stand for. */
export type Units = Pick<Layer, 'scale' | 'offset'>

const KEPT = 6
/** World units; a map lies within 1, an earlier version of it may reach beyond. */
const WIDEST = 2

/** 0 … 1 as a stored coordinate. */
export function toSteps(share: number): number {
  return Math.round(Math.max(0, Math.min(1, share)) * 65535)
}

/** World units of a projection: the longest side of its bounding box spans [-1, 1], all axes alike. */
export function unitsOf(projection: Projection): { scale: Extent; offset: Extent; extent: Extent } {
  const sides = [0, 1, 2].map((axis) =>
    axis < projection.dims ? projection.bbox[1][axis] - projection.bbox[0][axis] : 0,
  )
  const longest = Math.max(...sides) || 1
  const extent = sides.map((side) => side / longest) as Extent
  return { scale: extent.map((e) => 2 * e) as Extent, offset: extent.map((e) => -e) as Extent, extent }
}

/** A place given in projection units (regions), in world units. */
export function toWorldUnits(
  projection: Projection,
  place: { x: number; y: number; z?: number | null },
): [number, number, number] {
  const { extent } = unitsOf(projection)
  const values = [place.x, place.y, place.z ?? 0]
  return [0, 1, 2].map((axis) => {
    if (axis >= projection.dims) return 0
    const [lo, hi] = [projection.bbox[0][axis], projection.bbox[1][axis]]
    return hi > lo ? ((values[axis] - lo) / (hi - lo)) * 2 * extent[axis] - extent[axis] : 0
  }) as [number, number, number]
}

/** The way back. */
export function toProjectionUnits(
  projection: Projection,
  world: readonly [number, number, number],
): [number, number, number] {
  const { extent } = unitsOf(projection)
  return [0, 1, 2].map((axis) => {
    if (axis >= projection.dims) return 0
    const [lo, hi] = [projection.bbox[0][axis], projection.bbox[1][axis]]
    return extent[axis] > 0 ? lo + ((world[axis] + extent[axis]) / (2 * extent[axis])) * (hi - lo) : lo
  }) as [number, number, number]
}

export class LayerStore {
  /** Least recently used first. */
  readonly #complete = new Map<string, Layer>()
  readonly #loading = new Map<string, Promise<Layer>>()

  constructor(private readonly bundle: Bundle) {}

  /** A layer whose first bucket is there; `rest` loads the others. */
  async first(projection: Projection): Promise<{ layer: Layer; rest: () => Promise<Layer> }> {
    const known = this.known(projection)
    if (known) return { layer: known, rest: () => Promise.resolve(known) }
    const { scale, offset } = unitsOf(projection)
    const layer: Layer = { positions: new Uint16Array(this.bundle.manifest.n * 4), scale, offset }
    await this.bundle.positions(projection, 0, layer.positions)
    const rest = async () => {
      await Promise.all(
        projection.buckets.slice(1).map((_, i) => this.bundle.positions(projection, i + 1, layer.positions)),
      )
      this.#complete.set(projection.key, layer)
      const oldest = this.#complete.keys().next().value
      if (this.#complete.size > KEPT && oldest !== undefined) this.#complete.delete(oldest)
      return layer
    }
    return { layer, rest }
  }

  /** A layer that is there already. */
  known(projection: Projection): Layer | null {
    const layer = this.#complete.get(projection.key)
    if (!layer) return null
    this.#complete.delete(projection.key)
    this.#complete.set(projection.key, layer)
    return layer
  }

  /** Every row; asked for twice, it is loaded once. */
  whole(projection: Projection): Promise<Layer> {
    const { key } = projection
    let loading = this.#loading.get(key)
    if (!loading) {
      loading = this.first(projection)
        .then(({ rest }) => rest())
        .finally(() => this.#loading.delete(key))
      this.#loading.set(key, loading)
    }
    return loading
  }
}

export function worldOf(layer: Layer, row: number, out: [number, number, number]): [number, number, number] {
  for (let axis = 0; axis < 3; axis++)
    out[axis] = (layer.positions[4 * row + axis] / 65535) * layer.scale[axis] + layer.offset[axis]
  return out
}

/** World places as stored coordinates; what these cannot say stays at their ends. */
export function stored(world: Float32Array, { scale, offset }: Units): Layer {
  const positions = new Uint16Array((world.length / 3) * 4)
  for (let i = 0; i < world.length; i++) {
    const axis = i % 3
    positions[4 * Math.floor(i / 3) + axis] = scale[axis] > 0 ? toSteps((world[i] - offset[axis]) / scale[axis]) : 0
  }
  return { positions, scale, offset }
}

/** The same places in other units. */
export function restored(layer: Layer, units: Units): Layer {
  const rows = layer.positions.length / 4
  const world = new Float32Array(3 * rows)
  const place: [number, number, number] = [0, 0, 0]
  for (let row = 0; row < rows; row++) world.set(worldOf(layer, row, place), 3 * row)
  const result = stored(world, units)
  for (let lane = 3; lane < layer.positions.length; lane += 4) result.positions[lane] = layer.positions[lane]
  return result
}

/** The box around some rows, in world units. */
export function boxOf(layer: Layer, rows: Uint32Array): [low: Extent, high: Extent] {
  const low: Extent = [65535, 65535, 65535]
  const high: Extent = [0, 0, 0]
  for (const row of rows) {
    for (let axis = 0; axis < 3; axis++) {
      low[axis] = Math.min(low[axis], layer.positions[4 * row + axis])
      high[axis] = Math.max(high[axis], layer.positions[4 * row + axis])
    }
  }
  const world = (place: Extent) =>
    place.map((v, axis) => (v / 65535) * layer.scale[axis] + layer.offset[axis]) as Extent
  return [world(low), world(high)]
}

/** Of each end of each axis; what lies beyond does not frame the map. */
const STRAYS = 0.0025
/** Only where leaving strays out makes the rest this much larger: most maps have none. */
const WORTHWHILE = 0.85
const BULK_MARGIN = 1.03
const BINS = 1024

/** The box that holds 99.5 % of the rows per axis, in world units; null where the whole map is hardly larger. */
export function bulkOf(layer: Layer, rows: number): [low: Extent, high: Extent] | null {
  const low: Extent = [0, 0, 0]
  const high: Extent = [0, 0, 0]
  let worthwhile = false
  for (let axis = 0; axis < 3; axis++) {
    const counts = new Uint32Array(BINS)
    let all = 0
    for (let row = 0; row < rows; row++) {
      if (layer.positions[4 * row + 3] !== 0) continue // not on this map
      counts[(layer.positions[4 * row + axis] * BINS) >> 16]++
      all++
    }
    const strays = Math.floor(all * STRAYS)
    let [from, to] = [0, BINS - 1]
    for (let left = counts[from]; left <= strays && from < to; left += counts[++from]);
    for (let left = counts[to]; left <= strays && to > from; left += counts[--to]);
    const [middle, half] = [(from + to + 1) / 2 / BINS, (BULK_MARGIN * (to + 1 - from)) / 2 / BINS]
    const [least, most] = [Math.max(0, middle - half), Math.min(1, middle + half)]
    low[axis] = least * layer.scale[axis] + layer.offset[axis]
    high[axis] = most * layer.scale[axis] + layer.offset[axis]
    if (layer.scale[axis] > 0 && most - least < WORTHWHILE) worthwhile = true
  }
  return worthwhile ? [low, high] : null
}

/** The layer seen in the middle of a morph, so that a new morph can start there. */
export function mixedLayer(a: Layer, b: Layer, mix: number): Layer {
  const rows = a.positions.length / 4
  const positions = new Uint16Array(rows * 4)
  const [p, q]: [number, number, number][] = [
    [0, 0, 0],
    [0, 0, 0],
  ]
  for (let row = 0; row < rows; row++) {
    worldOf(a, row, p)
    worldOf(b, row, q)
    for (let axis = 0; axis < 3; axis++)
      positions[4 * row + axis] = toSteps((p[axis] + (q[axis] - p[axis]) * mix + WIDEST) / (2 * WIDEST))
    positions[4 * row + 3] = Math.round(a.positions[4 * row + 3] * (1 - mix) + b.positions[4 * row + 3] * mix)
  }
  return { positions, scale: [2 * WIDEST, 2 * WIDEST, 2 * WIDEST], offset: [-WIDEST, -WIDEST, -WIDEST] }
}
