import { describe, expect, it } from 'vitest'
import { ease } from '../../src/core/camera/flight'
import { encodeChange } from '../../src/core/compare/encode'
import { suggestGroups } from '../../src/core/compare/groups'
import { linkedPose } from '../../src/core/compare/linked'
import { movementBetween } from '../../src/core/compare/movement'
import { changesOf, keptShares, trueShare } from '../../src/core/compare/neighbours'
import { nearestOfAll, NONE, PointTree } from '../../src/core/compare/point_tree'
import { align, carried, IDENTITY, inverse, nearestTurn } from '../../src/core/compare/procrustes'
import { againstBest, comparable, madeBy, sorted } from '../../src/core/compare/maps'
import { unease } from '../../src/core/compare/ride'
import { divideAt, partCover } from '../../src/core/compare/split'
import { portion, wordsFor } from '../../src/core/compare/words'
import type { Figure, Projection } from '../../src/core/data/manifest'
import type { Layer } from '../../src/core/gl/renderer'
import { SLOT } from '../../src/core/gl/look'
import { generator } from '../support/random'

const normalOf = (random: () => number) => () =>
  Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random())

function layerOf(points: number[][], dims: 2 | 3 = 2): Layer {
  const positions = new Uint16Array(points.length * 4)
  points.forEach((p, row) => {
    for (let axis = 0; axis < dims; axis++) positions[4 * row + axis] = Math.round(((p[axis] + 1) / 2) * 65535)
  })
  return { positions, scale: [2, 2, dims === 3 ? 2 : 0], offset: [-1, -1, dims === 3 ? -1 : 0] }
}

/** Clumps, evenly spread points and exact duplicates, as maps have them. */
function cloud(n: number, dims: 2 | 3, seed: number): number[][] {
  const random = generator(seed)
  const normal = normalOf(random)
  const points: number[][] = []
  while (points.length < n) {
    const kind = random()
    if (kind < 0.1 && points.length > 0) points.push([...points[Math.floor(random() * points.length)]])
    else if (kind < 0.6)
      points.push(Array.from({ length: dims }, () => Math.max(-1, Math.min(1, 0.4 + normal() * 0.02))))
    else points.push(Array.from({ length: dims }, () => random() * 2 - 1))
  }
  return points
}

function distance(layer: Layer, i: number, j: number): number {
  const d = (axis: number) =>
    ((layer.positions[4 * i + axis] - layer.positions[4 * j + axis]) * layer.scale[axis]) / 65535
  return Math.hypot(d(0), d(1), d(2))
}

function naiveNearest(layer: Layer, row: number, k: number): number[] {
  const rows = layer.positions.length / 4
  return Array.from({ length: rows }, (_, i) => i)
    .filter((i) => i !== row)
    .sort((i, j) => distance(layer, row, i) - distance(layer, row, j) || i - j)
    .slice(0, k)
}

describe('nearest on a map', () => {
  it.each([
    [2, 1],
    [2, 5],
    [2, 13],
    [2, 600],
    [3, 40],
    [3, 700],
  ] as const)('finds the same distances as looking at everything: %i-D, %i rows', (dims, n) => {
    const layer = { ...layerOf(cloud(n, dims, n), dims) }
    layer.scale = dims === 3 ? [2, 0.7, 1.3] : [2, 0.6, 0]
    const k = 10
    const near = [...all(new PointTree(layer), n, k)]
    for (let row = 0; row < n; row++) {
      const found = near.slice(row * k, (row + 1) * k).filter((r) => r !== NONE)
      expect(found).not.toContain(row)
      expect(new Set(found).size).toBe(Math.min(k, n - 1))
      const expected = naiveNearest(layer, row, k).map((r) => distance(layer, row, r))
      found.forEach((r, i) => expect(distance(layer, row, r)).toBeCloseTo(expected[i], 12))
    }
  })

  it('does not mind that all points are at one place', () => {
    const n = 50_000
    const layer = layerOf(Array.from({ length: n }, () => [0.25, -0.5]))
    const tree = new PointTree(layer)
    const into = new Uint32Array(12)
    const start = performance.now()
    for (let row = 0; row < 2000; row++) tree.nearest(row, 12, into)
    expect(performance.now() - start).toBeLessThan(2000)
    expect(new Set(into).size).toBe(12)
  })

  it('takes seconds at most for all of 100,000', () => {
    const layer = layerOf(cloud(100_000, 3, 6), 3)
    const start = performance.now()
    all(new PointTree(layer), 100_000, 12) // 0.45 s on a laptop core; a slow scan would take minutes
    expect(performance.now() - start).toBeLessThan(8000)
  })

  it('finds the neighbours of the first rows among all', () => {
    const layer = layerOf(cloud(300, 2, 5))
    const tree = new PointTree(layer)
    expect([...all(tree, 40, 6)]).toEqual([...all(tree, 300, 6).slice(0, 240)])
  })
})

