import { describe, expect, it } from 'vitest'
import { outlineOf, type Ring } from '../../src/core/regions/outline'
import { generator } from '../support/random'

/** Crowds of points: middle and spread of each, in shares of a map of 2 × 2 world units. */
function layerOf(crowds: [x: number, y: number, spread: number, count: number][]) {
  const random = generator(7)
  const places = crowds.flatMap(([x, y, spread, count]) =>
    Array.from({ length: count }, () => {
      const [angle, far] = [2 * Math.PI * random(), spread * Math.sqrt(random())]
      return [x + far * Math.cos(angle), y + far * Math.sin(angle), 0, 0].map((v) => Math.round(65535 * v))
    }),
  )
  const positions = Uint16Array.from(places.flat())
  const rows = Uint32Array.from(places, (_, row) => row)
  return {
    layer: { positions, scale: [2, 2, 0] as [number, number, number], offset: [-1, -1, 0] as [number, number, number] },
    rows,
  }
}

function holds(rings: Ring[], x: number, y: number): boolean {
  let inside = false
  for (const ring of rings)
    ring.forEach(([ax, ay], i) => {
      const [bx, by] = ring[(i + 1) % ring.length]
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside
    })
  return inside
}

describe('the outline of a region', () => {
  it('goes around where its members lie, and only there', () => {
    const { layer, rows } = layerOf([[0.5, 0.5, 0.2, 800]])
    const rings = outlineOf(layer, rows)
    expect(rings).toHaveLength(1)
    expect(holds(rings, 0, 0)).toBe(true)
    expect(holds(rings, 0.3, 0.1)).toBe(true)
    expect(holds(rings, 0.6, 0)).toBe(false)
  })

  it('has a part for each crowd, and a hole where there is none', () => {
    const two = layerOf([
      [0.2, 0.5, 0.1, 400],
      [0.8, 0.5, 0.1, 400],
    ])
    const apart = outlineOf(two.layer, two.rows)
    expect(apart).toHaveLength(2)
    expect(holds(apart, -0.6, 0)).toBe(true)
    expect(holds(apart, 0, 0)).toBe(false)

    const around = layerOf(
      Array.from({ length: 24 }, (_, i) => [
        0.5 + 0.3 * Math.cos((i * Math.PI) / 12),
        0.5 + 0.3 * Math.sin((i * Math.PI) / 12),
        0.06,
        60,
      ]),
    )
    const ring = outlineOf(around.layer, around.rows)
    expect(holds(ring, 0, 0)).toBe(false)
    expect(holds(ring, 0.6, 0)).toBe(true)
  })

  it('leaves strays out', () => {
    const { layer, rows } = layerOf([
      [0.3, 0.3, 0.15, 900],
      [0.95, 0.95, 0.001, 1],
    ])
    const rings = outlineOf(layer, rows)
    expect(holds(rings, 0.9, 0.9)).toBe(false)
    expect(holds(rings, -0.4, -0.4)).toBe(true)
  })

  it('is nothing without members, and something around one', () => {
    const { layer } = layerOf([[0.5, 0.5, 0.1, 10]])
    expect(outlineOf(layer, new Uint32Array(0))).toEqual([])
    expect(
      holds(
        outlineOf(layer, Uint32Array.of(0)),
        ...(([0, 1] as const).map((axis) => (layer.positions[axis] / 65535) * 2 - 1) as [number, number]),
      ),
    ).toBe(true)
  })
})
