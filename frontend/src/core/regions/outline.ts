/** Where the members of a region lie, as the lines around it: the edge of their density, without strays. */
import type { Layer } from '../gl/renderer'
import { blur } from '../map/blur'

export type Ring = [x: number, y: number][]

/** Cells along the longer side. */
const CELLS = 72
/** Around the members, in cells, so that every line closes. */
const MARGIN = 6
const DEVIATION = 1.7
/** The edge, of the density that half of the members have. */
const EDGE = 0.16
/** Lines around less than this share of the whole are strays. */
const LEAST_AREA = 0.012

/** In world units of a flat map; empty where there are no members. */
export function outlineOf({ positions, scale, offset }: Layer, rows: Uint32Array): Ring[] {
  const there = rows.filter((row) => positions[4 * row + 3] === 0)
  if (there.length === 0) return []
  const at = (row: number, axis: 0 | 1) => (positions[4 * row + axis] / 65535) * scale[axis] + offset[axis]
  const [x, y] = ([0, 1] as const).map((axis) => bulk(Float32Array.from(there, (row) => at(row, axis))))
  const cell = Math.max(x.high - x.low, y.high - y.low, 1e-6) / CELLS
  const [left, bottom] = [x.low - MARGIN * cell, y.low - MARGIN * cell]
  const [width, height] = [x, y].map(({ low, high }) => Math.ceil((high - low) / cell) + 2 * MARGIN)
  const density = new Float32Array(width * height)
  const cellOf = (row: number): number => {
    const [column, line] = [Math.floor((at(row, 0) - left) / cell), Math.floor((at(row, 1) - bottom) / cell)]
    const inside = column >= MARGIN - 1 && line >= MARGIN - 1 && column <= width - MARGIN && line <= height - MARGIN
    return inside ? line * width + column : -1
  }
  for (const row of there) if (cellOf(row) >= 0) density[cellOf(row)]++
  blur(density, width, height, DEVIATION)
  const usual = Float32Array.from(there, (row) => density[cellOf(row)] ?? 0).sort()[there.length >> 1]
  const rings = ringsAt(density, width, height, EDGE * usual)
  const areas = rings.map((ring) => Math.abs(areaOf(ring)))
  const least = LEAST_AREA * areas.reduce((sum, area) => sum + area, 0)
  return rings
    .filter((_, i) => areas[i] >= least)
    .map((ring) => ring.map(([column, line]) => [left + (column + 0.5) * cell, bottom + (line + 0.5) * cell]))
}

/** What of the values lies between 1 and 99 %, with room for what is close to that. */
function bulk(values: Float32Array): { low: number; high: number } {
  const sorted = values.sort()
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))]
  const high = sorted[Math.ceil(0.99 * (sorted.length - 1))]
  const room = 0.1 * (high - low)
  return { low: Math.max(sorted[0], low - room), high: Math.min(sorted[sorted.length - 1], high + room) }
}

function areaOf(ring: Ring): number {
  return ring.reduce((sum, [x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length]
    return sum + (x * v - u * y) / 2
  }, 0)
}

/** Closed lines at a level, in cells, by marching squares: the higher side lies to the left of each step. */
function ringsAt(values: Float32Array, width: number, height: number, level: number): Ring[] {
  // A line crosses an edge of the grid once, so an edge names the place: its lower cell, across (0) or up (1).
  const next = new Map<number, number>()
  const across = (column: number, line: number) => 2 * (line * width + column)
  const up = (column: number, line: number) => across(column, line) + 1
  for (let line = 0; line + 1 < height; line++) {
    for (let column = 0; column + 1 < width; column++) {
      const corners = [0, 1, width + 1, width].map((by) => values[line * width + column + by] > level)
      const sides = [across(column, line), up(column + 1, line), across(column, line + 1), up(column, line)]
      // Around the square, the line goes in where the corners fall below the level and out where they rise again.
      for (let side = 0; side < 4; side++) {
        if (!corners[side] || corners[(side + 1) % 4]) continue
        let out = (side + 1) % 4
        while (corners[out] || !corners[(out + 1) % 4]) out = (out + 1) % 4
        next.set(sides[side], sides[out])
      }
    }
  }
  const place = (edge: number): [number, number] => {
    const cell = edge >> 1
    const step = edge & 1 ? width : 1
    const share = (level - values[cell]) / (values[cell + step] - values[cell])
    const [column, line] = [cell % width, Math.floor(cell / width)]
    return edge & 1 ? [column, line + share] : [column + share, line]
  }
  const rings: Ring[] = []
  while (next.size > 0) {
    const ring: Ring = []
    let [edge] = next.keys()
    for (let to = next.get(edge); to !== undefined; to = next.get(edge)) {
      ring.push(place(edge))
      next.delete(edge)
      edge = to
    }
    rings.push(ring)
  }
  return rings
}
