/** What a point looks like besides its place: four bytes per row, uploaded as one attribute. */
export const LOOK = { colour: 0, size: 1, state: 2, weight: 3, stride: 4 } as const

/**
 * Bits of the state byte. `out`: the filter leaves the row out. A row with any other bit is highlighted: never dimmed, and
 * ringed on top of the rest. `mine` and `theirs` belong to profiles, whose weight 0 … 255 is the fourth byte.
 */
export const STATE = {
  hover: 1,
  selected: 2,
  neighbour: 4,
  hit: 8,
  picked: 16,
  mine: 32,
  theirs: 64,
  out: 128,
} as const

/** Palette slots: 0 … 239 a ramp or categories, then the ones with a fixed meaning. */
export const SLOT = { ramp: 240, other: 253, unknown: 254, plain: 255 } as const

/** The size of every point where no field sizes them, or where the field says the same of nearly all. */
const PLAIN_SIZE = 56

export function plainSizes(rows: number): Uint8Array {
  return new Uint8Array(rows).fill(PLAIN_SIZE)
}

/**
 * Size bytes from popularity: partly logarithmic, so that the few giants stand out without hiding the many.
 * Unknown values get the smallest size. Where the upper quartile is close to the lower one (`quantiles`: 21 values, 0 to
 * 100 %), size would only make all points large, so they get the plain one.
 */
export function sizesFrom(values: Float32Array, min: number, max: number, quantiles: readonly number[]): Uint8Array {
  if (quantiles[15] <= quantiles[5] * 1.25) return plainSizes(values.length)
  const low = Math.min(0, min)
  const logSpan = Math.log1p(max - low) || 1
  const rootSpan = Math.sqrt(max - low) || 1
  return Uint8Array.from(values, (v) => {
    if (Number.isNaN(v)) return 0
    const above = Math.max(0, v - low)
    return Math.round(255 * (0.45 * (Math.log1p(above) / logSpan) + 0.55 * (Math.sqrt(above) / rootSpan)))
  })
}

/** A number in 0 … 1 that looks random but is the row's own: neighbours in the bundle get distant ones. */
export function scatter(row: number): number {
  return (Math.imul(row + 1, 0x9e3779b1) >>> 0) / 2 ** 32
}

/**
 * Rows in drawing order: least important first, so that popular points end on top and the last k entries are the k
 * most important rows. Equal sizes are spread over the map: rows follow a space-filling curve, so in their own order the
 * last k would be one corner of it.
 */
export function drawingOrder(sizes: Uint8Array, rows: number): Uint32Array {
  const starts = new Uint32Array(257)
  for (let row = 0; row < rows; row++) starts[sizes[row] + 1]++
  for (let s = 0; s < 256; s++) starts[s + 1] += starts[s]
  const order = new Uint32Array(rows)
  const stride = coprimeStride(rows)
  for (let i = rows - 1; i >= 0; i--) {
    const row = (i * stride) % rows // every row once: the stride has no factor in common with their number
    order[starts[sizes[row]]++] = row
  }
  return order
}

export interface Arrangement {
  /** Rows in drawing order: those left out by the filter, then the others, then the picked ones. */
  order: Uint32Array
  /** How many of them the filter leaves out. */
  out: number
  /** How many at the end are picked. */
  picked: number
}

/** Rows in the given order, but what is left out below everything and what is picked on top of everything. */
export function arranged(order: Uint32Array, look: Uint8Array): Arrangement {
  const ends = new Uint32Array(3)
  const kinds = new Uint8Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const state = look[order[i] * LOOK.stride + LOOK.state]
    ends[(kinds[i] = state & STATE.out ? 0 : state & STATE.picked ? 2 : 1)]++
  }
  const [out, rest, picked] = ends
  if (out === order.length || rest === order.length) return { order, out, picked }
  const next = [0, out, out + rest]
  const result = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) result[next[kinds[i]]++] = order[i]
  return { order: result, out, picked }
}

/** A stride of about 0.618 n without a common factor: steps of the golden ratio cover a range most evenly. */
function coprimeStride(n: number): number {
  const factor = (a: number, b: number): number => (b === 0 ? a : factor(b, a % b))
  let stride = Math.max(1, Math.round(n * 0.618))
  while (factor(n, stride) > 1) stride++
  return stride
}
