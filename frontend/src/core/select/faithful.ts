/** The nearest rows on a map, to hold against the true neighbours. */
import type { Layer } from '../gl/renderer'

/** The `k` rows nearest to `row` in a layer, nearest first; equally near ones in the order of rows. */
export function nearestOnMap(layer: Layer, row: number, k: number): number[] {
  const { positions, scale } = layer
  const rows = positions.length / 4
  const [ux, uy, uz] = scale.map((extent) => extent / 65535)
  const [x, y, z] = positions.subarray(4 * row, 4 * row + 3)
  const found: number[] = []
  const distances: number[] = []
  let worst = Infinity
  for (let other = 0; other < rows; other++) {
    const p = 4 * other
    const dx = (positions[p] - x) * ux
    const dy = (positions[p + 1] - y) * uy
    const dz = (positions[p + 2] - z) * uz
    const distance = dx * dx + dy * dy + dz * dz
    if (distance >= worst || other === row) continue
    let place = found.length
    while (place > 0 && distances[place - 1] > distance) place--
    found.splice(place, 0, other)
    distances.splice(place, 0, distance)
    if (found.length > k) {
      found.pop()
      distances.pop()
    }
    if (found.length === k) worst = distances[k - 1]
  }
  return found
}

/** Those of the true neighbours that are also among as many nearest on the map. */
export function keptOnMap(layer: Layer, row: number, neighbours: readonly { row: number }[]): Set<number> {
  const nearest = new Set(nearestOnMap(layer, row, neighbours.length))
  return new Set(neighbours.map((neighbour) => neighbour.row).filter((other) => nearest.has(other)))
}
