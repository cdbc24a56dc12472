import { expect, it } from 'vitest'
import { LOOK, STATE } from '../../src/core/gl/look'
import { paintGround } from '../../src/core/map/ground'

const SIDE = 65535
/** Two crowds of equal colour each, red on the left and blue on the right, the left one ten times as dense. */
function scene(rows = 1100) {
  const positions = new Uint16Array(4 * rows)
  const look = new Uint8Array(rows * LOOK.stride)
  for (let row = 0; row < rows; row++) {
    const right = row % 11 === 0
    positions[4 * row] = (right ? 0.75 : 0.25) * SIDE + ((row * 7919) % 4000) - 2000
    positions[4 * row + 1] = 0.5 * SIDE + ((row * 104729) % 4000) - 2000
    look[row * LOOK.stride + LOOK.colour] = right ? 1 : 0
  }
  const palette = new Uint8Array(1024)
  palette.set([255, 0, 0, 255, 0, 0, 255, 255])
  return {
    layer: {
      positions,
      scale: [2, 1, 0] as [number, number, number],
      offset: [-1, -0.5, 0] as [number, number, number],
    },
    order: Uint32Array.from({ length: rows }, (_, row) => row),
    look,
    palette,
  }
}

function at(ground: NonNullable<ReturnType<typeof paintGround>>, x: number, y: number): number[] {
  const [left, bottom, right, top] = ground.box
  const column = Math.floor(((x - left) / (right - left)) * ground.width)
  const line = Math.floor(((y - bottom) / (top - bottom)) * ground.height)
  return [...ground.pixels.subarray(4 * (line * ground.width + column), 4 * (line * ground.width + column) + 4)]
}

it('has the colour and the density of the points that lie there', () => {
  const ground = paintGround(scene())!
  const [left, middle, right] = [at(ground, -0.5, 0), at(ground, 0, 0), at(ground, 0.5, 0)]
  expect(left.slice(0, 3)).toEqual([255, 0, 0])
  expect(right.slice(0, 3)).toEqual([0, 0, 255])
  expect(left[3]).toBeGreaterThan(2 * right[3])
  expect(right[3]).toBeGreaterThan(0)
  expect(middle[3]).toBe(0)
})

it('leaves room around the outermost points, with square cells', () => {
  const { box, width, height } = paintGround(scene())!
  expect(box[0]).toBeLessThan(-1)
  expect(box[3]).toBeGreaterThan(0.5)
  expect((box[2] - box[0]) / width).toBeCloseTo((box[3] - box[1]) / height, 6)
})

it('does not count what the filter leaves out, nor what is not on the map', () => {
  const { layer, look, ...rest } = scene()
  for (let row = 0; row < 1100; row += 11) look[row * LOOK.stride + LOOK.state] = STATE.out
  expect(at(paintGround({ layer, look, ...rest })!, 0.5, 0)[3]).toBe(0)
  for (let row = 0; row < 1100; row++) layer.positions[4 * row + 3] = SIDE
  expect(paintGround({ layer, look, ...rest })).toBeNull()
})

it('is nothing where there are only a few points', () => {
  expect(paintGround(scene(50))).toBeNull()
})
