/**
 * Which row lies under a screen position: ids drawn at half resolution, only when something moved since, and read back
 * in a small window. Hovering reads asynchronously (pixel buffer and fence, so the pipeline never stalls); a click reads
 * at once. The scheme follows cosmos.gl (MIT) in outline; the code is our own.
 */
import { Program } from './program'
import type { Frame, Renderer } from './renderer'
import pickFragment from './shaders/pick.frag?raw'
import pointsVertex from './shaders/points.vert?raw'

/** Id-buffer pixels per CSS pixel. */
const RESOLUTION = 0.5
/** What is drawn around the pointer at first, id-buffer pixels: the pointer often asks only once before the map moves on. */
const FIRST_MARGIN = 48
/** Points are picked as if this much larger, in CSS px: the smallest are hard to hit. */
const GROW_PX = 4

/** Id-buffer pixels, from the bottom left. */
interface Area {
  left: number
  bottom: number
  width: number
  height: number
}
const NOTHING: Area = { left: 0, bottom: 0, width: 0, height: 0 }

export class Picker {
  #program!: Program
  #framebuffer!: WebGLFramebuffer
  #colour!: WebGLRenderbuffer
  #depth!: WebGLRenderbuffer
  #pixelBuffer!: WebGLBuffer
  #width = 0
  #height = 0
  /** What the id buffer holds, and in which part of it. */
  #drawn: { version: number; key: string; area: Area } = { version: -1, key: '', area: NOTHING }
  #reading = false

  constructor(private readonly renderer: Renderer) {
    this.restore()
  }

  restore(): void {
    const { gl } = this.renderer
    this.#program = new Program(gl, pointsVertex, pickFragment, ['PICK'])
    this.#framebuffer = gl.createFramebuffer()
    this.#colour = gl.createRenderbuffer()
    this.#depth = gl.createRenderbuffer()
    this.#pixelBuffer = gl.createBuffer()
    this.#width = 0
    this.#reading = false
    this.#drawn.version = -1
  }

  /** Makes the id buffer right for a window of it: nothing to do, or only what lies around it, or, asked again, all. */
  #redraw(frame: Frame, wanted: Area): void {
    const { renderer } = this
    const { gl } = renderer
    const key = `${frame.viewProjection.join()} ${frame.minPx} ${frame.maxPx} ${frame.mix}`
    const known = this.#drawn.version === renderer.version && this.#drawn.key === key
    if (known && holds(this.#drawn.area, wanted)) return
    const [width, height] = this.#size()
    const area = known ? { left: 0, bottom: 0, width, height } : grown(wanted, FIRST_MARGIN)
    this.#drawn = { version: renderer.version, key, area }
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#framebuffer)
    if (width !== this.#width || height !== this.#height) {
      this.#width = width
      this.#height = height
      gl.bindRenderbuffer(gl.RENDERBUFFER, this.#colour)
      gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, width, height)
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, this.#colour)
      gl.bindRenderbuffer(gl.RENDERBUFFER, this.#depth)
      gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT16, width, height)
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, this.#depth)
    }
    gl.viewport(0, 0, width, height)
    gl.enable(gl.SCISSOR_TEST)
    gl.scissor(area.left, area.bottom, area.width, area.height)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT)
    gl.disable(gl.BLEND) // ids must not mix
    if (frame.spatial > 0.5) gl.enable(gl.DEPTH_TEST)
    renderer.usePoints(this.#program, frame, RESOLUTION)
    gl.uniform1f(this.#program.uniform('u_grow_px'), GROW_PX * RESOLUTION)
    renderer.drawRows(1, true)
    gl.disable(gl.DEPTH_TEST)
    renderer.drawHighlights()
    gl.disable(gl.SCISSOR_TEST)
    gl.bindVertexArray(null)
  }

  #size(): [width: number, height: number] {
    const { canvas, pixelRatio } = this.renderer
    const ratio = RESOLUTION / pixelRatio
    return [Math.max(1, Math.ceil(canvas.width * ratio)), Math.max(1, Math.ceil(canvas.height * ratio))]
  }

  #window(x: number, y: number, reachPx: number) {
    const reach = Math.max(1, Math.round(reachPx * RESOLUTION))
    const [fullWidth, fullHeight] = this.#size()
    const [centreX, centreY] = [Math.floor(x * RESOLUTION), fullHeight - 1 - Math.floor(y * RESOLUTION)]
    const left = Math.max(0, centreX - reach)
    const bottom = Math.max(0, centreY - reach)
    const width = Math.min(fullWidth, centreX + reach + 1) - left
    const height = Math.min(fullHeight, centreY + reach + 1) - bottom
    return { left, bottom, width, height, centreX: centreX - left, centreY: centreY - bottom }
  }