function all(tree: PointTree, rows: number, k: number): Uint32Array {
  const work = nearestOfAll(tree, rows, k)
  let step = work.next()
  while (!step.done) step = work.next()
  return step.value
}

function randomTurn(random: () => number, dims: 2 | 3): Float64Array {
  const cross = new Float64Array(9)
  for (let i = 0; i < dims; i++) for (let j = 0; j < dims; j++) cross[3 * i + j] = random() * 2 - 1
  return nearestTurn(cross)
}

describe('laying maps over each other', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'finds a turn, mirror, scale and shift although a third of the rows went elsewhere (%i)',
    (seed) => {
      const random = generator(seed)
      for (const dims of [2, 3] as const) {
        const n = 600
        const a = cloud(n, dims, seed).map((p) => p.map((v) => v * 0.3))
        const truth = {
          scale: 0.7 + random() * 0.6,
          turn: randomTurn(random, dims),
          shift: [0.1, -0.08, dims === 3 ? 0.05 : 0] as [number, number, number],
        }
        const back = inverse(truth)
        const b = a.map((p, i) =>
          i % 3 === 0 ? p.map(() => random() * 2 - 1) : carried(back, p[0], p[1], p[2] ?? 0, [0, 0, 0]),
        )
        const found = align(
          layerOf(a, dims),
          layerOf(b, dims),
          Uint32Array.from({ length: n }, (_, i) => i),
        )
        expect(Math.abs(found.scale - truth.scale)).toBeLessThan(2e-3)
        for (let i = 0; i < n; i++) {
          if (i % 3 === 0) continue
          const at = carried(found, b[i][0], b[i][1], b[i][2] ?? 0, [0, 0, 0])
          expect(Math.hypot(at[0] - a[i][0], at[1] - a[i][1])).toBeLessThan(3e-3)
        }
      }
    },
  )

  it('a turn keeps lengths, whatever it is made from', () => {
    const random = generator(9)
    for (const rank of [0, 1, 2, 3]) {
      const cross = new Float64Array(9)
      for (let r = 0; r < rank; r++) {
        const [u, v] = [0, 0].map(() => [random() - 0.5, random() - 0.5, random() - 0.5])
        for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) cross[3 * i + j] += u[i] * v[j]
      }
      const turn = nearestTurn(cross)
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++)
          expect(
            turn[3 * i] * turn[3 * j] + turn[3 * i + 1] * turn[3 * j + 1] + turn[3 * i + 2] * turn[3 * j + 2],
          ).toBeCloseTo(i === j ? 1 : 0, 9)
    }
  })

  it('there and back is where it was', () => {
    const random = generator(4)
    const there = { scale: 1.7, turn: randomTurn(random, 3), shift: [0.2, -0.4, 0.9] as [number, number, number] }
    const at = carried(
      inverse(there),
      ...(carried(there, 0.3, 0.2, -0.1, [0, 0, 0]) as [number, number, number]),
      [0, 0, 0],
    )
    at.forEach((v, i) => expect(v).toBeCloseTo([0.3, 0.2, -0.1][i], 9))
  })

  it('measures who moved and how far, not what all did', () => {
    const a = cloud(500, 2, 3).map((p) => p.map((v) => v * 0.6))
    const b = a.map(([x, y], row) => (row < 20 ? [-y + 0.3, -x] : [-y, -x])) // mirrored; twenty also went right by 0.15 of the width
    const { shares } = movementBetween(layerOf(a), layerOf(b))
    shares.forEach((share, row) => expect(share).toBeCloseTo(row < 20 ? 0.15 : 0, 2))
  })

  it('depth is no movement between a spatial map and a flat one, whichever comes first', () => {
    const random = generator(8)
    const spatial = cloud(400, 3, 2).map((p) => p.map((v) => v * 0.55))
    const turn = randomTurn(random, 3)
    const flat = spatial.map((p) =>
      carried({ scale: 1, turn, shift: [0, 0, 0] }, p[0], p[1], p[2], [0, 0, 0]).slice(0, 2),
    )
    for (const [a, b] of [
      [layerOf(flat), layerOf(spatial, 3)],
      [layerOf(spatial, 3), layerOf(flat)],
    ]) {
      expect(Math.max(...movementBetween(a, b).shares)).toBeLessThan(0.01)
    }
  })
})

