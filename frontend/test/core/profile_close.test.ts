import { describe, expect, it } from 'vitest'
import type { Neighbour } from '../../src/core/data/bundle'
import { closeTo, compareProfiles, regionShares, relatedPairs, type NeighbourLists } from '../../src/core/profile/close'
import { entryOf } from '../../src/core/profile/entry'
import { bestWeights, decidedAnew, mostLikedFirst, pullsOf } from '../../src/core/profile/rows'
import { guessScale, pullOf, weightsOf } from '../../src/core/profile/weights'
import { generator } from '../support/random'

const lists = (table: Record<number, [row: number, similarity: number][]>): NeighbourLists =>
  new Map(
    Object.entries(table).map(([row, near]) => [
      Number(row),
      near.map(([other, similarity]): Neighbour => ({ row: other, similarity, shared: null })),
    ]),
  )
const plain = { popularity: null, modesty: 0, usual: 0 }

describe('what lies close', () => {
  // 0 and 1 are mine; 2 is near both, 3 near one.
  const neighbours = lists({
    0: [
      [1, 0.9],
      [2, 0.5],
      [3, 0.6],
    ],
    1: [
      [2, 0.4],
      [0, 0.9],
    ],
  })

  it('adds up the similarities to all of mine, and says which', () => {
    // 2: 0.5 + 0.4 = 0.9; 3: 0.6
    expect(
      closeTo({
        pulls: new Map([
          [0, 1],
          [1, 1],
        ]),
        neighbours,
        ...plain,
      }),
    ).toEqual([
      { row: 2, score: 1, because: [0, 1] },
      { row: 3, score: expect.closeTo(0.6 / 0.9), because: [0] },
    ])
  })

  it('lets what was disliked speak against its neighbours', () => {
    expect(
      closeTo({
        pulls: new Map([
          [0, 1],
          [1, -1],
        ]),
        neighbours,
        ...plain,
      }).map(({ row }) => row),
    ).toEqual([3, 2])
    expect(
      closeTo({
        pulls: new Map([
          [0, 0.2],
          [1, -1],
        ]),
        neighbours,
        ...plain,
      }).map(({ row }) => row),
    ).toEqual([3])
  })

  it('holds fame against the giants, lightly and within bounds', () => {
    const popularity = [1, 1, 1e9, 10]
    const ranked = (modesty: number) =>
      closeTo({
        pulls: new Map([
          [0, 1],
          [1, 1],
        ]),
        neighbours,
        popularity,
        modesty,
        usual: 10,
      }).map(({ row }) => row)
    expect(ranked(0)).toEqual([2, 3])
    expect(ranked(0.15)).toEqual([3, 2])
    const scores = closeTo({
      pulls: new Map([
        [0, 1],
        [1, 1],
      ]),
      neighbours,
      popularity,
      modesty: 3,
      usual: 10,
    })
    expect(scores.find(({ row }) => row === 2)!.score).toBeCloseTo(0.9 / 3 / 0.6)
  })

  it('never offers what is on the list, and is sorted, in 0 … 1 and reasoned, whatever the lists', () => {
    const random = generator(4)
    for (let round = 0; round < 200; round++) {
      const n = 30
      const near = lists(
        Object.fromEntries(
          Array.from({ length: n }, (_, row) => [
            row,
            Array.from({ length: 5 }, () => [Math.floor(random() * n), random() - 0.1] as [number, number]),
          ]),
        ),
      )
      const pulls = new Map(Array.from({ length: 6 }, () => [Math.floor(random() * n), random() * 2 - 1]))
      const found = closeTo({
        pulls,
        neighbours: near,
        popularity: Array.from({ length: n }, () => (random() < 0.1 ? NaN : random() * 100)),
        modesty: 0.15,
        usual: 50,
      })
      found.forEach(({ row, score, because }, i) => {
        expect(pulls.has(row)).toBe(false)
        expect(score > 0 && score <= (found[i - 1]?.score ?? 1)).toBe(true)
        expect(because.length).toBeGreaterThan(0)
        for (const mine of because)
          expect(near.get(mine)!.some((n) => n.row === row) && pulls.get(mine)! > 0).toBe(true)
      })
    }
  })

  it('joins what is related, each pair once, the closest first', () => {
    expect(
      relatedPairs(
        new Map([
          [0, 1],
          [1, 1],
          [2, 0],
        ]),
        neighbours,
        10,
      ),
    ).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ])
    expect(
      relatedPairs(
        new Map([
          [0, 1],
          [1, 1],
          [2, 0],
        ]),
        neighbours,
        1,
      ),
    ).toEqual([[0, 1]])
  })
})

