/** The rows whose points lie inside a polygon on screen. */
import { LOOK, STATE } from '../gl/look'
import type { Layer } from '../gl/renderer'
import { Polygon, type Point } from './polygon'

export interface Scene {
  viewProjection: Float32Array
  width: number
  height: number
  layers: readonly [Layer, Layer]
  /** Between the two layers; 1 = only the second. */
  mix: number
  look: Uint8Array
  /** Rows that are loaded. */
  rows: number
}

/** In CSS px. Ascending; without rows that the filter leaves out, that are not on the nearer map, or behind the camera. */
export function rowsWithin(points: readonly Point[], scene: Scene): Uint32Array {
  if (points.length < 3) return new Uint32Array(0)
  const polygon = new Polygon(points)
  const { look, rows, width, height, mix } = scene
  const [a, b] = scene.layers.map((layer) => ({ u: layer.positions, m: fromU16(scene.viewProjection, layer) }))
  const found = new Uint32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++) {
    if (look[row * LOOK.stride + LOOK.state] & STATE.out) continue
    const at = row * 4
    if ((mix < 0.5 ? a : b).u[at + 3] !== 0) continue
    // Clip coordinates are linear in the place, so those of a mix are the mix of both.
    let w = clip(b, 3, at)
    let x = clip(b, 0, at)
    let y = clip(b, 1, at)
    if (mix < 1) {
      w = clip(a, 3, at) * (1 - mix) + w * mix
      x = clip(a, 0, at) * (1 - mix) + x * mix
      y = clip(a, 1, at) * (1 - mix) + y * mix
    }
    if (w <= 0) continue
    if (polygon.contains((x / w + 1) * 0.5 * width, (1 - y / w) * 0.5 * height)) found[count++] = row
  }
  return found.slice(0, count)
}

function clip({ u, m }: { u: Uint16Array; m: Float64Array }, line: number, at: number): number {
  return m[line] * u[at] + m[4 + line] * u[at + 1] + m[8 + line] * u[at + 2] + m[12 + line]
}

/** Stored coordinates -> clip space. */
function fromU16(matrix: Float32Array, { scale, offset }: Layer): Float64Array {
  const m = new Float64Array(16)
  for (let line = 0; line < 4; line++) {
    for (let axis = 0; axis < 3; axis++) {
      m[4 * axis + line] = (matrix[4 * axis + line] * scale[axis]) / 65535
      m[12 + line] += matrix[4 * axis + line] * offset[axis]
    }
    m[12 + line] += matrix[12 + line]
  }
  return m
}
