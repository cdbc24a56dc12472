/** What a point looks like besides its place: four bytes per row, uploaded as one attribute. */
export const LOOK = { colour: 0, size: 1, state: 2, stride: 4 } as const

/** Bits of the state byte. A row with any bit set is highlighted: drawn again on top, never dimmed. */
export const STATE = { hover: 1, selected: 2, neighbour: 4, hit: 8 } as const

/** Palette slots: 0 … 239 a ramp or categories, then the ones with a fixed meaning. */
export const SLOT = { ramp: 240, other: 253, unknown: 254, plain: 255 } as const

/**
 * Size bytes from popularity: partly logarithmic, so that the few giants stand out without hiding the many.
 * Unknown values get the smallest size.
 */
export function sizesFrom(values: Float32Array, min: number, max: number): Uint8Array {
  const low = Math.min(0, min)
  const logSpan = Math.log1p(max - low) || 1
  const rootSpan = Math.sqrt(max - low) || 1
  return Uint8Array.from(values, (v) => {
    if (Number.isNaN(v)) return 0
    const above = Math.max(0, v - low)
    return Math.round(255 * (0.45 * (Math.log1p(above) / logSpan) + 0.55 * (Math.sqrt(above) / rootSpan)))
  })
}

/**
 * Rows in drawing order: least important first, so that popular points end on top and the last k entries are the k
 * most important rows. Equal sizes: the bundle's order, earlier rows more important.
 */
export function drawingOrder(sizes: Uint8Array, rows: number): Uint32Array {
  const starts = new Uint32Array(257)
  for (let row = 0; row < rows; row++) starts[sizes[row] + 1]++
  for (let s = 0; s < 256; s++) starts[s + 1] += starts[s]
  const order = new Uint32Array(rows)
  for (let row = rows - 1; row >= 0; row--) order[starts[sizes[row]]++] = row
  return order
}