describe('neighbours kept, gained and lost', () => {
  const lists = (rows: number[][], k: number) =>
    Uint32Array.from(rows.flatMap((list) => Array.from({ length: k }, (_, i) => list[i] ?? NONE)))

  it('agrees with sets, for one row and for all', () => {
    const random = generator(12)
    const [rows, total, k] = [80, 100, 6]
    const some = () =>
      Array.from({ length: rows }, () =>
        Array.from({ length: Math.floor(random() * (k + 1)) }, () => Math.floor(random() * total)).filter(
          (r, i, list) => list.indexOf(r) === i,
        ),
      )
    const [a, b] = [some(), some()]
    const kept = keptShares(lists(a, k), lists(b, k), k, total)
    for (let row = 0; row < rows; row++) {
      const both = a[row].filter((r) => b[row].includes(r))
      if (a[row].length === 0) expect(kept[row]).toBeNaN()
      else expect(kept[row]).toBeCloseTo(both.length / a[row].length, 6)
      const changes = changesOf(lists([a[row]], k), lists([b[row]], k), k)
      const named = (of: { row: number }[]) => of.map((c) => c.row).sort((x, y) => x - y)
      expect(named(changes.kept)).toEqual([...both].sort((x, y) => x - y))
      expect(named(changes.gained)).toEqual(b[row].filter((r) => !a[row].includes(r)).sort((x, y) => x - y))
      expect(named(changes.lost)).toEqual(a[row].filter((r) => !b[row].includes(r)).sort((x, y) => x - y))
    }
    const known = kept.filter((v) => !Number.isNaN(v))
    expect(changesOf(lists(a, k), lists(b, k), k).share).toBeCloseTo(
      known.reduce((sum, v) => sum + v, 0) / known.length,
      6,
    )
  })

  it('of a set: what most of its rows lose counts as lost, in one list only', () => {
    const changes = changesOf(lists([[7, 8], [7, 9], [7]], 2), lists([[7, 5], [5, 9], [5]], 2), 2)
    expect(changes.gained).toEqual([{ row: 5, before: 0, after: 3 }])
    expect(changes.lost.map((c) => c.row)).toEqual([7, 8])
    expect(changes.kept.map((c) => c.row)).toEqual([9])
  })

  it('against the data: the share of true neighbours that a map shows', () => {
    expect(
      trueShare(
        [[1, 2, 3, 4], []],
        lists(
          [
            [2, 9, 1, 8],
            [1, 2, 3, 4],
          ],
          4,
        ),
        4,
      ),
    ).toBe(0.5)
    expect(trueShare([[]], lists([[1]], 1), 1)).toBeNaN()
  })
})

