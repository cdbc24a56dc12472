/** How far each row moves from one map to another, once the maps are laid over each other. */
import type { Layer } from '../gl/renderer'
import { align, carried, inverse, type Similarity } from './procrustes'

const SAMPLE = 4000
/** World units of a map's longest side. */
const WIDTH = 2

export interface Movement {
  /** Per row, in shares of the map's width. */
  shares: Float32Array
  /** Per row and axis, from a to b, in shares of the map's width, seen in the frame of a (of b where only b is flat). */
  steps: Float32Array
  /** Lays b over a. */
  similarity: Similarity
}

export function movementBetween(a: Layer, b: Layer): Movement {
  const rows = a.positions.length / 4
  const sample = Uint32Array.from({ length: Math.min(rows, SAMPLE) }, (_, i) =>
    Math.floor((i * rows) / Math.min(rows, SAMPLE)),
  )
  // The flat one of two is the target: what is compared is what both can show.
  const flipped = a.scale[2] > 0 && b.scale[2] === 0
  const [target, source] = flipped ? [b, a] : [a, b]
  const found = align(target, source, sample)
  const dims = target.scale[2] > 0 ? 3 : 2
  const shares = new Float32Array(rows)
  const steps = new Float32Array(rows * 3)
  const at = [0, 0, 0]
  const world = (layer: Layer, row: number, axis: number) =>
    (layer.positions[4 * row + axis] / 65535) * layer.scale[axis] + layer.offset[axis]
  const sign = flipped ? -1 : 1
  for (let row = 0; row < rows; row++) {
    carried(found, world(source, row, 0), world(source, row, 1), world(source, row, 2), at)
    for (let axis = 0; axis < dims; axis++)
      steps[3 * row + axis] = (sign * (at[axis] - world(target, row, axis))) / WIDTH
    shares[row] = Math.hypot(steps[3 * row], steps[3 * row + 1], steps[3 * row + 2])
  }
  return { shares, steps, similarity: flipped ? inverse(found) : found }
}
