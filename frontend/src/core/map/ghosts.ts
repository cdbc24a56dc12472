/** What is on an earlier version only, while one version makes way for another: some of it fades, some of it comes. */
import { ABSENT, type Ghosts, type Layer } from '../gl/renderer'
import { mixedLayer, restored, type Units } from './layers'

export interface Haunted {
  ghosts: Ghosts | null
  /** The layers that they are stored like, and where between them. */
  layers: readonly [Layer, Layer]
  mix: number
}

/** From what is seen now to what is to be seen, each in its place; `between`: the layers of the morph. */
export function crossing(from: Haunted, to: Haunted, between: readonly [Units, Units]): Ghosts {
  const scenes = [from, to].map(({ ghosts, layers, mix }, end) => {
    const [a, b] = layers.map(({ scale, offset }, i) => ({
      positions: ghosts?.positions[i] ?? new Uint16Array(0),
      scale,
      offset,
    }))
    const seen = mixedLayer(a, b, mix)
    const places = between.map((units) => restored(seen, units).positions)
    for (let lane = 3; lane < seen.positions.length; lane += 4) places[1 - end][lane] = ABSENT
    return { places, look: ghosts?.look ?? new Uint8Array(0) }
  })
  const [now, next] = scenes
  return {
    positions: [
      Uint16Array.from([...now.places[0], ...next.places[0]]),
      Uint16Array.from([...now.places[1], ...next.places[1]]),
    ],
    look: Uint8Array.from([...now.look, ...next.look]),
  }
}
