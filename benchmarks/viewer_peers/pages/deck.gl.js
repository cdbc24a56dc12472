/** deck.gl as its guide to large data says: a ScatterplotLayer of binary attributes in an OrthographicView. */
import { Deck, OrthographicView } from '@deck.gl/core'
import { ScatterplotLayer } from '@deck.gl/layers'
import { canvas, diameter, finish, HEIGHT, points, settings, timed, WIDTH } from './shared.js'

const { n, x, y, size, colour } = await points()
const places = new Float32Array(2 * n)
const colours = new Uint8Array(4 * n)
for (let i = 0; i < n; i++) {
  places.set([x[i], y[i]], 2 * i)
  colours.set([...settings.colours[colour[i]], 255], 4 * i)
}
const layer = new ScatterplotLayer({
  id: 'points',
  data: {
    length: n,
    attributes: {
      getPosition: { value: places, size: 2 },
      getRadius: { value: Float32Array.from(size, (byte) => diameter(byte) / 2), size: 1 },
      getFillColor: { value: colours, size: 4 },
    },
  },
  radiusUnits: 'pixels',
  opacity: settings.opacity,
  pickable: true,
})
const viewState = (x, y) => ({ target: [-x, -y, 0], zoom: 0 })

const deck = await new Promise((resolve, reject) => {
  const made = new Deck({
    canvas, width: WIDTH, height: HEIGHT, useDevicePixels: 1, views: new OrthographicView(), viewState: viewState(0, 0), layers: [layer],
    deviceProps: { type: 'webgl' }, parameters: { depthWriteEnabled: false },
    onAfterRender: () => layer.isLoaded && resolve(made),
    onError: reject,
  })
})
const { gl } = deck.device
finish(gl)
window.bench = {
  paintedMs: performance.now(),
  frame: (x, y) =>
    timed(() => {
      deck.setProps({ viewState: viewState(x, y) })
      deck.redraw('benchmark')
      finish(gl)
    }).ms,
  pick: (x, y) => timed(() => deck.pickObject({ x, y, radius: 5 })?.index ?? -1),
}
