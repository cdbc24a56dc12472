import { describe, expect, it } from 'vitest'
import {
  viewProjection,
  toScreen,
  distanceOf,
  flown,
  landed,
  lookedAround,
  takenOff,
  fitPose,
  axesOf,
  type Pose,
  type View,
} from '../../src/core/camera/camera'
import { WheelReader } from '../../src/core/camera/wheel'
import { arranged, drawingOrder, LOOK, STATE } from '../../src/core/gl/look'
import type { Layer, Renderer } from '../../src/core/gl/renderer'
import type { Projection } from '../../src/core/data/manifest'
import { nextIn } from '../../src/core/labels/layer'
import { worldOf } from '../../src/core/map/layers'
import { Framing } from '../../src/core/map/framing'
import { Looks } from '../../src/core/map/looks'
import { overviewFrame, paintOverview } from '../../src/core/map/overview'
import { Polygon } from '../../src/core/map/polygon'
import { rowsWithin } from '../../src/core/map/rows_within'
import { generator } from '../support/random'

const view: View = { width: 800, height: 600, centreX: 400, centreY: 300 }

function randomLayer(rows: number, seed: number, spatial = true): Layer {
  const random = generator(seed)
  return {
    positions: Uint16Array.from({ length: rows * 4 }, (_, i) =>
      i % 4 === 3 || (!spatial && i % 4 === 2) ? 0 : Math.floor(random() * 65536),
    ),
    scale: [2, 1.4, spatial ? 2 : 0],
    offset: [-1, -0.7, spatial ? -1 : 0],
  }
}

describe('Polygon', () => {
  /** Winding number by angles, slow and independent. */
  const inside = (points: { x: number; y: number }[], x: number, y: number): boolean => {
    let turn = 0
    points.forEach((p, i) => {
      const q = points[(i + 1) % points.length]
      const cross = (p.x - x) * (q.y - y) - (p.y - y) * (q.x - x)
      turn += Math.atan2(cross, (p.x - x) * (q.x - x) + (p.y - y) * (q.y - y))
    })
    return Math.abs(turn) > 1
  }

  it.each([1, 2, 3, 4])('agrees with the winding number, for outlines that cross themselves too (seed %i)', (seed) => {
    const random = generator(seed)
    const points = Array.from({ length: 5 + seed * 20 }, () => ({ x: random() * 100, y: random() * 100 }))
    const polygon = new Polygon(points)
    for (let i = 0; i < 3000; i++) {
      const [x, y] = [random() * 120 - 10, random() * 120 - 10]
      expect(polygon.contains(x, y)).toBe(inside(points, x, y))
    }
  })

  it('does not mind flat or repeated outlines', () => {
    expect(
      new Polygon([
        { x: 1, y: 1 },
        { x: 5, y: 1 },
        { x: 9, y: 1 },
      ]).contains(4, 1),
    ).toBe(false)
    expect(
      new Polygon([
        { x: 1, y: 1 },
        { x: 1, y: 1 },
        { x: 1, y: 1 },
      ]).contains(1, 1),
    ).toBe(false)
  })
})