describe('suggested groups', () => {
  const n = 900
  const k = 12
  /** Nine clusters on a 3 × 3 grid. */
  const clusters = (seed: number) => {
    const normal = normalOf(generator(seed))
    return Array.from({ length: n }, (_, row) => [
      ((row % 9) % 3) * 0.6 - 0.6 + normal() * 0.05,
      Math.floor((row % 9) / 3) * 0.6 - 0.6 + normal() * 0.05,
    ])
  }
  const suggested = (a: number[][], b: number[][]) => {
    const [la, lb] = [layerOf(a), layerOf(b)]
    const movement = movementBetween(la, lb)
    const near: [Uint32Array, Uint32Array] = [all(new PointTree(la), n, k), all(new PointTree(lb), n, k)]
    return suggestGroups({ a: la, b: lb, movement, near, k, kept: keptShares(near[0], near[1], k, n) }, 8)
  }
  const clustersOf = (rows: Uint32Array) => [...new Set([...rows].map((row) => row % 9))]

  it('finds a cluster that moved as one', () => {
    const a = clusters(1)
    const b = a.map(([x, y], row) => (row % 9 === 4 ? [x + 0.28, y - 0.28] : [x, y]))
    const [first] = suggested(a, b)
    expect(first.kind).toBe('moved')
    expect(clustersOf(first.rows)).toEqual([4])
    expect(first.rows.length).toBeGreaterThan(80)
    expect(first.moved).toBeCloseTo(Math.hypot(0.14, 0.14), 1)
  })

  it('finds one that fell apart, and, the other way round, one that came together', () => {
    const random = generator(3)
    const a = clusters(1)
    const b = a.map(([x, y], row) => (row % 9 === 2 ? [random() * 1.8 - 0.9, random() * 1.8 - 0.9] : [x, y]))
    const [split] = suggested(a, b)
    expect(split.kind).toBe('split')
    expect(clustersOf(split.rows)).toEqual([2])
    const [joined] = suggested(b, a)
    expect(joined.kind).toBe('joined')
    expect(clustersOf(joined.rows)).toEqual([2])
  })

  it('suggests nothing where nothing changed, and nothing twice', () => {
    const a = clusters(1)
    expect(suggested(a, a)).toEqual([])
    const random = generator(5)
    const groups = suggested(
      a,
      a.map(([x, y], row) => (row % 9 < 3 ? [x + 0.3, y + 0.2] : row % 9 === 5 ? [random(), random()] : [x, y])),
    )
    const seen = new Set<number>()
    for (const { rows } of groups) {
      expect([...rows].filter((row) => seen.has(row)).length).toBeLessThanOrEqual(rows.length / 3)
      for (const row of rows) seen.add(row)
    }
    expect(groups.map((g) => g.score)).toEqual(groups.map((g) => g.score).sort((x, y) => y - x))
  })

  it('names them by their region or their best known members, and says why', () => {
    const about = {
      nameOf: (row: number) => `town ${row}`,
      importance: (row: number) => row,
      regionOf: () => null,
      entity: ['town', 'towns'] as [string, string],
      maps: ['UMAP', 't-SNE'] as [string, string],
    }
    const group = { kind: 'moved' as const, rows: Uint32Array.of(3, 9, 5), moved: 0.252, kept: 0.4 }
    expect(wordsFor(group, about)).toEqual({
      name: 'town 9, town 5 …',
      reason: '3 towns moved together by a quarter of the map.',
    })
    expect(
      wordsFor({ ...group, kind: 'split' }, { ...about, regionOf: (row) => (row > 3 ? 'Salt coast' : null) }),
    ).toEqual({ name: 'Salt coast', reason: '3 towns lie together on UMAP and apart on t-SNE.' })
    expect([portion(0.5), portion(0.34), portion(0.123), portion(0.032)]).toEqual(['half', 'a third', '12 %', '3.2 %'])
  })
})

describe('colour and camera', () => {
  it('colours from as before to most changed, unknown where nothing is known', () => {
    const { slots, legend } = encodeChange(Float32Array.from([0, 1, 2, 4, NaN]), 6, (most) => [
      'as before',
      `${most} or more`,
    ])
    expect([...slots]).toEqual(
      [0, 60, 120, 239, SLOT.unknown, SLOT.unknown].map((v, i) =>
        i === 1 ? Math.round(239 / 4) : i === 2 ? Math.round(239 / 2) : v,
      ),
    )
    expect(legend).toMatchObject({ kind: 'ramp', unknown: 2, ticks: [{ text: 'as before' }, { text: '4 or more' }] })
  })

  it('linked cameras: whole stays whole, and the anchor lies where it does on the other', () => {
    const pose = { x: 0.2, y: -0.1, z: 0, yaw: 0, pitch: 0, scale: 900 }
    const other = { scaleOf: (zoom: number) => zoom * 50, spatial: false, pose: { ...pose, yaw: 0.3 } }
    const shifted = { ...IDENTITY, shift: [0.4, 0, 0] as [number, number, number] }
    expect(linkedPose({ ...pose, x: 0, y: 0 }, 1, shifted, other, false, null)).toMatchObject({
      x: 0,
      y: 0,
      scale: 50,
      yaw: 0.3,
    })
    const near = linkedPose(pose, 1e9, shifted, other, false, null)
    expect(near.x).toBeCloseTo(0.6, 6)
    const anchored = linkedPose(pose, 1e9, shifted, other, false, { here: [0.2, -0.1, 0], there: [-0.5, 0.5, 0] })
    expect([anchored.x, anchored.y]).toEqual([expect.closeTo(-0.5, 6), expect.closeTo(0.5, 6)])
    expect(linkedPose({ ...pose, yaw: 1 }, 2, IDENTITY, { ...other, spatial: true }, true, null).yaw).toBe(1)
  })
})