describe('two lists', () => {
  const neighbours = lists({ 0: [[1, 0.9]], 1: [[0, 0.9]], 2: [[3, 0.5]], 3: [], 4: [[0, 0.3]], 5: [[6, 0.1]] })
  const of = (...rows: number[]) => new Map(rows.map((row) => [row, 1]))

  it('counts what is shared and what lies beside it, from either side', () => {
    // Mine 0, 2, 5: 0 is theirs, 2 lies beside their 3, 5 beside nothing. Theirs 0, 3, 4: 0 is mine, 3 beside my 2, 4 has my 0 among its nearest.
    const found = compareProfiles(of(0, 2, 5), of(0, 3, 4), neighbours)
    expect(found).toMatchObject({
      common: [0],
      onlyMine: [2, 5],
      onlyTheirs: [3, 4],
      mineNearTheirs: 2 / 3,
      theirsNearMine: 1,
    })
    expect(found.closeness).toBeCloseTo(5 / 6)
    expect(found.theirsCloseToMine).toEqual([
      { row: 3, score: 1, because: [2] },
      { row: 4, score: expect.closeTo(0.6), because: [0] },
    ])
  })

  it('is 1 for a list and itself, 0 for strangers, and the same seen from the other side', () => {
    expect(compareProfiles(of(0, 5), of(0, 5), neighbours).closeness).toBe(1)
    expect(compareProfiles(of(0), of(5), neighbours).closeness).toBe(0)
    expect(compareProfiles(of(0, 2), of(3, 5), neighbours).closeness).toBe(
      compareProfiles(of(3, 5), of(0, 2), neighbours).closeness,
    )
    expect(compareProfiles(new Map(), of(1), neighbours).closeness).toBe(0)
  })
})

describe('regions', () => {
  it('says where a list lies, and how unusual that is', () => {
    // Region 0 has 4 of 8 placed rows, region 1 the other 4; three of my four placed rows lie in region 0.
    const regionOf = Uint16Array.from([0, 0, 0, 0, 1, 1, 1, 1, 65535])
    expect(regionShares([0, 1, 2, 4, 8], regionOf)).toEqual([
      { region: 0, rows: [0, 1, 2], share: 0.75, times: 1.5 },
      { region: 1, rows: [4], share: 0.25, times: 0.5 },
    ])
    expect(regionShares([8], regionOf)).toEqual([])
  })
})

describe('weights', () => {
  const rated = (...ratings: (number | null)[]) => ratings.map((rating, i) => entryOf(i, 'x', { rating }))

  it('guesses the scale that people rate on', () => {
    expect(
      [
        [1, 5],
        [0, 4.5],
        [3, 9],
        [0, 9],
        [40, 90],
        [-1, 1],
        [0, 1],
        [0.2, 0.9],
        [500, 2000],
      ].map((ratings) => guessScale(ratings, null)),
    ).toEqual([
      { lowest: 1, highest: 5 },
      { lowest: 0, highest: 5 },
      { lowest: 1, highest: 10 },
      { lowest: 0, highest: 10 },
      { lowest: 0, highest: 100 },
      { lowest: -1, highest: 1 },
      { lowest: 0, highest: 1 },
      { lowest: 0, highest: 1 },
      { lowest: 500, highest: 2000 },
    ])
    expect(guessScale([3, 4], 10)).toEqual({ lowest: 1, highest: 10 })
    expect(guessScale([], null)).toBeNull()
  })

  it('gives weights within 0 … 1, growing with the rating', () => {
    expect([...weightsOf(rated(1, 3, 5, null, 9), { lowest: 1, highest: 5 })]).toEqual([0, 0.5, 1, 0.75, 1])
    expect([...weightsOf(rated(null, null), null)]).toEqual([1, 1])
    const copies = [
      ...weightsOf(
        [1, 4, null].map((count, i) => entryOf(i, 'x', { count })),
        null,
      ),
    ]
    expect(copies[1]).toBe(1)
    expect(copies[0]).toBeGreaterThan(0.4)
    expect(copies[0]).toBe(copies[2])
  })

  it('lets low ratings count against only when asked', () => {
    expect([pullOf(0.25, false), pullOf(0.25, true), pullOf(1, true)]).toEqual([0.25, -0.5, 1])
  })
})

describe('what a list comes to, row by row', () => {
  it('keeps the better of two mentions', () => {
    expect([...bestWeights([4, 7, 4], [0.2, 1, 0.9])]).toEqual([
      [4, 0.9],
      [7, 1],
    ])
  })

  it('turns weights below the middle against what lies near, if wanted', () => {
    expect([...pullsOf(bestWeights([1, 2], [0.25, 1]), true)]).toEqual([
      [1, -0.5],
      [2, 1],
    ])
  })

  it('puts the most liked first, of these the best known', () => {
    const weights = bestWeights([1, 2, 3], [0.5, 1, 1])
    expect([...mostLikedFirst(weights, (row) => row).keys()]).toEqual([3, 2, 1])
  })

  it('changes decisions without touching those before', () => {
    const before = decidedAnew(new Map(), [
      [0, 5],
      [1, 6],
    ])
    expect([
      ...decidedAnew(before, [
        [0, null],
        [2, 9],
      ]),
    ]).toEqual([
      [1, 6],
      [2, 9],
    ])
    expect([...before]).toEqual([
      [0, 5],
      [1, 6],
    ])
  })
})
