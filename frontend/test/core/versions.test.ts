import { expect, it } from 'vitest'
import { carried, inverse, type Similarity } from '../../src/core/compare/procrustes'
import { BundleError } from '../../src/core/data/errors'
import type { Projection } from '../../src/core/data/manifest'
import { ABSENT, type Ghosts, type Layer } from '../../src/core/gl/renderer'
import { LOOK } from '../../src/core/gl/look'
import { crossing } from '../../src/core/map/ghosts'
import { mixedLayer, stored, toProjectionUnits, toWorldUnits, worldOf } from '../../src/core/map/layers'
import {
  around,
  dateLabel,
  idOf,
  inWords,
  readSince,
  readVersions,
  writeSince,
  type Version,
} from '../../src/core/versions/list'
import { matchIds } from '../../src/core/versions/match'
import { guestOf, layerOfRows } from '../../src/core/versions/places'
import { growthText, movedMost } from '../../src/core/versions/words'
import { generator } from '../support/random'

const entry = (id: string, published: string, n = 10) => ({
  version: `${id}-by-a-viewer`,
  published,
  n,
  manifest: `data/${id}/manifest.json`,
  files: [],
})
const listed = (...entries: object[]): Version[] => readVersions(JSON.stringify(entries))
const projection = (bbox: [number[], number[]], dims: 2 | 3 = 2) =>
  ({ key: 'map', name: 'A map', dims, bbox }) as unknown as Projection

function layerOf(points: number[][], scale: [number, number, number] = [2, 2, 0]): Layer {
  const offset = scale.map((side) => -side / 2) as [number, number, number]
  const positions = Uint16Array.from(
    points.flatMap((p) =>
      [0, 1, 2]
        .map((axis) => (scale[axis] > 0 ? Math.round((((p[axis] ?? 0) - offset[axis]) / scale[axis]) * 65535) : 0))
        .concat(0),
    ),
  )
  return { positions, scale, offset }
}

it('the list: oldest first, one version per map whichever viewers showed it, without what has no date', () => {
  const versions = listed(
    entry('aaa', '2026-11-03T10:00:00Z', 7),
    entry('bbb', '2026-11-10T10:00:00Z'),
    { ...entry('bbb', '2026-11-12T10:00:00Z'), version: 'newer viewer' },
    entry('ccc', ''),
    { manifest: 3 },
  )
  expect(versions.map(({ id, n }) => [id, n])).toEqual([
    ['aaa', 7],
    ['bbb', 10],
  ])
  expect(versions[1].published.toISOString()).toBe('2026-11-10T10:00:00.000Z')
  expect(readVersions('{"not": "a list"}')).toEqual([])
  expect(() => readVersions('<html>')).toThrow(BundleError)
})

it('around the version of a page: those before it, newest first, and whether it is the newest', () => {
  const versions = listed(
    entry('aaa', '2026-11-03T10:00:00Z'),
    entry('bbb', '2026-11-10T10:00:00Z'),
    entry('ccc', '2026-11-12T10:00:00Z'),
  )
  const ids = (own: string) => around(versions, own).earlier.map(({ id }) => id)
  expect(ids(idOf('https://example.org/maps/data/ccc/manifest.json?x#y'))).toEqual(['bbb', 'aaa'])
  expect([around(versions, 'ccc').newer, around(versions, 'bbb').newer]).toEqual([false, true])
  expect(around(versions, 'bbb').own?.id).toBe('bbb')
  // A page that was open so long that its own version is not kept any more.
  expect(around(versions, 'long gone')).toEqual({ earlier: [], own: null, newer: true })
  expect(around([], 'aaa').newer).toBe(false)
})

it('a link names the version, its date and the place on the way', () => {
  const [version] = listed(entry('aaa', '2026-11-03T10:00:00Z'))
  expect(writeSince(version, 0)).toBe('2026-11-03:aaa')
  expect(writeSince(version, 0.456)).toBe('2026-11-03:aaa~0.46')
  expect(readSince('2026-11-03:aaa~0.46')).toEqual({ date: new Date('2026-11-03'), id: 'aaa', t: 0.46 })
  expect(readSince('2026-11-03:aaa')?.t).toBe(0)
  for (const broken of ['', 'aaa', '2026-99-03:aaa', '2026-11-03:aaa~2', '2026-11-03:'])
    expect(readSince(broken), broken).toBeNull()
})