describe('maps of a sweep', () => {
  const figure = (name: string, share: number | null, text = `${share}`): Figure => ({
    name,
    label: name,
    explanation: '',
    text,
    error: null,
    share,
  })
  const map = (key: string, figures: Figure[], recommended = false) => ({ key, figures, recommended }) as Projection
  const maps = [
    map('a', [figure('x', 0.1), figure('y', null, '1,200 ×')]),
    map('b', [figure('x', 0.4)], true),
    map('c', [figure('z', 1), figure('y', null, '900 ×')]),
  ]

  it('are sorted by a figure, those without it last, and otherwise stay in order', () => {
    const keys = (name: string | null) =>
      sorted(maps, name)
        .map(({ key }) => key)
        .join('')
    expect([keys(null), keys('x'), keys('y'), keys('z')]).toEqual(['bac', 'bac', 'acb', 'cab'])
    expect(comparable(maps).map(({ name }) => name)).toEqual(['x', 'y'])
    expect(againstBest(maps, maps[2].figures[1])).toBe(0.75)
  })

  it('say how they were made in the words of their method, also of methods and settings nobody knows', () => {
    const words = {
      label: 'Sorter',
      about: 'Sorts.',
      parameters: { n_neighbors: 'looks at the {} nearest' },
      library: 'sort-learn',
    }
    const params = { k: 15, method: 'sort', from: 'embedding', embedding_dim: 3, dims: 2, n_neighbors: 50 }
    expect(madeBy({ words, params })).toBe(
      'Sorts. Looks at the 50 nearest, made from an embedding of 3 dimensions, 15 neighbours of each were kept.',
    )
    expect(madeBy({ words, params: { method: 'sort', engine: 'library', from: 'graph' } })).toBe(
      'Sorts. Made straight from who is near whom, laid out by sort-learn.',
    )
    const unknown = { label: 'Mystery', about: '', parameters: {} }
    expect(madeBy({ words: unknown, params: { FP_ratio: 2 } })).toBe('FP ratio 2.')
    expect(madeBy({ words: unknown, params: {} })).toBe('')
  })
})

describe('a screen for two', () => {
  const cover = {
    insets: { left: 340, top: 0, right: 0, bottom: 80 },
    obstacles: [{ left: 900, top: 10, right: 1000, bottom: 40 }],
  }

  it('is divided in what the panels leave free, and never too narrow', () => {
    expect(divideAt(cover, { width: 1440, height: 900 }, false, 0.5)).toBe(890)
    expect(divideAt(cover, { width: 1440, height: 900 }, false, 0)).toBe(450)
    expect(divideAt(cover, { width: 1440, height: 900 }, true, 1)).toBe(710)
    expect(
      divideAt(
        { ...cover, insets: { left: 10, top: 300, right: 10, bottom: 450 } },
        { width: 390, height: 844 },
        true,
        0.9,
      ),
    ).toBe(347)
  })

  it('each part has the panels on its own side', () => {
    const [first, second] = partCover(cover, 890, false)
    expect([first.insets.right, first.insets.left, second.insets.left, second.insets.bottom]).toEqual([0, 340, 0, 80])
    expect(second.obstacles).toEqual([{ left: 10, top: 10, right: 110, bottom: 40 }])
    const [upper, lower] = partCover(cover, 400, true)
    expect([upper.insets.bottom, lower.insets.top, lower.insets.left, lower.obstacles[0].top]).toEqual([
      0, 0, 340, -390,
    ])
  })
})

describe('a ride between two maps', () => {
  it('can go on from anywhere without a jump', () => {
    for (let t = 0; t <= 1.0001; t += 0.05) expect(ease(unease(Math.min(1, t)))).toBeCloseTo(Math.min(1, t), 9)
  })
})
