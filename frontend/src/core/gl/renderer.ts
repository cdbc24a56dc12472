/**
 * Draws all points in one call, highlighted ones again on top, and the lines between them. WebGL2 core only.
 *
 * Everything that lives on the GPU is kept here as typed arrays too, so that a lost context is rebuilt from them.
 * A point's place is the mix of two layers (positions of two projections), which makes any change of projection a morph.
 */
import { LOOK, type Arrangement } from './look'
import { Program } from './program'
import groundFragment from './shaders/ground.frag?raw'
import groundVertex from './shaders/ground.vert?raw'
import linesFragment from './shaders/lines.frag?raw'
import linesVertex from './shaders/lines.vert?raw'
import pointsFragment from './shaders/points.frag?raw'
import pointsVertex from './shaders/points.vert?raw'
import ringFragment from './shaders/ring.frag?raw'

/**
 * Positions in one projection: u16 x, y, z per row, with world = value / 65535 × scale + offset, and a fourth lane: 0, or
 * ABSENT for rows that are not on this map.
 */
export interface Layer {
  positions: Uint16Array
  scale: [number, number, number]
  offset: [number, number, number]
}

export const ABSENT = 65535

/** Points that are no rows: drawn below all others, never picked. Positions as in either layer, with its scale and offset. */
export interface Ghosts {
  positions: readonly [Uint16Array, Uint16Array]
  look: Uint8Array
}

/** Below the points of a flat map: mean colour and density (alpha) of cells, rows upwards; box: world x, y of two corners. */
export interface Ground {
  pixels: Uint8Array
  width: number
  height: number
  box: [number, number, number, number]
}

export type Rgba = [number, number, number, number]

/** What changes from frame to frame. Sizes in CSS px. */
export interface Frame {
  viewProjection: Float32Array
  distance: number
  mix: number
  spatial: number
  minPx: number
  maxPx: number
  opacity: number
  /** Share of their opacity that rows keep while others are highlighted. */
  dim: number
  /** Of rows that the filter leaves out; 0 = not drawn at all. */
  outOpacity: number
  /** Share of the rows to draw, most important first. */
  share: number
  lineOpacity: number
  /** How strongly the ground shows, and how much crowds glow, 0 … 1. */
  ground: number
  glow: number
}

export interface Theme {
  /** Of the densest ground. */
  ground?: number
  /** 0 … 1: how much brighter crowds of points of a flat map become than one of them. */
  glow?: number
  background: Rgba
  ring: Rgba
  selected: Rgba
  line: Rgba
  /** Rings of the two profiles. */
  mine: Rgba
  theirs: Rgba
}

/** Floats per line: start and end in both layers, strength 0 … 1, one of LINE. */
export const LINE_FLOATS = 14
export const LINE = { plain: 0, dashed: 1, profile: 2 } as const

const GROUND_STEPS = 7

const PASSES = {
  flat: { vertex: pointsVertex, fragment: pointsFragment, defines: [] },
  core: { vertex: pointsVertex, fragment: pointsFragment, defines: ['CORE'] },
  rim: { vertex: pointsVertex, fragment: pointsFragment, defines: ['RIM'] },
  ring: { vertex: pointsVertex, fragment: ringFragment, defines: ['RING'] },
  ground: { vertex: groundVertex, fragment: groundFragment, defines: [] },
}

/** More picked rows than this get no rings, which would only hide each other. */
const MAX_RINGED = 4000

export class Renderer {
  readonly gl: WebGL2RenderingContext
  /** Grows with whatever changes what is where; the picker redraws when it differs. */
  version = 0
  pixelRatio = 1

  readonly #programs = new Map<string, Program>()
  #lineProgram!: Program
  #vertexArrays!: WebGLVertexArrayObject[]
  #positionBuffers!: WebGLBuffer[]
  #lookBuffer!: WebGLBuffer
  #orderBuffer!: WebGLBuffer
  #highlightBuffer!: WebGLBuffer
  #lineBuffer!: WebGLBuffer
  #paletteTexture!: WebGLTexture
  #groundTexture: WebGLTexture | null = null
  #ground: Ground | null = null
  #ghosts: { given: Ghosts; array: WebGLVertexArrayObject; buffers: WebGLBuffer[]; count: number } | null = null

