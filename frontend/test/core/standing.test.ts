import { describe, expect, it } from 'vitest'
import type { Neighbour } from '../../src/core/data/bundle'
import { beside, nearestOf, partsOf, type Place } from '../../src/core/profile/standing'

const PLACES: Place[] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [9, 9],
  [0.5, 3],
]
const placeOf = (row: number) => PLACES[row] ?? null
const near = (rows: number[], weights: number[]) => rows.map((row, i) => ({ row, weight: weights[i] }))
const lists = (entries: Record<number, [row: number, similarity: number][]>) =>
  new Map<number, Neighbour[]>(
    Object.entries(entries).map(([row, list]) => [
      Number(row),
      list.map(([other, similarity]) => ({ row: other, similarity, shared: null })),
    ]),
  )

describe('beside its neighbours', () => {
  it('stands what is new where a refreshed atlas would put it', () => {
    // What atlas_assets/stages/geometry/beside.py answers to the same.
    const round = (place: Place | null) => place?.map((value) => Number(value.toFixed(5)))
    expect(round(beside(near([0, 1, 2, 3, 4], [1, 2, 1, 0.5, 4]), placeOf))).toEqual([0.55556, 0.33333])
    expect(round(beside(near([5, 0, 1, 4, 2], [3, 1, 1, 1, 1]), placeOf))).toEqual([0.41667, 1.66667])
  })

  it('is not between two places, and nowhere without neighbours', () => {
    const [x, y] = beside(near([0, 1, 2, 4], [1, 1, 1, 1]), placeOf)!
    expect(Math.hypot(x, y)).toBeLessThan(1)
    expect(beside([], placeOf)).toBeNull()
    expect(beside(near([77], [1]), placeOf)).toBeNull()
    expect(beside(near([77, 3], [5, 1]), placeOf)).toEqual([1, 1])
  })
})

describe('a list', () => {
  const neighbours = lists({
    0: [
      [1, 0.9],
      [8, 0.5],
    ],
    1: [
      [0, 0.9],
      [8, 0.6],
    ],
    2: [
      [20, 0.4],
      [21, 0.4],
      [22, 0.1],
    ],
    3: [
      [20, 0.4],
      [21, 0.4],
      [23, 0.1],
    ],
    4: [[30, 0.9]],
  })

  it('hangs together where its rows are near, or have others near in common', () => {
    const { parts, alone } = partsOf([0, 1, 2, 3, 4], neighbours)
    expect(parts).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(alone).toEqual([4])
  })

  it('has as its nearest what most of it is near to, its own rows among them', () => {
    expect(
      nearestOf(
        [0, 1],
        new Map([
          [0, 1],
          [1, 1],
        ]),
        neighbours,
      ).map(({ row }) => row),
    ).toEqual([0, 1, 8])
    const first = nearestOf(
      [2, 3],
      new Map([
        [2, 1],
        [3, 0.1],
      ]),
      neighbours,
    )
    expect(first).toHaveLength(5)
    expect(first.map(({ row }) => row).slice(0, 2)).toEqual([20, 21])
  })

  it('of a thousand has its place in less than 100 ms', () => {
    const many = lists(
      Object.fromEntries(
        Array.from({ length: 1000 }, (_, row) => [
          row,
          Array.from({ length: 15 }, (_, i) => [(row * 7 + i * i * 13) % 3000, 1 / (i + 1)] as [number, number]),
        ]),
      ),
    )
    const rows = [...many.keys()]
    const measure = () => {
      const begin = performance.now()
      const { parts } = partsOf(rows, many)
      const nearest = nearestOf(parts[0], new Map(), many)
      expect(beside(nearest, (row) => [row % 50, row / 50])).not.toBeNull()
      return performance.now() - begin
    }
    expect(Math.min(...Array.from({ length: 5 }, measure))).toBeLessThan(100)
  })
})
