/** The least that draws these discs with WebGL2: one static buffer, one call, the smallest shaders. */
import { canvas, finish, HEIGHT, points, settings, timed, WIDTH } from './shared.js'

const gl = canvas.getContext('webgl2', { alpha: false, antialias: false })

const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in float size;
layout(location = 2) in vec3 colour;
uniform vec2 shift, view, diameters;
out vec3 ink;
out float diameter;
void main() {
  gl_Position = vec4((place + shift) / view, 0, 1);
  diameter = mix(diameters.x, diameters.y, size) + 1.0;
  gl_PointSize = diameter;
  ink = colour;
}`
const FRAGMENT = `#version 300 es
precision mediump float;
in vec3 ink;
in float diameter;
uniform float opacity;
out vec4 fragment;
void main() {
  float alpha = clamp((0.5 - length(gl_PointCoord - 0.5)) * diameter, 0.0, 1.0) * opacity;
  fragment = vec4(ink * alpha, alpha);
}`

function shader(type, source) {
  const made = gl.createShader(type)
  gl.shaderSource(made, source)
  gl.compileShader(made)
  return made
}

const { n, x, y, size, colour } = await points()
const STRIDE = 12
const data = new ArrayBuffer(n * STRIDE)
const floats = new Float32Array(data)
const bytes = new Uint8Array(data)
for (let i = 0; i < n; i++) {
  floats.set([x[i], y[i]], i * 3)
  bytes.set([size[i], ...settings.colours[colour[i]]], i * STRIDE + 8)
}
const program = gl.createProgram()
gl.attachShader(program, shader(gl.VERTEX_SHADER, VERTEX))
gl.attachShader(program, shader(gl.FRAGMENT_SHADER, FRAGMENT))
gl.linkProgram(program)
gl.useProgram(program)
gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer())
gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW)
gl.vertexAttribPointer(0, 2, gl.FLOAT, false, STRIDE, 0)
gl.vertexAttribPointer(1, 1, gl.UNSIGNED_BYTE, true, STRIDE, 8)
gl.vertexAttribPointer(2, 3, gl.UNSIGNED_BYTE, true, STRIDE, 9)
for (const attribute of [0, 1, 2]) gl.enableVertexAttribArray(attribute)
const uniform = (name) => gl.getUniformLocation(program, name)
gl.uniform2f(uniform('view'), WIDTH / 2, -HEIGHT / 2)
gl.uniform2f(uniform('diameters'), settings.minPx, settings.maxPx)
gl.uniform1f(uniform('opacity'), settings.opacity)
const shift = uniform('shift')
gl.clearColor(...settings.background.map((part) => part / 255), 1)
gl.enable(gl.BLEND)
gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)

function draw(x, y) {
  gl.uniform2f(shift, x, y)
  gl.clear(gl.COLOR_BUFFER_BIT)
  gl.drawArrays(gl.POINTS, 0, n)
  finish(gl)
}

draw(0, 0)
window.bench = { paintedMs: performance.now(), frame: (x, y) => timed(() => draw(x, y)).ms }