  /** The row nearest to (x, y) within `reachPx`, all in CSS px; -1 = none. Waits for the GPU. */
  pick(frame: Frame, x: number, y: number, reachPx: number): number {
    const { gl } = this.renderer
    if (gl.isContextLost()) return -1
    const area = this.#window(x, y, reachPx)
    if (area.width <= 0 || area.height <= 0) return -1
    this.#redraw(frame, area)
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#framebuffer)
    const pixels = new Uint8Array(area.width * area.height * 4)
    gl.readPixels(area.left, area.bottom, area.width, area.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
    return nearestRow(pixels, area.width, area.height, area.centreX, area.centreY)
  }

  /** As pick, without waiting; null when a read is still under way, so the caller may ask again with the newest place. */
  async pickSoon(frame: Frame, x: number, y: number, reachPx: number): Promise<number | null> {
    const { gl } = this.renderer
    if (this.#reading || gl.isContextLost()) return null
    const area = this.#window(x, y, reachPx)
    if (area.width <= 0 || area.height <= 0) return -1
    this.#redraw(frame, area)
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#framebuffer)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.#pixelBuffer)
    gl.bufferData(gl.PIXEL_PACK_BUFFER, area.width * area.height * 4, gl.STREAM_READ)
    gl.readPixels(area.left, area.bottom, area.width, area.height, gl.RGBA, gl.UNSIGNED_BYTE, 0)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
    if (!fence) return null
    gl.flush()
    this.#reading = true
    try {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 4))
        if (gl.isContextLost()) return null
        const status = gl.clientWaitSync(fence, 0, 0)
        if (status === gl.WAIT_FAILED) return null
        if (status !== gl.TIMEOUT_EXPIRED) break
      }
      const pixels = new Uint8Array(area.width * area.height * 4)
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.#pixelBuffer)
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels)
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
      return nearestRow(pixels, area.width, area.height, area.centreX, area.centreY)
    } finally {
      gl.deleteSync(fence)
      this.#reading = false
    }
  }
}

function holds(outer: Area, inner: Area): boolean {
  return (
    inner.left >= outer.left &&
    inner.bottom >= outer.bottom &&
    inner.left + inner.width <= outer.left + outer.width &&
    inner.bottom + inner.height <= outer.bottom + outer.height
  )
}

function grown({ left, bottom, width, height }: Area, by: number): Area {
  return { left: left - by, bottom: bottom - by, width: width + 2 * by, height: height + 2 * by }
}

/** The row whose pixel lies nearest to the centre of an id window; -1 = none. */
export function nearestRow(
  pixels: Uint8Array,
  width: number,
  height: number,
  centreX: number,
  centreY: number,
): number {
  let row = -1
  let best = Infinity
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4
      const id = (pixels[at] | (pixels[at + 1] << 8) | (pixels[at + 2] << 16) | (pixels[at + 3] << 24)) >>> 0
      if (id === 0) continue
      const distance = (x - centreX) ** 2 + (y - centreY) ** 2
      if (distance < best) {
        best = distance
        row = id - 1
      }
    }
  }
  return row
}