describe('rowsWithin', () => {
  it.each([0, 0.3, 1])('finds the rows that the screen shows inside, in 3-D and in a morph at %d', (mix) => {
    const layers = [randomLayer(400, 1), randomLayer(400, 2)] as const
    const pose: Pose = { x: 0.1, y: -0.1, z: 0.2, yaw: 0.7, pitch: 0.4, scale: 260 }
    const matrix = viewProjection(pose, view)
    const polygon = [
      { x: 200, y: 120 },
      { x: 610, y: 90 },
      { x: 560, y: 480 },
      { x: 330, y: 300 },
      { x: 160, y: 500 },
    ]
    const look = new Uint8Array(400 * LOOK.stride)
    for (let row = 0; row < 400; row += 5) look[row * LOOK.stride + LOOK.state] = STATE.out
    const found = rowsWithin(polygon, { viewProjection: matrix, width: 800, height: 600, layers, mix, look, rows: 400 })
    const shape = new Polygon(polygon)
    const expected: number[] = []
    for (let row = 0; row < 400; row++) {
      if (row % 5 === 0) continue
      const [a, b] = layers.map((layer) => worldOf(layer, row, [0, 0, 0]))
      const place = a.map((v, axis) => v + (b[axis] - v) * mix) as [number, number, number]
      const at = toScreen(matrix, view, distanceOf(pose, view), ...place, { x: 0, y: 0, nearness: 0 })
      if (at.nearness > 0 && shape.contains(at.x, at.y)) expected.push(row)
    }
    expect(expected.length).toBeGreaterThan(20)
    expect([...found]).toEqual(expected)
  })

  it('takes a million rows in a blink', () => {
    const rows = 1_000_000
    const layer = randomLayer(rows, 3, false)
    const matrix = viewProjection({ x: 0, y: 0, z: 0, yaw: 0, pitch: 0, scale: 300 }, view)
    const circle = Array.from({ length: 500 }, (_, i) => ({
      x: 400 + 150 * Math.cos(i / 79.6),
      y: 300 + 150 * Math.sin(i / 79.6),
    }))
    const begin = performance.now()
    const found = rowsWithin(circle, {
      viewProjection: matrix,
      width: 800,
      height: 600,
      layers: [layer, layer],
      mix: 1,
      look: new Uint8Array(rows * 4),
      rows,
    })
    expect(performance.now() - begin).toBeLessThan(3000) // on a machine that does much else
    expect(found.length / rows).toBeCloseTo((Math.PI * 150 ** 2) / (600 * 420), 2)
  })
})

