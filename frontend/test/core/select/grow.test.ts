import { describe, expect, it } from 'vitest'
import { nearestOnMap } from '../../../src/core/select/faithful'
import { grow } from '../../../src/core/select/grow'
import { rowSet } from '../../../src/core/select/rows'
import { generator } from '../../support/random'

describe('growing a set', () => {
  it.each([1, 2, 3, 4])('adds the neighbours that pass, and nothing else (seed %i)', async (seed) => {
    const random = generator(seed)
    const n = 200
    const near = Array.from({ length: n }, () => Array.from({ length: 5 }, () => Math.floor(random() * n)))
    const neighboursOf = async (row: number) => near[row].map((other) => ({ row: other, similarity: 1, shared: null }))
    const set = rowSet(Array.from({ length: 12 }, () => Math.floor(random() * n)))
    const passes = Uint8Array.from({ length: n }, () => (random() < 0.5 ? 1 : 0))
    expect([...(await grow(set, neighboursOf, null))!]).toEqual([
      ...rowSet([...set, ...[...set].flatMap((row) => near[row])]),
    ])
    expect([...(await grow(set, neighboursOf, passes))!]).toEqual([
      ...rowSet([...set, ...[...set].flatMap((row) => near[row].filter((other) => passes[other]))]),
    ])
  })

  it('tells how far it is, and stops when it is no longer wanted', async () => {
    const set = rowSet(Array.from({ length: 5000 }, (_, row) => row))
    const seen: number[] = []
    let wanted = true
    const grown = await grow(set, async () => [], null, {
      onProgress: ({ done }) => seen.push(done),
      wanted: () => wanted,
    })
    expect(grown).toHaveLength(5000)
    expect(seen).toEqual([0, 2000, 4000])
    wanted = false
    expect(await grow(set, async () => [], null, { wanted: () => wanted })).toBeNull()
  })
})

describe('the nearest on a map', () => {
  it.each([1, 2, 3, 4])('are those a full sort finds (seed %i)', (seed) => {
    const random = generator(seed)
    const n = 300
    const positions = Uint16Array.from({ length: n * 4 }, () => Math.floor(random() * 40) * 1600) // with equal distances
    const layer = {
      positions,
      scale: [2, 1, seed > 2 ? 2 : 0] as [number, number, number],
      offset: [-1, -0.5, 0] as [number, number, number],
    }
    const distance = (a: number, b: number) =>
      [0, 1, 2].reduce(
        (sum, d) => sum + (((positions[4 * a + d] - positions[4 * b + d]) / 65535) * layer.scale[d]) ** 2,
        0,
      )
    for (const row of [0, 7, n - 1]) {
      const sorted = Array.from({ length: n }, (_, other) => other)
        .filter((other) => other !== row)
        .sort((a, b) => distance(row, a) - distance(row, b) || a - b)
      const found = nearestOnMap(layer, row, 12)
      expect(found.map((other) => distance(row, other).toFixed(9))).toEqual(
        sorted.slice(0, 12).map((other) => distance(row, other).toFixed(9)),
      )
    }
  })
})