it('dates: the year where it is not this one, the time where two versions are of one day', () => {
  const versions = listed(
    entry('aaa', '2025-11-03T12:00:00Z'),
    entry('bbb', '2026-11-03T11:00:00Z'),
    entry('ccc', '2026-11-03T12:30:00Z'),
  )
  const now = new Date('2026-12-01T12:00:00Z')
  expect(versions.map(({ published }) => inWords(published, now))).toEqual([
    '3 November 2025',
    '3 November',
    '3 November',
  ])
  expect(dateLabel(versions[0].published, versions)).toBe('3 Nov 2025')
  expect(dateLabel(versions[1].published, versions)).toMatch(/^3 Nov 2026, \d\d:00$/)
})

it('entities are matched by id, whatever their rows', () => {
  const matched = matchIds(['c', 'new', 'a', 'a', 'b'], ['a', 'b', 'gone', 'c', 'c'])
  expect([...matched.now].map((row, i) => [row, matched.then[i]])).toEqual([
    [0, 3],
    [2, 0],
    [4, 1],
  ])
  expect([...matched.fresh]).toEqual([1, 3])
  expect([...matched.gone]).toEqual([2, 4])
  expect(matchIds([], ['a']).gone).toHaveLength(1)
})

it('an earlier map comes to lie in the frame of today, whatever its own was', () => {
  const random = generator(5)
  const today = Array.from({ length: 40 }, () => [random() * 1.6 - 0.8, random() * 1.2 - 0.6])
  const turn: Similarity = { scale: 0.7, turn: Float64Array.of(0, -1, 0, 1, 0, 0, 0, 0, 1), shift: [0.1, -0.2, 0] }
  const back = inverse(turn)
  // Then: the first 30 of today in another frame, and five that are gone, one of them beyond today's box.
  const lost = [
    [0, 0],
    [0.3, 0.1],
    [-0.2, 0.4],
    [0.5, -0.5],
    [-1.2, 0],
  ]
  const earlier = layerOf(
    [...lost, ...today.slice(0, 30)].map(([x, y]) => carried(back, x, y, 0, [0, 0, 0])),
    [4, 4, 0],
  )
  const matched = matchIds(
    today.map((_, i) => `id ${i}`),
    [...lost.map((_, i) => `lost ${i}`), ...today.slice(0, 30).map((_, i) => `id ${i}`)],
  )
  const frame: [number[], number[]] = [
    [-10, -10],
    [10, 10],
  ]
  const region = { name: 'Somewhere', size: 3, level: 0, parent: null, priority: 1, x: 5, y: -5 }
  const guest = guestOf(
    'map@then',
    { projection: projection(frame), layer: layerOf(today) },
    {
      projection: projection([
        [0, 0],
        [8, 8],
      ]),
      layer: earlier,
      regions: [region],
    },
    matched,
    turn,
  )
  expect(guest.projection.key).toBe('map@then')
  for (let row = 0; row < 40; row++) {
    const [x, y, z] = worldOf(guest.layer, row, [0, 0, 0])
    expect(x).toBeCloseTo(today[row][0], 3)
    expect(y).toBeCloseTo(today[row][1], 3)
    expect(z).toBe(0)
    expect(guest.layer.positions[4 * row + 3], `row ${row}`).toBe(row < 30 ? 0 : ABSENT)
  }
  const [before, after] = guest.ghosts.positions
  expect(guest.ghosts.look).toHaveLength(5 * LOOK.stride)
  lost.forEach(([x, y], i) => {
    const place = worldOf({ ...guest.layer, positions: before }, i, [0, 0, 0])
    expect(place[0]).toBeCloseTo(x, 3)
    expect(place[1]).toBeCloseTo(y, 3)
    expect([before[4 * i + 3], after[4 * i + 3]]).toEqual([0, ABSENT])
  })
  const [x, y] = toWorldUnits(guest.projection, guest.regions[0])
  const expected = carried(
    turn,
    ...toWorldUnits(
      projection([
        [0, 0],
        [8, 8],
      ]),
      region,
    ),
    [0, 0, 0],
  )
  expect([x, y]).toEqual([expect.closeTo(expected[0], 9), expect.closeTo(expected[1], 9)])
})