describe('looks', () => {
  /** What Looks and Marks ask of a renderer, with uploads counted. */
  function fake(rows: number) {
    const layer = randomLayer(rows, 5, false)
    const uploads: [from: number, to: number][] = []
    const made = {
      rows,
      look: new Uint8Array(rows * LOOK.stride),
      uploads,
      highlights: [] as number[],
      hovered: -1,
      lines: 0,
      arrangement: { order: new Uint32Array(0), out: 0, picked: 0 },
      layer: () => layer,
      lookChanged: (from = 0, to = rows) => void uploads.push([from, to]),
      setOrder: (arrangement: never) => void (made.arrangement = arrangement),
      setHighlights: (list: Uint32Array) => void (made.highlights = [...list]),
      setHovered: (row: number) => void (made.hovered = row),
      setLines: (lines: Float32Array) => void (made.lines = lines.length / 14),
      setPalette: () => {},
      setTheme: () => {},
    }
    const looks = new Looks(made as unknown as Renderer)
    looks.show({ sizes: Uint8Array.from({ length: rows }, (_, row) => row % 256) })
    looks.setRows(rows)
    uploads.length = 0
    return { made, looks, state: (row: number) => made.look[row * LOOK.stride + LOOK.state] }
  }
  const none = new Map<number, number>()

  it('draws what is left out first and what is picked last, the order of importance kept within', () => {
    const { made, looks } = fake(1000)
    const passes = Uint8Array.from({ length: 1000 }, (_, row) => Number(row % 3 !== 0))
    looks.show({ filter: { passes, mode: 'dim' }, picked: Uint32Array.from([3, 4, 500]) })
    const { order, out, picked } = made.arrangement
    expect([out, picked, new Set(order).size]).toEqual([334, 2, 1000]) // row 3 is picked and left out
    const kinds = [...order].map((row) => (row % 3 === 0 ? 0 : [4, 500].includes(row) ? 2 : 1))
    expect(kinds).toEqual([...kinds].sort())
    const rest = order.slice(out, 1000 - picked)
    for (let i = 1; i < rest.length; i++) expect(rest[i] % 256).toBeGreaterThanOrEqual(rest[i - 1] % 256)
    looks.show({ filter: { passes: null, mode: 'dim' }, picked: new Uint32Array(0) })
    expect([...made.arrangement.order]).toEqual([
      ...drawingOrder(
        Uint8Array.from({ length: 1000 }, (_, row) => row % 256),
        1000,
      ),
    ])
    expect(made.look.some((_, i) => i % 4 === LOOK.state && made.look[i] !== 0)).toBe(false)
  })

  it('uploads only what a filter changed', () => {
    const { made, looks } = fake(1000)
    const passes = new Uint8Array(1000).fill(1)
    passes[400] = passes[410] = 0
    looks.show({ filter: { passes, mode: 'hide' } })
    expect(made.uploads).toEqual([[400, 411]])
    expect(looks.opacities.outOpacity).toBe(0)
    looks.show({ filter: { passes: passes.slice(), mode: 'dim' } })
    expect(made.uploads).toHaveLength(1)
    expect(looks.opacities.outOpacity).toBeGreaterThan(0)
  })

  it('keeps every kind of mark apart, whatever the order they come and go in', () => {
    const random = generator(9)
    const { made, looks, state } = fake(60)
    const some = (share: number) => Array.from({ length: 60 }, (_, row) => row).filter(() => random() < share)
    const now = {
      passes: new Uint8Array(60).fill(1),
      picked: [] as number[],
      mine: new Map<number, number>(),
      theirs: new Map<number, number>(),
      hits: [] as number[],
      selected: -1,
      near: [] as number[],
      hovered: -1,
    }
    for (let step = 0; step < 400; step++) {
      const kind = Math.floor(random() * 6)
      if (kind === 0)
        looks.show({
          filter: { passes: (now.passes = Uint8Array.from({ length: 60 }, () => Number(random() < 0.7))), mode: 'dim' },
        })
      if (kind === 1) looks.show({ picked: Uint32Array.from((now.picked = some(0.2))) })
      if (kind === 2)
        looks.show({
          profile: {
            mine: (now.mine = new Map(some(0.2).map((row) => [row, random()]))),
            theirs: (now.theirs = new Map(some(0.1).map((row) => [row, random()]))),
            pairs: [],
          },
        })
      if (kind === 3) looks.show({ hits: (now.hits = some(0.2)) })
      if (kind === 4) {
        now.selected = Math.floor(random() * 61) - 1
        now.near = now.selected < 0 ? [] : some(0.1)
        looks.show({
          selection: {
            row: now.selected,
            neighbours: now.near.map((row) => ({ row, similarity: random(), shared: null })),
          },
        })
      }
      if (kind === 5) looks.show({ hovered: (now.hovered = Math.floor(random() * 61) - 1) })
      for (let row = 0; row < 60; row++) {
        const expected =
          (now.passes[row] ? 0 : STATE.out) |
          (now.picked.includes(row) ? STATE.picked : 0) |
          (now.mine.has(row) ? STATE.mine : 0) |
          (now.theirs.has(row) ? STATE.theirs : 0) |
          (now.hits.includes(row) ? STATE.hit : 0) |
          (now.near.includes(row) ? STATE.neighbour : 0) |
          (now.selected === row ? STATE.selected : 0) |
          (now.hovered === row ? STATE.hover : 0)
        expect(state(row)).toBe(expected)
      }
      expect(new Set(made.highlights).size).toBe(made.highlights.length)
      expect(made.hovered).toBe(now.hovered)
      if (now.selected >= 0) expect(made.highlights.at(-1)).toBe(now.selected)
    }
    looks.show({ profile: { mine: none, theirs: none, pairs: [] } })
    expect(made.look.some((value, i) => i % 4 === LOOK.weight && value !== 0)).toBe(false)
  })

  it('joins the pairs of a profile, but none that the filter leaves out', () => {
    const { made, looks } = fake(50)
    looks.show({
      profile: {
        mine: new Map([
          [1, 1],
          [2, 0.5],
          [3, 0.2],
        ]),
        theirs: none,
        pairs: [
          [1, 2],
          [2, 3],
        ],
      },
    })
    expect(made.lines).toBe(2)
    expect(made.look[1 * LOOK.stride + LOOK.weight]).toBe(255)
    const passes = new Uint8Array(50).fill(1)
    passes[3] = 0
    looks.show({ filter: { passes, mode: 'dim' } })
    expect(made.lines).toBe(1)
  })

  it('takes half a million picked rows without ado', () => {
    const { made, looks } = fake(1_000_000)
    const rows = Uint32Array.from({ length: 500_000 }, (_, i) => 2 * i)
    const begin = performance.now()
    looks.show({ picked: rows })
    expect(performance.now() - begin).toBeLessThan(3000)
    expect(made.arrangement.picked).toBe(500_000)
    expect(made.uploads).toHaveLength(1)
    looks.show({ hovered: 7 })
    expect(made.uploads).toHaveLength(2)
  })

  it('arranges nothing anew where nothing is marked', () => {
    const order = Uint32Array.from([2, 0, 1])
    expect(arranged(order, new Uint8Array(12)).order).toBe(order)
  })
})

