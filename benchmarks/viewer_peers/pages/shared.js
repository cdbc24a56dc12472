/**
 * What the pages of all peers do alike. `benchmarks/viewer_browser.py` gives them the points file and, in the address,
 * how Atlas draws those points: where they lie, their diameters, opacity and colours.
 *
 * A page ends in `window.bench`: {paintedMs, frame(x, y), pick(x, y)}. `frame` shows the map moved by that many CSS px
 * from where it began and resolves to the ms that took, GPU work included; `pick` answers {ms, row} for a place.
 */
export const settings = JSON.parse(new URLSearchParams(location.search).get('settings'))
export const canvas = document.querySelector('canvas')
export const [WIDTH, HEIGHT] = [canvas.width, canvas.height]

/** The points in the order in which they are painted: x and y in CSS px from the middle of the page, y down; bytes. */
export async function points() {
  const packed = await fetch(settings.points)
  const bytes = await new Response(packed.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer()
  const { n, scale, offset } = settings
  const x = new Float32Array(bytes, 0, n)
  const y = new Float32Array(bytes, 4 * n, n)
  for (let i = 0; i < n; i++) {
    x[i] = x[i] * scale[0] + offset[0] - WIDTH / 2
    y[i] = y[i] * scale[1] + offset[1] - HEIGHT / 2
  }
  return { n, x, y, size: new Uint8Array(bytes, 8 * n, n), colour: new Uint8Array(bytes, 9 * n, n) }
}

export const diameter = (size) => settings.minPx + ((settings.maxPx - settings.minPx) * size) / 255

/** Returns once the GPU has done all that it was told to. */
export function finish(gl) {
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4))
}

export function timed(action) {
  const begin = performance.now()
  const row = action()
  return { ms: performance.now() - begin, row }
}

/** Animation frames at our word: libraries that draw in one do so when `run` is called, instead of up to 16 ms later. */
export class Frames {
  #waiting = []

  hold() {
    window.requestAnimationFrame = (callback) => this.#waiting.push(callback)
    window.cancelAnimationFrame = (id) => (this.#waiting[id - 1] = () => {})
    return new Promise((resolve) => setTimeout(resolve, 200)) // what was asked for before has come by then
  }

  run() {
    const due = this.#waiting
    this.#waiting = []
    for (const callback of due) callback(performance.now())
  }
}