it('while one version makes way for another, what is gone since the one fades out where it is, and since the other comes', () => {
  const layers = (places: number[][], scale: [number, number, number]) =>
    [layerOf(places, scale), layerOf(places)] as const
  const ghosts = (places: number[][], [a, b]: readonly [Layer, Layer], slot: number): Ghosts => {
    const positions = [a, b].map(
      ({ scale, offset }) =>
        stored(Float32Array.from(places.flatMap(([x, y]) => [x, y, 0])), { scale, offset }).positions,
    )
    for (let lane = 3; lane < positions[1].length; lane += 4) positions[1][lane] = ABSENT
    return { positions: [positions[0], positions[1]], look: Uint8Array.from(places.flatMap(() => [slot, 9, 0, 0])) }
  }
  const [was, will] = [layers([[0, 0]], [3, 3, 0]), layers([[0, 0]], [4, 4, 0])]
  const [seen, goal] = [mixedLayer(was[0], was[1], 0.5), will[0]]
  const both = crossing(
    { ghosts: ghosts([[0.5, 0.25]], was, 7), layers: was, mix: 0.5 },
    {
      ghosts: ghosts(
        [
          [-0.5, 1],
          [0, -1],
        ],
        will,
        8,
      ),
      layers: will,
      mix: 0,
    },
    [seen, goal],
  )
  expect([...both.look]).toEqual([7, 9, 0, 0, 8, 9, 0, 0, 8, 9, 0, 0])
  for (const [i, layer] of [seen, goal].entries()) {
    const places = [0, 1, 2].map((ghost) =>
      worldOf({ ...layer, positions: both.positions[i] }, ghost, [0, 0, 0]).slice(0, 2),
    )
    expect(places.flat()).toEqual([0.5, 0.25, -0.5, 1, 0, -1].map((value) => expect.closeTo(value, 3)))
  }
  const lanes = both.positions.map((positions) => [3, 7, 11].map((lane) => positions[lane]))
  expect(lanes).toEqual([
    [Math.round(ABSENT / 2), ABSENT, ABSENT],
    [ABSENT, 0, 0],
  ])
  expect(
    crossing({ ghosts: null, layers: was, mix: 1 }, { ghosts: null, layers: will, mix: 0 }, [seen, goal]).look,
  ).toHaveLength(0)
})

it('places in the units of a projection lead to the world and back', () => {
  const one = projection(
    [
      [-3, 2, 0],
      [5, 4, 6],
    ],
    3,
  )
  const [x, y, z] = toProjectionUnits(one, toWorldUnits(one, { x: 1.5, y: 3.25, z: 5 }))
  expect([x, y, z]).toEqual([expect.closeTo(1.5, 9), expect.closeTo(3.25, 9), expect.closeTo(5, 9)])
  expect(
    toProjectionUnits(
      projection([
        [1, 7],
        [4, 7],
      ]),
      [0, 0, 0],
    )[1],
  ).toBe(7)
})

it('only what is on both versions is compared', () => {
  const layer = layerOf([
    [0, 0],
    [0.5, 0.5],
    [-0.5, 0.25],
  ])
  const part = layerOfRows(layer, Uint32Array.of(2, 0))
  expect([worldOf(part, 0, [0, 0, 0])[0], worldOf(part, 1, [0, 0, 0])[0]]).toEqual([
    expect.closeTo(-0.5, 3),
    expect.closeTo(0, 3),
  ])
  expect(part.positions).toHaveLength(8)
})

it('growth in words', () => {
  const say = (fresh: number, gone: number) =>
    growthText({ fresh, gone, entity: ['card', 'cards'], since: '3 November' })
  expect([say(1420, 0), say(1, 3), say(0, 12), say(0, 0)]).toEqual([
    '1,420 new cards since 3 November.',
    '1 new card since 3 November, 3 gone.',
    'No new cards since 3 November, 12 gone.',
    'The same cards as on 3 November.',
  ])
})

it('what moved most: rows of today, without the unrest and what the filter leaves out, the best known first', () => {
  const shares = Float32Array.of(0.3, 0.001, 0.5, 0.3, 0.9)
  const rows = Uint32Array.of(10, 11, 12, 13, 14)
  const sizes = new Uint8Array(20)
  sizes[13] = 200
  const passes = new Uint8Array(20).fill(1)
  passes[14] = 0
  expect(movedMost(shares, rows, { least: 0.01, limit: 3, sizes, passes }).map(({ row }) => row)).toEqual([12, 13, 10])
})