describe('flight', () => {
  const eye = (pose: Pose) =>
    axesOf(pose).back.map((v, axis) => [pose.x, pose.y, pose.z][axis] + v * distanceOf(pose, view))
  const close = (a: number[], b: number[]) => a.forEach((v, i) => expect(v).toBeCloseTo(b[i], 6))

  it('takes off and lands without moving the eye', () => {
    const pose = fitPose(200, true)
    const up = takenOff(pose, view)
    close(eye(up), eye(pose))
    const down = landed(up, view)
    close(eye(down), eye(pose))
    expect(Math.hypot(down.x, down.y, down.z)).toBeLessThan(1e-6) // looks at the middle again
  })

  it('looks around from where the eye is, flies along what it sees, and stays near the map', () => {
    const pose = takenOff(fitPose(200, true), view)
    const turned = lookedAround(pose, view, 120, -40)
    close(eye(turned), eye(pose))
    expect(turned.yaw).not.toBe(pose.yaw)
    const on = flown(turned, view, { right: 0, up: 0, ahead: 0.5 })
    close(
      eye(on),
      eye(turned).map((v, axis) => v - 0.5 * axesOf(turned).back[axis]),
    )
    let far = on
    for (let i = 0; i < 100; i++) far = flown(far, view, { right: 0, up: 0, ahead: -0.5 })
    expect(Math.hypot(...eye(far))).toBeLessThan(4.01)
  })
})

describe('WheelReader', () => {
  const event = (more: Partial<WheelEvent> & { wheelDeltaY?: number }) => ({
    deltaX: 0,
    deltaY: 0,
    deltaMode: 0,
    ctrlKey: false,
    shiftKey: false,
    ...more,
  })

  it('zooms by notches, fine wheels and pinches', () => {
    const wheel = new WheelReader()
    expect(wheel.read(event({ deltaY: -100, wheelDeltaY: 120 }))).toEqual({ zoom: expect.closeTo(1.246, 2) })
    expect(wheel.read(event({ deltaY: -4, wheelDeltaY: 12 }))).toHaveProperty('zoom')
    expect(wheel.read(event({ deltaY: 3, deltaMode: 1 }))).toEqual({ zoom: expect.closeTo(0.876, 2) })
    expect(wheel.read(event({ deltaY: -10, ctrlKey: true }))).toEqual({ zoom: expect.closeTo(1.127, 2) })
    expect(wheel.read(event({ deltaX: 100, shiftKey: true, wheelDeltaY: 0 }))).toHaveProperty('zoom')
  })

  it('moves the map once it knows a trackpad, until a wheel turns', () => {
    const wheel = new WheelReader()
    expect(wheel.read(event({ deltaX: 3, deltaY: 8, wheelDeltaY: -24 }))).toEqual({ x: -3, y: -8 })
    expect(wheel.read(event({ deltaY: 9, wheelDeltaY: -27 }))).toEqual({ x: expect.closeTo(0), y: -9 })
    expect(wheel.read(event({ deltaY: -6, ctrlKey: true }))).toHaveProperty('zoom')
    expect(wheel.read(event({ deltaY: 9, wheelDeltaY: -27 }))).toHaveProperty('x')
    expect(wheel.read(event({ deltaY: 100, wheelDeltaY: -120 }))).toHaveProperty('zoom')
    expect(wheel.read(event({ deltaY: 9, wheelDeltaY: -27 }))).toHaveProperty('zoom')
  })
})

