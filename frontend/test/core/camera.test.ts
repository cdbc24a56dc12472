import { describe, expect, it } from 'vitest'
import {
  distanceOf,
  fitPose,
  fitScale,
  limited,
  MAX_ZOOM,
  orbited,
  panned,
  scaleLimits,
  toScreen,
  toWorld,
  viewProjection,
  zoomedAt,
  type Extent,
  type Pose,
  type View,
} from '../../src/core/camera/camera'
import { flight } from '../../src/core/camera/flight'
import { Framing } from '../../src/core/map/framing'
import { generator } from '../support/random'

const view: View = { width: 1200, height: 800, centreX: 700, centreY: 380 }
const flat: Extent = [1, 0.6, 0]
const screen = (pose: Pose, x: number, y: number, z: number) =>
  toScreen(viewProjection(pose, view), view, distanceOf(pose, view), x, y, z, { x: 0, y: 0, nearness: 0 })

describe('camera', () => {
  it('sees a flat map as an exact similarity: right = x, up = y, scale px per unit', () => {
    const pose: Pose = { x: 0.2, y: -0.1, z: 0, yaw: 0, pitch: 0, scale: 350 }
    const p = screen(pose, 0.5, 0.3, 0)
    expect(p.x).toBeCloseTo(700 + 0.3 * 350, 2)
    expect(p.y).toBeCloseTo(380 - 0.4 * 350, 2)
    expect(p.nearness).toBeCloseTo(1, 5)
  })

  it('puts the target at the centre of the free area, from any angle', () => {
    const p = screen({ x: 0.3, y: 0.2, z: -0.4, yaw: 1.1, pitch: -0.7, scale: 900 }, 0.3, 0.2, -0.4)
    expect(p.x).toBeCloseTo(700, 2)
    expect(p.y).toBeCloseTo(380, 2)
  })

  it('maps the screen back to the plane of the target', () => {
    const random = generator(1)
    for (let i = 0; i < 50; i++) {
      const pose: Pose = {
        x: random() - 0.5,
        y: random() - 0.5,
        z: random() - 0.5,
        yaw: random() * 6,
        pitch: random() * 2.8 - 1.4,
        scale: 200 + random() * 5000,
      }
      const [sx, sy] = [random() * 1200, random() * 800]
      const p = screen(pose, ...toWorld(pose, view, sx, sy))
      expect(p.x).toBeCloseTo(sx, 0)
      expect(p.y).toBeCloseTo(sy, 0)
    }
  })

  it('zooms about the pointer: what is under it stays there', () => {
    const pose: Pose = { x: 0.1, y: 0.1, z: 0, yaw: 0, pitch: 0, scale: 500 }
    const before = toWorld(pose, view, 300, 600)
    const after = zoomedAt(pose, view, 3, 300, 600, { min: 1, max: 1e6 })
    expect(after.scale).toBe(1500)
    toWorld(after, view, 300, 600).forEach((v, axis) => expect(v).toBeCloseTo(before[axis], 6))
  })

  it('stops zooming at its limits without drifting', () => {
    const limits = scaleLimits(400)
    const pose: Pose = { x: 0.1, y: 0, z: 0, yaw: 0, pitch: 0, scale: limits.max }
    expect(zoomedAt(pose, view, 2, 10, 10, limits)).toEqual(pose)
    expect(limits.max / 400).toBe(MAX_ZOOM)
  })

  it('pans with the pointer', () => {
    const pose = fitPose(400, true)
    const grabbed = toWorld(pose, view, 500, 500)
    const p = screen(panned(pose, 60, -30), ...grabbed)
    expect(p.x).toBeCloseTo(560, 1)
    expect(p.y).toBeCloseTo(470, 1)
  })

  it('cannot lose the map, whatever is done to it', () => {
    const random = generator(9)
    let pose = fitPose(400, false)
    for (let i = 0; i < 500; i++) {
      const wild =
        random() < 0.5
          ? panned(pose, (random() - 0.5) * 9000, (random() - 0.5) * 9000)
          : zoomedAt(pose, view, random() * 4, random() * 1200, random() * 800, scaleLimits(400))
      pose = limited(wild, flat, 400, false)
      expect(Math.abs(pose.x)).toBeLessThanOrEqual(1)
      expect(Math.abs(pose.y)).toBeLessThanOrEqual(0.6)
      expect(pose.scale).toBeGreaterThanOrEqual(400 * 0.7 - 1e-9)
      expect(pose.scale).toBeLessThanOrEqual(400 * 64 + 1e-9)
    }
  })

  it('never turns over the pole', () => {
    expect(Math.abs(orbited(fitPose(1, true), 0, 1e6).pitch)).toBeLessThan(Math.PI / 2)
  })

  it('fits the whole map into the free area', () => {
    const scale = fitScale(flat, { width: 800, height: 700 }, false)
    expect(2 * scale).toBeLessThanOrEqual(800)
    expect(2 * 0.6 * scale).toBeLessThanOrEqual(700)
    expect(2 * scale).toBeGreaterThan(650)
  })
})

