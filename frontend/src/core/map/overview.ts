/** The whole map as a small picture: where its points are and in what colours, as seen from the front. */
import { LOOK, STATE } from '../gl/look'
import type { Layer } from '../gl/renderer'
import { unitsOf } from './layers'
import type { Projection } from '../data/manifest'

export interface OverviewScene {
  projection: Projection
  layer: Layer
  /** Rows, least important first. */
  order: Uint32Array
  look: Uint8Array
  /** 256 RGBA colours. */
  palette: Uint8Array
  hides: boolean
}

/** More would not be seen in a picture this small. */
const MAX_ROWS = 60_000
const OUT_ALPHA = 40
const ALPHA = 190
const MARGIN_PX = 5

/** World units to pixels of a picture; y down. */
export function overviewFrame(
  projection: Projection,
  width: number,
  height: number,
): { scale: number; x: number; y: number } {
  const { extent } = unitsOf(projection)
  const scale = Math.min(
    (width - 2 * MARGIN_PX) / (2 * extent[0] || 1e-6),
    (height - 2 * MARGIN_PX) / (2 * extent[1] || 1e-6),
  )
  return { scale, x: width / 2, y: height / 2 }
}

/** RGBA pixels, transparent where nothing is. The most important rows are drawn last. */
export function paintOverview(scene: OverviewScene, width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const { layer, order, look, palette, hides } = scene
  const pixels = new Uint8ClampedArray(width * height * 4)
  const frame = overviewFrame(scene.projection, width, height)
  const [ax, bx] = [(layer.scale[0] / 65535) * frame.scale, layer.offset[0] * frame.scale + frame.x]
  const [ay, by] = [(-layer.scale[1] / 65535) * frame.scale, -layer.offset[1] * frame.scale + frame.y]
  const step = Math.max(1, order.length / MAX_ROWS)
  for (let i = 0; i < order.length; i += step) {
    const row = order[Math.floor(i)]
    const out = (look[row * LOOK.stride + LOOK.state] & STATE.out) !== 0
    if ((out && hides) || layer.positions[4 * row + 3] !== 0) continue
    const x = Math.round(ax * layer.positions[4 * row] + bx)
    const y = Math.round(ay * layer.positions[4 * row + 1] + by)
    if (x < 0 || y < 0 || x >= width || y >= height) continue
    const slot = look[row * LOOK.stride + LOOK.colour] * 4
    const at = (y * width + x) * 4
    pixels[at] = palette[slot]
    pixels[at + 1] = palette[slot + 1]
    pixels[at + 2] = palette[slot + 2]
    pixels[at + 3] = out ? Math.max(pixels[at + 3], OUT_ALPHA) : ALPHA
  }
  return pixels
}
