/** Rows of a flat map by grid cell, most important first inside a cell: what lies in a small window, without a scan of all. */
const CELLS = 96

export class SpatialIndex {
  readonly #starts = new Uint32Array(CELLS * CELLS + 1)
  readonly #rows: Uint32Array

  /** positions: u16 x, y, z, padding per row. order: rows, least important first. */
  constructor(positions: Uint16Array, order: Uint32Array) {
    this.#rows = new Uint32Array(order.length)
    const cellOf = (row: number) => cell(positions[4 * row + 1]) * CELLS + cell(positions[4 * row])
    for (const row of order) this.#starts[cellOf(row) + 1]++
    for (let c = 0; c < CELLS * CELLS; c++) this.#starts[c + 1] += this.#starts[c]
    const next = this.#starts.slice()
    for (let i = order.length - 1; i >= 0; i--) this.#rows[next[cellOf(order[i])]++] = order[i]
  }

  /** Rows in the cells that the window touches (coordinates 0 … 65535), or null when there are more than `limit`. */
  within(minX: number, minY: number, maxX: number, maxY: number, limit: number): Uint32Array[] | null {
    const found: Uint32Array[] = []
    let count = 0
    for (let y = cell(minY); y <= cell(maxY); y++) {
      const from = this.#starts[y * CELLS + cell(minX)]
      const to = this.#starts[y * CELLS + cell(maxX) + 1]
      count += to - from
      if (count > limit) return null
      if (to > from) found.push(this.#rows.subarray(from, to))
    }
    return found
  }
}

function cell(coordinate: number): number {
  return Math.max(0, Math.min(CELLS - 1, Math.floor((coordinate / 65536) * CELLS)))
}