describe('flight', () => {
  const from: Pose = { x: -0.8, y: 0.3, z: 0, yaw: 0, pitch: 0, scale: 3000 }
  const to: Pose = { x: 0.7, y: -0.2, z: 0.1, yaw: 0.5, pitch: 0.2, scale: 5000 }

  it('begins and ends exactly where it should', () => {
    const path = flight(from, to, view)
    expect(path.at(0)).toEqual(from)
    expect(path.at(1)).toEqual(to)
  })

  it('zooms out on the way to somewhere far, and never jumps', () => {
    const path = flight(from, to, view)
    const scales = Array.from({ length: 101 }, (_, i) => path.at(i / 100).scale)
    expect(Math.min(...scales)).toBeLessThan(1500)
    for (let i = 1; i <= 100; i++) expect(Math.abs(Math.log(scales[i] / scales[i - 1]))).toBeLessThan(0.4)
  })

  it('only zooms when there is nowhere to go', () => {
    const path = flight(from, { ...from, scale: 9000 }, view)
    expect(path.at(0.5).x).toBe(from.x)
    expect(path.at(0.5).scale).toBeCloseTo(Math.sqrt(3000 * 9000), -1)
  })

  it('takes no time to stay', () => {
    expect(flight(from, { ...from }, view).duration).toBe(0)
  })
})

describe('framing', () => {
  const fitted = (): [Framing, Pose] => {
    const framing = new Framing()
    framing.show(flat, false)
    framing.resize(1200, 800, framing.whole())
    return [framing, framing.whole()]
  }
  const place = (framing: Framing, pose: Pose) =>
    toScreen(viewProjection(pose, framing.view), framing.view, distanceOf(pose, framing.view), 0.4, 0.1, 0, {
      x: 0,
      y: 0,
      nearness: 0,
    })

  it('does not move the map when a panel opens on the right', () => {
    const [framing, pose] = fitted()
    const before = place(framing, pose)
    const { pose: after, goal } = framing.cover({ left: 0, top: 0, right: 380, bottom: 0 }, pose)
    expect(goal).toBeNull()
    expect(place(framing, after).x).toBeCloseTo(before.x, 2)
    expect(place(framing, after).y).toBeCloseTo(before.y, 2)
  })

  it('fits a fitted map anew when the left or the bottom is covered, and leaves any other alone', () => {
    const [framing, pose] = fitted()
    expect(framing.cover({ left: 330, top: 0, right: 0, bottom: 0 }, pose).goal).toMatchObject({ x: 0, y: 0 })
    const zoomed = { ...framing.whole(), x: 0.3, scale: framing.fit * 5 }
    expect(framing.cover({ left: 330, top: 0, right: 0, bottom: 300 }, zoomed).goal).toBeNull()
  })

  it('keeps a fitted map fitted when the window changes', () => {
    const [framing, pose] = fitted()
    expect(framing.isFit(framing.resize(600, 900, pose))).toBe(true)
  })
})