describe('framing', () => {
  it('makes a box fill what panels leave free', () => {
    const framing = new Framing()
    framing.show([1, 0.8, 0], false)
    let pose = framing.resize(800, 600, framing.whole())
    pose = framing.cover({ left: 200, top: 0, right: 0, bottom: 100 }, pose).goal!
    const boxed = framing.boxed(pose, [
      { x: 300, y: 200 },
      { x: 450, y: 250 },
    ])
    const matrix = viewProjection(boxed, framing.view)
    const before = viewProjection(pose, framing.view)
    // The corners of the box, as places on the map, seen before and after.
    const world = (x: number, y: number) =>
      [pose.x + (x - framing.view.centreX) / pose.scale, pose.y - (y - framing.view.centreY) / pose.scale] as const
    const seen = (m: Float32Array, p: Pose, x: number, y: number) =>
      toScreen(m, framing.view, distanceOf(p, framing.view), ...world(x, y), 0, { x: 0, y: 0, nearness: 0 })
    expect(seen(before, pose, 300, 200).x).toBeCloseTo(300, 3)
    const [a, b] = [seen(matrix, boxed, 300, 200), seen(matrix, boxed, 450, 250)]
    expect(a.x).toBeCloseTo(200, 3)
    expect(b.x).toBeCloseTo(800, 3)
    expect((a.y + b.y) / 2).toBeCloseTo(250, 3)
    const { x, halfWidth } = framing.window(boxed)
    expect(2 * halfWidth * boxed.scale).toBeCloseTo(600, 3)
    expect(x).toBeCloseTo(boxed.x, 6)
  })
})

describe('overview', () => {
  it('puts points where the frame says, in their colours, and leaves out what is hidden', () => {
    const projection = {
      key: 'p',
      dims: 2,
      bbox: [
        [0, 0],
        [2, 1],
      ],
    } as unknown as Projection
    const layer: Layer = {
      positions: Uint16Array.from([0, 0, 0, 0, 65535, 65535, 0, 0]),
      scale: [2, 1, 0],
      offset: [-1, -0.5, 0],
    }
    const look = new Uint8Array(8)
    look[4 + LOOK.colour] = 1
    const palette = new Uint8Array(1024).fill(9)
    palette.set([200, 100, 50, 255], 4)
    const scene = { projection, layer, order: Uint32Array.from([0, 1]), look, palette, hides: true }
    const { scale } = overviewFrame(projection, 100, 60)
    const pixel = (x: number, y: number, of = paintOverview(scene, 100, 60)) => [
      ...of.slice((y * 100 + x) * 4, (y * 100 + x) * 4 + 4),
    ]
    expect(pixel(Math.round(50 + scale), Math.round(30 - scale / 2))).toEqual([200, 100, 50, 190])
    look[4 + LOOK.state] = STATE.out
    expect(pixel(Math.round(50 + scale), Math.round(30 - scale / 2))).toEqual([0, 0, 0, 0])
  })
})

describe('going from label to label', () => {
  it('takes the nearest in the direction of the arrow, and reaches every label', () => {
    const random = generator(3)
    const rects = new Map(
      Array.from({ length: 40 }, (_, i) => {
        const [left, top] = [random() * 900, random() * 600]
        return [`e${i}`, { left, top, right: left + 60, bottom: top + 17 }]
      }),
    )
    const directions = [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const
    const reached = new Set(['e0'])
    for (const key of reached) {
      for (const direction of directions) {
        const next = nextIn(rects, key, direction)
        if (!next) continue
        const [a, b] = [rects.get(key)!, rects.get(next)!]
        expect((b.left - a.left) * direction[0] + (b.top - a.top) * direction[1]).toBeGreaterThan(0)
        reached.add(next)
      }
    }
    expect(reached.size).toBeGreaterThan(36)
  })
})
