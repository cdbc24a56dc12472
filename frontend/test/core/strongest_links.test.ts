import { describe, expect, it } from 'vitest'
import { foremost, strongestLinks } from '../../src/core/links/strongest'
import type { Neighbour } from '../../src/core/data/bundle'

const lists = (of: Record<number, [row: number, similarity: number][]>) =>
  new Map<number, Neighbour[]>(
    Object.entries(of).map(([row, near]) => [
      Number(row),
      near.map(([other, similarity]) => ({ row: other, similarity, shared: null })),
    ]),
  )

describe('the strongest links in view', () => {
  const near = lists({
    0: [
      [1, 0.5],
      [2, 0.9],
      [9, 1],
    ],
    1: [
      [0, 0.7],
      [2, 0.2],
    ],
    2: [[0, 0.9]],
  })

  it('are those between rows that are both there, each once, the strongest first', () => {
    const found = strongestLinks([0, 1, 2], near, { most: 10, each: 10 })
    expect(found.map(({ from, to }) => [from, to])).toEqual([
      [0, 2],
      [0, 1],
      [1, 2],
    ])
    expect(found[0].strength).toBe(1)
    expect(found[2].strength).toBeCloseTo(1 / 3)
  })

  it('are no more than asked for, in all and of one row', () => {
    expect(strongestLinks([0, 1, 2], near, { most: 1, each: 10 })).toHaveLength(1)
    const few = strongestLinks([0, 1, 2], near, { most: 10, each: 1 })
    expect(few.map(({ from, to }) => [from, to])).toEqual([[0, 2]])
  })

  it('are long enough to be seen', () => {
    const seen = (from: number, to: number) => to - from > 1
    expect(strongestLinks([0, 1, 2], near, { most: 10, each: 10, seen })).toHaveLength(1)
  })

  it('are none where no list is known', () => {
    expect(strongestLinks([0, 1], new Map(), { most: 10, each: 10 })).toEqual([])
  })

  it('are sought among those that lie above the others', () => {
    const order = Uint32Array.from([4, 0, 3, 1, 2])
    expect(foremost(Uint32Array.from([0, 1, 2, 4]), order, 2)).toEqual([1, 2])
    expect(foremost(Uint32Array.from([0, 4]), order, 1)).toEqual([0])
    expect(foremost(Uint32Array.from([0, 4]), order, 5)).toEqual([0, 4])
    expect(foremost(new Uint32Array(0), order, 5)).toEqual([])
  })
})