  readonly #layers: [Layer, Layer]
  readonly look: Uint8Array
  #arrangement: Arrangement = { order: new Uint32Array(0), out: 0, picked: 0 }
  #highlights: Uint32Array = new Uint32Array(0)
  #hovered = -1
  #lines: Float32Array = new Float32Array(0)
  #palette: Uint8Array = new Uint8Array(256 * 4).fill(255)
  #theme: Theme = {
    background: [0, 0, 0, 1],
    ring: [1, 1, 1, 1],
    selected: [1, 1, 1, 1],
    line: [1, 1, 1, 1],
    mine: [1, 1, 1, 1],
    theirs: [1, 1, 1, 1],
  }

  /** Returns null where the browser has no WebGL2. */
  static create(canvas: HTMLCanvasElement, rows: number): Renderer | null {
    const gl = canvas.getContext('webgl2', {
      alpha: false,
      antialias: false,
      depth: true,
      powerPreference: 'high-performance',
      preserveDrawingBuffer: false,
    })
    return gl ? new Renderer(canvas, gl, rows) : null
  }

  private constructor(
    readonly canvas: HTMLCanvasElement,
    gl: WebGL2RenderingContext,
    readonly rows: number,
  ) {
    this.gl = gl
    this.look = new Uint8Array(rows * LOOK.stride)
    const empty = (): Layer => ({ positions: new Uint16Array(rows * 4), scale: [2, 2, 0], offset: [-1, -1, 0] })
    this.#layers = [empty(), empty()]
    this.restore()
  }

  /** Builds every GPU object from the arrays kept here; also called when a lost context comes back. */
  restore(): void {
    const { gl } = this
    this.#programs.clear()
    this.#lineProgram = new Program(gl, linesVertex, linesFragment)
    const buffer = () => gl.createBuffer()
    this.#positionBuffers = [buffer(), buffer()]
    this.#lookBuffer = buffer()
    this.#orderBuffer = buffer()
    this.#highlightBuffer = buffer()
    this.#lineBuffer = buffer()
    this.#paletteTexture = gl.createTexture()
    this.#vertexArrays = [this.#orderBuffer, this.#highlightBuffer].map((elements) => {
      const array = this.#pointArray(this.#positionBuffers, this.#lookBuffer)
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, elements)
      return array
    })
    const lines = gl.createVertexArray()
    gl.bindVertexArray(lines)
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#lineBuffer)
    for (let attribute = 0; attribute < 5; attribute++) {
      gl.enableVertexAttribArray(attribute)
      gl.vertexAttribPointer(attribute, attribute < 4 ? 3 : 2, gl.FLOAT, false, LINE_FLOATS * 4, attribute * 12)
      gl.vertexAttribDivisor(attribute, 1)
    }
    gl.bindVertexArray(null)
    this.#vertexArrays.push(lines)

    this.setLayer(0, this.#layers[0])
    this.setLayer(1, this.#layers[1])
    this.lookChanged()
    this.setOrder(this.#arrangement)
    this.setHighlights(this.#highlights)
    this.setLines(this.#lines)
    this.setPalette(this.#palette)
    this.#groundTexture = null
    this.setGround(this.#ground)
    const { ghosts } = this
    this.#ghosts = null // what a lost context held is gone
    this.setGhosts(ghosts)
  }

  /** A vertex array, still bound, of points. */
  #pointArray(positions: readonly WebGLBuffer[], look: WebGLBuffer): WebGLVertexArrayObject {
    const { gl } = this
    const array = gl.createVertexArray()
    gl.bindVertexArray(array)
    positions.forEach((buffer, slot) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
      gl.enableVertexAttribArray(slot)
      gl.vertexAttribPointer(slot, 4, gl.UNSIGNED_SHORT, true, 8, 0)
    })
    gl.bindBuffer(gl.ARRAY_BUFFER, look)
    gl.enableVertexAttribArray(2)
    gl.vertexAttribIPointer(2, LOOK.stride, gl.UNSIGNED_BYTE, LOOK.stride, 0)
    return array
  }

  /** Points beside the rows; null = none. */
  setGhosts(ghosts: Ghosts | null): void {
    const { gl } = this
    const before = this.#ghosts
    if (before) {
      gl.deleteVertexArray(before.array)
      for (const buffer of before.buffers) gl.deleteBuffer(buffer)
    }
    this.#ghosts = null
    this.version++
    if (!ghosts || ghosts.look.length === 0) return
    const buffers = [...ghosts.positions, ghosts.look].map((data) => {
      const buffer = gl.createBuffer()
      this.#upload(gl.ARRAY_BUFFER, buffer, data)
      return buffer
    })
    const array = this.#pointArray(buffers.slice(0, 2), buffers[2])
    gl.bindVertexArray(null)
    this.#ghosts = { given: ghosts, array, buffers, count: ghosts.look.length / LOOK.stride }
  }

  get ghosts(): Ghosts | null {
    return this.#ghosts?.given ?? null
  }

  layer(slot: 0 | 1): Layer {
    return this.#layers[slot]
  }

  setLayer(slot: 0 | 1, layer: Layer): void {
    this.#layers[slot] = layer
    this.#upload(this.gl.ARRAY_BUFFER, this.#positionBuffers[slot], layer.positions)
  }

  /** Call after writing to `look`; a range of rows where only a few changed. */
  lookChanged(from = 0, to = this.rows): void {
    const { gl } = this
    if (from === 0 && to === this.rows) {
      this.#upload(gl.ARRAY_BUFFER, this.#lookBuffer, this.look)
      return
    }
    gl.bindVertexArray(null)
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#lookBuffer)
    gl.bufferSubData(gl.ARRAY_BUFFER, from * LOOK.stride, this.look, from * LOOK.stride, (to - from) * LOOK.stride)
    this.version++
  }

  /** Rows to draw, least important first. */
  setOrder(arrangement: Arrangement): void {
    this.#arrangement = arrangement
    this.#upload(this.gl.ELEMENT_ARRAY_BUFFER, this.#orderBuffer, arrangement.order)
  }

  get arrangement(): Arrangement {
    return this.#arrangement
  }

  /** Rows to draw again on top, last one topmost; the picked ones are among the rows already. */
  setHighlights(rows: Uint32Array): void {
    this.#highlights = rows
    const spare = new Uint32Array(rows.length + 1) // the hovered row comes last
    spare.set(rows)
    this.#upload(this.gl.ELEMENT_ARRAY_BUFFER, this.#highlightBuffer, spare)
    this.setHovered(this.#hovered)
  }

  /** The row drawn above all; -1 = none. */
  setHovered(row: number): void {
    const { gl } = this
    this.#hovered = row
    this.version++
    if (row < 0) return
    gl.bindVertexArray(null)
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.#highlightBuffer)
    gl.bufferSubData(gl.ELEMENT_ARRAY_BUFFER, this.#highlights.length * 4, Uint32Array.of(row))
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, null)
  }

  /** LINE_FLOATS numbers per line. */
  setLines(lines: Float32Array): void {
    this.#lines = lines
    this.#upload(this.gl.ARRAY_BUFFER, this.#lineBuffer, lines)
  }

  /** 256 RGBA colours. */
  setPalette(palette: Uint8Array): void {
    const { gl } = this
    this.#palette = palette
    gl.bindTexture(gl.TEXTURE_2D, this.#paletteTexture)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
    this.version++
  }

  /** What is drawn below the points; null = nothing. */
  setGround(ground: Ground | null): void {
    const { gl } = this
    this.#ground = ground
    if (!ground) return
    this.#groundTexture ??= gl.createTexture()
    gl.bindTexture(gl.TEXTURE_2D, this.#groundTexture)
    const { width, height, pixels } = ground
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
      [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ])
      gl.texParameteri(gl.TEXTURE_2D, name, value)
  }

  setTheme(theme: Theme): void {
    this.#theme = theme
  }

  #upload(target: GLenum, buffer: WebGLBuffer, data: ArrayBufferView<ArrayBufferLike>): void {
    const { gl } = this
    gl.bindVertexArray(null) // an element buffer bound while a vertex array is would become part of it
    gl.bindBuffer(target, buffer)
    gl.bufferData(target, data as ArrayBufferView<ArrayBuffer>, gl.DYNAMIC_DRAW)
    gl.bindBuffer(target, null)
    this.version++
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.pixelRatio = pixelRatio
    const [w, h] = [Math.max(1, Math.round(width * pixelRatio)), Math.max(1, Math.round(height * pixelRatio))]
    if (this.canvas.width !== w) this.canvas.width = w
    if (this.canvas.height !== h) this.canvas.height = h
    this.version++
  }

  draw(frame: Frame): void {
    const { gl } = this
    if (gl.isContextLost()) return
    const [r, g, b] = this.#theme.background
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
    gl.viewport(0, 0, this.canvas.width, this.canvas.height)
    gl.clearColor(r, g, b, 1)
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT)
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)

    if (frame.spatial > 0.5) {
      gl.enable(gl.DEPTH_TEST)
      gl.depthFunc(gl.LEQUAL)
      this.#drawAll('core', frame)
      gl.depthMask(false)
      this.#drawAll('rim', frame)
      gl.depthMask(true)
      gl.disable(gl.DEPTH_TEST)
    } else {
      this.#drawGround(frame)
      this.#drawAll('flat', frame)
    }
    this.#drawLines(frame)
    this.#drawRings(frame)
    gl.bindVertexArray(null)
  }

  #drawGround(frame: Frame): void {
    const { gl } = this
    const opacity = frame.ground * (this.#theme.ground ?? 0)
    if (!this.#ground || opacity <= 0) return
    const program = this.#program('ground')
    gl.useProgram(program.handle)
    gl.uniformMatrix4fv(program.uniform('u_view_projection'), false, frame.viewProjection)
    gl.uniform4fv(program.uniform('u_box'), this.#ground.box)
    gl.uniform1f(program.uniform('u_opacity'), opacity * frame.dim)
    gl.uniform1f(program.uniform('u_steps'), GROUND_STEPS)
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, this.#groundTexture)
    gl.uniform1i(program.uniform('u_ground'), 0)
    gl.bindVertexArray(null)
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4)
  }

  #drawAll(pass: keyof typeof PASSES, frame: Frame): void {
    const program = this.#program(pass)
    this.usePoints(program, frame, this.pixelRatio)
    this.gl.uniform1f(program.uniform('u_glow'), (this.#theme.glow ?? 0) * frame.glow)
    if (this.#ghosts) {
      this.gl.bindVertexArray(this.#ghosts.array)
      this.gl.drawArrays(this.gl.POINTS, 0, this.#ghosts.count)
    }
    this.drawRows(frame.share, frame.outOpacity <= 0)
  }

  #drawRings(frame: Frame): void {
    const { gl, pixelRatio } = this
    const { picked } = this.#arrangement
    if (this.#highlights.length === 0 && this.#hovered < 0 && (picked === 0 || picked > MAX_RINGED)) return
    const program = this.#program('ring')
    this.usePoints(program, frame, pixelRatio)
    const { ring, selected, mine, theirs } = this.#theme
    for (const [name, colour] of [
      ['u_ring', ring],
      ['u_ring_selected', selected],
      ['u_ring_mine', mine],
      ['u_ring_theirs', theirs],
    ] as const) {
      gl.uniform4fv(program.uniform(name), colour)
    }
    if (picked > 0 && picked <= MAX_RINGED) {
      const crowded = Math.log10(picked) / Math.log10(MAX_RINGED)
      gl.uniform1f(program.uniform('u_grow_px'), (4 - 2 * crowded) * pixelRatio)
      gl.uniform1f(program.uniform('u_weight_px'), 0)
      gl.uniform1f(program.uniform('u_ring_px'), (1.8 - 0.9 * crowded) * pixelRatio)
      gl.bindVertexArray(this.#vertexArrays[0])
      gl.drawElements(gl.POINTS, picked, gl.UNSIGNED_INT, (this.#arrangement.order.length - picked) * 4)
    }
    gl.uniform1f(program.uniform('u_grow_px'), 5 * pixelRatio)
    gl.uniform1f(program.uniform('u_weight_px'), 9 * pixelRatio)
    gl.uniform1f(program.uniform('u_ring_px'), 2 * pixelRatio)
    this.drawHighlights()
  }

  /** Compiled when first needed: most visits never need all. */
  #program(pass: keyof typeof PASSES): Program {
    const { vertex, fragment, defines } = PASSES[pass]
    let program = this.#programs.get(pass)
    if (!program) this.#programs.set(pass, (program = new Program(this.gl, vertex, fragment, defines)))
    return program
  }

  /** Sets what drawing and picking share. `ratio`: target pixels per CSS pixel. */
  usePoints(program: Program, frame: Frame, ratio: number): void {
    const { gl } = this
    gl.useProgram(program.handle)
    gl.uniformMatrix4fv(program.uniform('u_view_projection'), false, frame.viewProjection)
    for (const [slot, name] of ['a', 'b'].entries()) {
      gl.uniform3fv(program.uniform(`u_scale_${name}`), this.#layers[slot].scale)
      gl.uniform3fv(program.uniform(`u_offset_${name}`), this.#layers[slot].offset)
    }
    gl.uniform1f(program.uniform('u_mix'), frame.mix)
    gl.uniform1f(program.uniform('u_distance'), frame.distance)
    gl.uniform2f(program.uniform('u_size_px'), frame.minPx * ratio, frame.maxPx * ratio)
    gl.uniform1f(program.uniform('u_grow_px'), 0)
    gl.uniform1f(program.uniform('u_opacity'), (frame.spatial > 0.5 ? 1 : frame.opacity) * frame.dim)
    gl.uniform1f(program.uniform('u_out_opacity'), frame.outOpacity)
    gl.uniform1f(program.uniform('u_spatial'), frame.spatial)
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, this.#paletteTexture)
    gl.uniform1i(program.uniform('u_palette'), 0)
  }

  /** `share` of the rows, most important first; those that the filter leaves out only where they are not `hidden`. */
  drawRows(share: number, hidden: boolean): void {
    const { gl } = this
    const { order, out } = this.#arrangement
    const count = Math.ceil((order.length - (hidden ? out : 0)) * share)
    if (count === 0) return
    gl.bindVertexArray(this.#vertexArrays[0])
    gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, (order.length - count) * 4)
  }

  drawHighlights(): void {
    const { gl } = this
    gl.bindVertexArray(this.#vertexArrays[1])
    gl.drawElements(gl.POINTS, this.#highlights.length + (this.#hovered < 0 ? 0 : 1), gl.UNSIGNED_INT, 0)
  }

  #drawLines(frame: Frame): void {
    const { gl } = this
    const count = this.#lines.length / LINE_FLOATS
    if (count === 0 || frame.lineOpacity <= 0) return
    const program = this.#lineProgram
    const [r, g, b, a] = this.#theme.line
    gl.useProgram(program.handle)
    gl.uniformMatrix4fv(program.uniform('u_view_projection'), false, frame.viewProjection)
    gl.uniform1f(program.uniform('u_mix'), frame.mix)
    gl.uniform2f(program.uniform('u_viewport_px'), this.canvas.width, this.canvas.height)
    gl.uniform1f(program.uniform('u_width_px'), 1.5 * this.pixelRatio)
    gl.uniform1f(program.uniform('u_dash_px'), 9 * this.pixelRatio)
    gl.uniform4f(program.uniform('u_colour'), r, g, b, a * frame.lineOpacity)
    const [mineR, mineG, mineB] = this.#theme.mine
    gl.uniform4f(program.uniform('u_pair_colour'), mineR, mineG, mineB, 0.55 * frame.lineOpacity)
    gl.bindVertexArray(this.#vertexArrays[2])
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count)
  }
}
