/** regl-scatterplot with its usual settings, except that points keep the diameters and colours they are given. */
import createScatterplot, { createRenderer } from 'regl-scatterplot'
import { canvas, diameter, finish, Frames, HEIGHT, points, settings, timed, WIDTH } from './shared.js'

const SIZES = 64 // diameters are looked up in a table
const table = Array.from({ length: SIZES }, (_, i) => diameter((i / (SIZES - 1)) * 255))

const { n, x, y, size, colour } = await points()
const half = HEIGHT / 2 // its coordinates run from -1 to 1 over the height of the canvas, upwards
const renderer = createRenderer()
const plot = createScatterplot({
  renderer, canvas, width: WIDTH, height: HEIGHT, pointScaleMode: 'constant', opacity: settings.opacity, opacityBy: null,
  backgroundColor: settings.background.map((part) => part / 255).concat(1),
  colorBy: 'valueZ', pointColor: settings.colours.map((rgb) => rgb.map((part) => part / 255).concat(1)),
  sizeBy: 'valueW', pointSize: table, syncEvents: true,
})
const drawn = new Promise((resolve) => plot.subscribe('draw', resolve, 1))
await plot.draw(
  { x: x.map((px) => px / half), y: y.map((px) => -px / half), z: Float32Array.from(colour), w: Float32Array.from(size, (byte) => byte / 255) },
  { zDataType: 'categorical', wDataType: 'continuous' },
)
await drawn
const gl = renderer.regl._gl
finish(gl)
const paintedMs = performance.now()

const frames = new Frames()
await frames.hold()
const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
canvas.dispatchEvent(new MouseEvent('mouseenter'))
let hovered = -1
plot.subscribe('pointover', (row) => (hovered = row))
plot.subscribe('pointout', () => (hovered = -1))
window.bench = {
  paintedMs,
  frame: (x, y) =>
    timed(() => {
      plot.view([...identity.slice(0, 12), x / half, -y / half, 0, 1])
      frames.run()
      finish(gl)
    }).ms,
  pick: (x, y) => timed(() => {
    window.dispatchEvent(new MouseEvent('mousemove', { clientX: x, clientY: y }))
    return hovered
  }),
}
