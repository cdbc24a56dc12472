/** The similarity (turn, mirror, scale, shift) that lays one map over another, found so that outliers do not matter. */
import type { Layer } from '../gl/renderer'

/** Takes a place of the source map, in world units, to the target map: scale × turn × place + shift. */
export interface Similarity {
  scale: number
  /** 3 × 3, row by row; orthogonal, mirrored where its determinant is -1. */
  turn: Float64Array
  shift: [number, number, number]
}

const ROUNDS = 30
const NARROWING = 1.35
/** World units; differences below are those of rounding to u16. */
const LEAST_REACH = 2e-4

export const IDENTITY: Similarity = { scale: 1, turn: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), shift: [0, 0, 0] }

export function carried({ scale, turn, shift }: Similarity, x: number, y: number, z: number, out: number[]): number[] {
  for (let axis = 0; axis < 3; axis++)
    out[axis] = scale * (turn[3 * axis] * x + turn[3 * axis + 1] * y + turn[3 * axis + 2] * z) + shift[axis]
  return out
}

/** The way back. */
export function inverse({ scale, turn, shift }: Similarity): Similarity {
  const back = Float64Array.from({ length: 9 }, (_, i) => turn[3 * (i % 3) + Math.floor(i / 3)])
  const to = carried({ scale: 1 / scale, turn: back, shift: [0, 0, 0] }, ...shift, [0, 0, 0])
  return { scale: 1 / scale, turn: back, shift: to.map((v) => -v) as [number, number, number] }
}

/**
 * Least squares over `rows`, in which far-off rows count ever less (graduated non-convexity with Geman-McClure weights,
 * Yang et al. 2020): what half of the rows agree on is found whatever the others do.
 * A flat target is compared in its plane, so that depth, which it cannot show, is no difference.
 */
export function align(target: Layer, source: Layer, rows: Uint32Array): Similarity {
  const dims = target.scale[2] > 0 ? 3 : 2
  const p = worldOfAll(target, rows)
  const q = worldOfAll(source, rows)
  const weights = new Float64Array(rows.length).fill(1)
  const residuals = new Float64Array(rows.length)
  const at = [0, 0, 0]
  let best = IDENTITY
  let reach = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    best = fit(p, q, weights, dims)
    for (let i = 0; i < rows.length; i++) {
      carried(best, q[3 * i], q[3 * i + 1], q[3 * i + 2], at)
      // The plane of a flat target has no depth of its own: it takes on the source's, which makes the fit exact over rounds.
      if (dims === 2) p[3 * i + 2] = at[2]
      residuals[i] = Math.hypot(p[3 * i] - at[0], p[3 * i + 1] - at[1], p[3 * i + 2] - at[2])
    }
    const sorted = residuals.slice().sort()
    const least = Math.max(LEAST_REACH, 2 * sorted[sorted.length >> 1])
    reach = Math.max(least, Math.min(reach, sorted[sorted.length - 1] * NARROWING) / NARROWING)
    for (let i = 0; i < rows.length; i++) weights[i] = (reach ** 2 / (residuals[i] ** 2 + reach ** 2)) ** 2
  }
  return best
}

function worldOfAll(layer: Layer, rows: Uint32Array): Float64Array {
  const world = new Float64Array(rows.length * 3)
  rows.forEach((row, i) => {
    for (let axis = 0; axis < 3; axis++)
      world[3 * i + axis] = (layer.positions[4 * row + axis] / 65535) * layer.scale[axis] + layer.offset[axis]
  })
  return world
}

function fit(p: Float64Array, q: Float64Array, weights: Float64Array, dims: number): Similarity {
  const [pm, qm] = [mean(p, weights), mean(q, weights)]
  const cross = new Float64Array(9) // source axis × target axis
  for (let i = 0; i < weights.length; i++) {
    for (let s = 0; s < 3; s++)
      for (let t = 0; t < 3; t++) cross[3 * s + t] += weights[i] * (q[3 * i + s] - qm[s]) * (p[3 * i + t] - pm[t])
  }
  const turn = nearestTurn(cross)
  // The ratio of the spreads, not the least-squares scale: that one shrinks maps that agree little until all rows meet.
  let [spread, size] = [0, 0]
  for (let i = 0; i < weights.length; i++) {
    for (let t = 0; t < dims; t++) {
      const turned =
        turn[3 * t] * (q[3 * i] - qm[0]) +
        turn[3 * t + 1] * (q[3 * i + 1] - qm[1]) +
        turn[3 * t + 2] * (q[3 * i + 2] - qm[2])
      spread += weights[i] * (p[3 * i + t] - pm[t]) ** 2
      size += weights[i] * turned ** 2
    }
  }
  const scale = size > 0 && spread > 0 ? Math.sqrt(spread / size) : 1
  const moved = carried({ scale, turn, shift: [0, 0, 0] }, qm[0], qm[1], qm[2], [0, 0, 0])
  return { scale, turn, shift: moved.map((v, axis) => (axis < dims ? pm[axis] - v : 0)) as [number, number, number] }
}

