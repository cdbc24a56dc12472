/** Page side of gl.test.ts: a renderer over a handful of known points, seen straight on at 100 px per unit. */
import { distanceOf, viewProjection, type Pose, type View } from '../../src/core/camera/camera'
import { arranged, drawingOrder, LOOK, STATE } from '../../src/core/gl/look'
import { Picker } from '../../src/core/gl/picker'
import { LINE_FLOATS, Renderer, type Frame, type Layer } from '../../src/core/gl/renderer'
import { mixedLayer } from '../../src/core/map/layers'

const SIZE = 400
const view: View = { width: SIZE, height: SIZE, centreX: SIZE / 2, centreY: SIZE / 2 }

const layerOf = (points: number[][]): Layer => ({
  positions: Uint16Array.from(
    points.flatMap(([x, y, z = 0]) => [x, y, z].map((v) => Math.round(((v + 1) / 2) * 65535)).concat(0)),
  ),
  scale: [2, 2, 2],
  offset: [-1, -1, -1],
})

export class Harness {
  readonly canvas = document.body.appendChild(document.createElement('canvas'))
  readonly renderer: Renderer
  readonly picker: Picker
  pose: Pose = { x: 0, y: 0, z: 0, yaw: 0, pitch: 0, scale: 100 }
  mix = 0
  spatial = 0
  opacity = 1
  glow = 0
  outOpacity = 0.07

  constructor(a: number[][], b: number[][] = a) {
    this.renderer = Renderer.create(this.canvas, a.length)!
    this.renderer.resize(SIZE, SIZE, 1)
    this.renderer.setLayer(0, layerOf(a))
    this.renderer.setLayer(1, layerOf(b))
    const palette = new Uint8Array(1024)
    for (const [slot, colour] of [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [255, 255, 0],
    ].entries())
      palette.set([...colour, 255], slot * 4)
    this.renderer.setPalette(palette)
    this.sizes(a.map(() => 0))
    a.forEach((_, row) => (this.renderer.look[row * LOOK.stride + LOOK.colour] = row % 4))
    this.renderer.lookChanged()
    this.picker = new Picker(this.renderer)
    this.canvas.addEventListener('webglcontextlost', (event) => event.preventDefault())
  }

  sizes(sizes: number[]): void {
    sizes.forEach((size, row) => (this.renderer.look[row * LOOK.stride + LOOK.size] = size))
    this.renderer.lookChanged()
    this.arrange()
  }

  arrange(): void {
    const { look } = this.renderer
    const sizes = Uint8Array.from({ length: this.renderer.rows }, (_, row) => look[row * LOOK.stride + LOOK.size])
    this.renderer.setOrder(arranged(drawingOrder(sizes, sizes.length), look))
  }

  /** Sets state bits of rows, as Marks does. */
  mark(bit: keyof typeof STATE, rows: number[], weight = 0): void {
    for (const row of rows) {
      this.renderer.look[row * LOOK.stride + LOOK.state] |= STATE[bit]
      this.renderer.look[row * LOOK.stride + LOOK.weight] = weight
    }
    this.renderer.lookChanged()
    this.arrange()
  }

  select(row: number): void {
    this.mark('selected', [row])
    this.renderer.setHighlights(Uint32Array.from([row]))
  }

  line(from: number[], to: number[]): void {
    const line = new Float32Array(LINE_FLOATS)
    line.set([...from, 0, ...from, 0, ...to, 0, ...to, 0, 1, 0])
    this.renderer.setLines(line)
  }

  morphFromHere(next: number[][]): void {
    this.renderer.setLayer(0, mixedLayer(this.renderer.layer(0), this.renderer.layer(1), this.mix))
    this.renderer.setLayer(1, layerOf(next))
    this.mix = 0
  }

  frame(share = 1): Frame {
    return {
      viewProjection: viewProjection(this.pose, view),
      distance: distanceOf(this.pose, view),
      mix: this.mix,
      spatial: this.spatial,
      minPx: 10,
      maxPx: 40,
      opacity: this.opacity,
      outOpacity: this.outOpacity,
      dim: 1,
      share,
      lineOpacity: 1,
      ground: 0,
      glow: this.glow,
    }
  }

  /** Colour on screen, CSS px from the top left, as [r, g, b]. */
  draw(places: number[][], share = 1): number[][] {
    const { gl } = this.renderer
    this.renderer.draw(this.frame(share))
    return places.map(([x, y]) => {
      const pixel = new Uint8Array(4)
      gl.readPixels(x, SIZE - 1 - y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
      return [...pixel.slice(0, 3)]
    })
  }

  pick(x: number, y: number, reach = 4): number {
    return this.picker.pick(this.frame(), x, y, reach)
  }

  pickSoon(x: number, y: number): Promise<number | null> {
    return this.picker.pickSoon(this.frame(), x, y, 4)
  }

  async loseAndRestore(): Promise<boolean> {
    const { gl } = this.renderer
    const extension = gl.getExtension('WEBGL_lose_context')!
    const event = (name: string) =>
      new Promise((resolve) => this.canvas.addEventListener(name, resolve, { once: true }))
    const lost = event('webglcontextlost')
    extension.loseContext()
    await lost
    const whileLost = this.pick(200, 200)
    this.renderer.draw(this.frame())
    const restored = event('webglcontextrestored')
    setTimeout(() => extension.restoreContext(), 20)
    await restored
    this.renderer.restore()
    this.picker.restore()
    return whileLost === -1
  }
}

Object.assign(window, { Harness })
