/** Which points lie inside a polygon drawn by hand: exact, and fast for millions of points. */
export interface Point {
  x: number
  y: number
}

/** A point is inside where the outline winds around it, so that what a loop encloses twice is still inside. */
export class Polygon {
  readonly minX: number
  readonly minY: number
  readonly maxX: number
  readonly maxY: number
  /** Edges by bands of equal height: a point is compared only with the edges of its band. */
  readonly #bands: Float64Array[]
  readonly #bandHeight: number
  readonly #lastBand: number

  constructor(points: readonly Point[]) {
    this.minX = Math.min(...points.map((p) => p.x))
    this.maxX = Math.max(...points.map((p) => p.x))
    this.minY = Math.min(...points.map((p) => p.y))
    this.maxY = Math.max(...points.map((p) => p.y))
    const count = Math.max(1, Math.min(1024, points.length))
    this.#lastBand = count - 1
    this.#bandHeight = (this.maxY - this.minY) / count || 1
    const bands: number[][] = Array.from({ length: count }, () => [])
    points.forEach((p, i) => {
      const q = points[(i + 1) % points.length]
      if (p.y === q.y) return
      for (let band = this.#band(Math.min(p.y, q.y)); band <= this.#band(Math.max(p.y, q.y)); band++)
        bands[band].push(p.x, p.y, q.x, q.y)
    })
    this.#bands = bands.map((edges) => Float64Array.from(edges))
  }

  #band(y: number): number {
    return Math.max(0, Math.min(this.#lastBand, Math.floor((y - this.minY) / this.#bandHeight)))
  }

  contains(x: number, y: number): boolean {
    if (x < this.minX || x > this.maxX || y < this.minY || y > this.maxY) return false
    const edges = this.#bands[this.#band(y)]
    let winding = 0
    for (let i = 0; i < edges.length; i += 4) {
      const [y0, y1] = [edges[i + 1], edges[i + 3]]
      if (y0 <= y === y1 <= y) continue
      const side = (edges[i + 2] - edges[i]) * (y - y0) - (x - edges[i]) * (y1 - y0)
      if (y1 > y ? side > 0 : side < 0) winding += y1 > y ? 1 : -1
    }
    return winding !== 0
  }
}