function mean(points: Float64Array, weights: Float64Array): number[] {
  const sums = [0, 0, 0]
  let total = 0
  for (let i = 0; i < weights.length; i++) {
    total += weights[i]
    for (let axis = 0; axis < 3; axis++) sums[axis] += weights[i] * points[3 * i + axis]
  }
  return sums.map((v) => v / (total || 1))
}

/** The orthogonal matrix that turns source axes to target axes best: V Uᵀ of cross = U S Vᵀ (Schönemann 1966). */
export function nearestTurn(cross: Float64Array): Float64Array {
  const gram = new Float64Array(9) // crossᵀ cross = V S² Vᵀ
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) for (let s = 0; s < 3; s++) gram[3 * i + j] += cross[3 * s + i] * cross[3 * s + j]
  const { values, vectors: v } = eigen(gram)
  const order = [0, 1, 2].sort((a, b) => values[b] - values[a])
  const right = order.map((c) => [v[c], v[3 + c], v[6 + c]])
  const left: number[][] = []
  const tiny = 1e-12 * Math.max(values[order[0]], 1e-300)
  order.forEach((c, i) => {
    const u = [0, 1, 2].map(
      (s) => cross[3 * s] * right[i][0] + cross[3 * s + 1] * right[i][1] + cross[3 * s + 2] * right[i][2],
    )
    const length = Math.hypot(...u)
    left.push(values[c] > tiny && length > 0 ? u.map((x) => x / length) : completed(left))
  })
  return Float64Array.from({ length: 9 }, (_, at) => {
    const [t, s] = [Math.floor(at / 3), at % 3]
    return right[0][t] * left[0][s] + right[1][t] * left[1][s] + right[2][t] * left[2][s]
  })
}

/** A unit vector at right angles to the given ones. */
function completed(others: number[][]): number[] {
  for (const axis of [2, 1, 0]) {
    const candidate = [0, 0, 0]
    candidate[axis] = 1
    for (const other of others) {
      const along = candidate[0] * other[0] + candidate[1] * other[1] + candidate[2] * other[2]
      for (let i = 0; i < 3; i++) candidate[i] -= along * other[i]
    }
    const length = Math.hypot(...candidate)
    if (length > 0.5) return candidate.map((v) => v / length)
  }
  return [0, 0, 1]
}

/** Eigenvalues and vectors (columns) of a symmetric 3 × 3 matrix, by Jacobi's rotations. */
function eigen(matrix: Float64Array): { values: number[]; vectors: Float64Array } {
  const a = matrix.slice()
  const v = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1)
  for (let sweep = 0; sweep < 24; sweep++) {
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      if (Math.abs(a[3 * p + q]) < 1e-300) continue
      const theta = (a[3 * q + q] - a[3 * p + p]) / (2 * a[3 * p + q])
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
      const c = 1 / Math.sqrt(t * t + 1)
      const s = t * c
      for (let i = 0; i < 3; i++) {
        const [x, y] = [a[3 * i + p], a[3 * i + q]]
        a[3 * i + p] = c * x - s * y
        a[3 * i + q] = s * x + c * y
      }
      for (let i = 0; i < 3; i++) {
        const [x, y] = [a[3 * p + i], a[3 * q + i]]
        a[3 * p + i] = c * x - s * y
        a[3 * q + i] = s * x + c * y
        const [f, g] = [v[3 * i + p], v[3 * i + q]]
        v[3 * i + p] = c * f - s * g
        v[3 * i + q] = s * f + c * g
      }
    }
  }
  return { values: [a[0], a[4], a[8]], vectors: v }
}
