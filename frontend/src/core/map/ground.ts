/**
 * The ground that points stand on, seen from far: how densely they lie, in the colours that they have there, as contours
 * that fade on the way in. Made when the map rests and something has changed.
 */
import { LOOK, STATE } from '../gl/look'
import type { Ground as Painted, Layer, Renderer } from '../gl/renderer'
import { blur } from './blur'

/** Cells along the longer side. */
const CELLS = 384
/** Of the longer side, beyond the outermost points on each side: room for what is blurred. */
const MARGIN = 0.05
/** Standard deviation of the blur in cells: of few points wider, so that they meet at all. */
const NARROWEST = 3.2
const WIDEST = 10
/** The density that is drawn as the highest: so much of all cells with points lies below. */
const HIGHEST = 0.985
/** Fewer points make no ground. */
const FEWEST = 100
/** Zooms between which it fades away. */
const FADES = [2.5, 9] as const

export interface GroundScene {
  layer: Layer
  /** Rows that are drawn. */
  order: Uint32Array
  look: Uint8Array
  /** 256 RGBA colours. */
  palette: Uint8Array
}

/** 1 where the whole map is seen, 0 among the points. */
export function farness(zoom: number): number {
  const [from, to] = FADES
  return Math.min(1, Math.max(0, Math.log(to / zoom) / Math.log(to / from)))
}

export class Ground {
  /** What it was made of. */
  #of: { layer: Layer; version: number } | null = null
  #painted: Painted | null = null

  constructor(private readonly renderer: Renderer) {}

  /** 0 … 1 at a zoom (1 = the whole map). */
  strength(zoom: number): number {
    return this.#painted ? farness(zoom) : 0
  }

  /** At a place in world units; null where nothing lies. */
  colourAt(x: number, y: number): [number, number, number] | null {
    if (!this.#painted) return null
    const { pixels, width, height, box } = this.#painted
    const column = Math.floor(((x - box[0]) / (box[2] - box[0])) * width)
    const line = Math.floor(((y - box[1]) / (box[3] - box[1])) * height)
    const at = 4 * (line * width + column)
    return column >= 0 && line >= 0 && column < width && line < height && pixels[at + 3] > 0
      ? [pixels[at], pixels[at + 1], pixels[at + 2]]
      : null
  }

  /** Makes it anew where it is of something else by now; whether it did. version: grows with whatever the scene shows. */
  renew(scene: GroundScene, version: number): boolean {
    if (this.#of?.layer === scene.layer && this.#of.version === version) return false
    this.#of = { layer: scene.layer, version }
    const painted = paintGround(scene)
    if (!painted && !this.#painted) return false
    this.#painted = painted
    this.renderer.setGround(painted)
    return true
  }
}

/** Density (alpha) and mean colour of each cell; null where there are too few points. Rows the filter leaves out do not count. */
export function paintGround({ layer, order, look, palette }: GroundScene): Painted | null {
  const { positions, scale, offset } = layer
  const longest = Math.max(scale[0], scale[1])
  if (longest <= 0) return null
  const cell = (longest * (1 + 2 * MARGIN)) / CELLS
  const [x, y] = [offset[0] - MARGIN * longest, offset[1] - MARGIN * longest]
  const width = Math.max(1, Math.ceil((scale[0] + 2 * MARGIN * longest) / cell))
  const height = Math.max(1, Math.ceil((scale[1] + 2 * MARGIN * longest) / cell))
  const sums = [0, 1, 2, 3].map(() => new Float32Array(width * height))
  let count = 0
  for (const row of order) {
    if ((look[row * LOOK.stride + LOOK.state] & STATE.out) !== 0 || positions[4 * row + 3] !== 0) continue
    const column = Math.floor(((positions[4 * row] / 65535) * scale[0] + offset[0] - x) / cell)
    const line = Math.floor(((positions[4 * row + 1] / 65535) * scale[1] + offset[1] - y) / cell)
    const at = line * width + column
    const slot = look[row * LOOK.stride + LOOK.colour] * 4
    for (let channel = 0; channel < 3; channel++) sums[channel][at] += palette[slot + channel]
    sums[3][at]++
    count++
  }
  if (count < FEWEST) return null
  const deviation = Math.min(WIDEST, Math.max(NARROWEST, (0.9 * CELLS) / Math.sqrt(count)))
  for (const sum of sums) blur(sum, width, height, deviation)
  return { pixels: shaded(sums), width, height, box: [x, y, x + width * cell, y + height * cell] }
}

/** RGBA: the mean colour, and the root of the density, of which the highest is 255. */
function shaded([red, green, blue, density]: Float32Array[]): Uint8Array {
  const crowded = density.filter((d) => d > 1e-3).sort()
  const highest = crowded[Math.floor(HIGHEST * (crowded.length - 1))] || 1
  const pixels = new Uint8Array(density.length * 4)
  for (let cell = 0; cell < density.length; cell++) {
    const d = density[cell]
    if (d <= 1e-5) continue
    pixels[4 * cell] = Math.min(255, Math.round(red[cell] / d))
    pixels[4 * cell + 1] = Math.min(255, Math.round(green[cell] / d))
    pixels[4 * cell + 2] = Math.min(255, Math.round(blue[cell] / d))
    pixels[4 * cell + 3] = Math.round(255 * Math.min(1, Math.sqrt(d / highest)))
  }
  return pixels
}
