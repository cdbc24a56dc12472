/**
 * Which projection is shown: its places in the renderer's two layers, the mix between them, and how that changes: a morph
 * runs from what is seen now to another projection; a scrub holds any mix of two.
 */
import { ease } from '../camera/flight'
import type { Projection } from '../data/manifest'
import type { Layer, Renderer } from '../gl/renderer'
import { mixedLayer, worldOf } from './layers'

type Place = [number, number, number]

export class Morph {
  /** 0 = layer 0, 1 = layer 1. */
  mix = 1
  #spatial = 0
  #run: { start: number; duration: number; spatialFrom: number; spatialTo: number; arrived?: () => void } | null = null
  #scrub: { from: Projection; to: Projection } | null = null

  constructor(private readonly renderer: Renderer) {}

  get running(): boolean {
    return this.#run !== null
  }

  /** Between two projections, moving or held. */
  get between(): boolean {
    return this.#run !== null || (this.mix > 0 && this.mix < 1)
  }

  /** 0 = flat, 1 = 3-D. */
  get spatial(): number {
    return this.#spatial
  }

  /** Of the projection that is shown or on its way; of the nearer one while scrubbing. */
  get layer(): Layer {
    return this.renderer.layer(this.#scrub && this.mix < 0.5 ? 0 : 1)
  }

  /** Whether a row is on the map that is nearer: what came later is not on an earlier version. */
  has(row: number): boolean {
    return this.layer.positions[4 * row + 3] === 0
  }

  /** Shows a projection at once; `layer` may still be filling up. */
  set(projection: Projection, layer: Layer): void {
    this.renderer.setLayer(0, layer)
    this.renderer.setLayer(1, layer)
    this.mix = 1
    this.#spatial = projection.dims === 3 ? 1 : 0
    this.#run = null
    this.#scrub = null
  }

  /** Travels to a projection from what is seen now, in `duration` ms; 0 = at once. `arrived`: unless something else began. */
  start(projection: Projection, layer: Layer, duration: number, arrived?: () => void): void {
    const { renderer, mix } = this
    const spatialTo = projection.dims === 3 ? 1 : 0
    const seen =
      mix >= 1
        ? renderer.layer(1)
        : mix <= 0
          ? renderer.layer(0)
          : duration > 0
            ? mixedLayer(renderer.layer(0), renderer.layer(1), mix)
            : layer
    if (renderer.layer(0) !== seen) renderer.setLayer(0, seen)
    if (renderer.layer(1) !== layer) renderer.setLayer(1, layer)
    this.#scrub = null
    this.#run =
      duration > 0 ? { start: performance.now(), duration, spatialFrom: this.#spatial, spatialTo, arrived } : null
    this.#mixTo(duration > 0 ? 0 : 1)
    if (duration <= 0) this.#spatial = spatialTo
  }

  /** Are these the two projections that are being scrubbed between? */
  scrubs(from: Projection, to: Projection): boolean {
    return this.#scrub?.from === from && this.#scrub.to === to
  }

  scrub(from: Projection, to: Projection, layers: readonly [Layer, Layer], t: number): void {
    layers.forEach((layer, i) => {
      if (this.renderer.layer(i as 0 | 1) !== layer) this.renderer.setLayer(i as 0 | 1, layer)
    })
    this.#scrub = { from, to }
    this.#run = null
    this.rescrub(t)
  }

  rescrub(t: number): void {
    const { from, to } = this.#scrub!
    const [a, b] = [from, to].map(({ dims }) => (dims === 3 ? 1 : 0))
    this.#spatial = a + (b - a) * t
    this.#mixTo(Math.max(0, Math.min(1, t)))
  }

  advance(now: number): void {
    if (!this.#run) return
    const { start, duration, spatialFrom, spatialTo, arrived } = this.#run
    const t = Math.max(0, (now - start) / duration)
    const share = t >= 1 ? 1 : ease(t)
    this.#mixTo(share)
    this.#spatial = spatialFrom + (spatialTo - spatialFrom) * share
    if (t < 1) return
    this.#run = null
    arrived?.()
  }

  #mixTo(mix: number): void {
    this.mix = mix
    this.renderer.version++
  }

  /** Where a row is drawn now, in world units. */
  placeOf(row: number, out: Place = [0, 0, 0]): Place {
    worldOf(this.renderer.layer(1), row, out)
    if (this.mix >= 1) return out
    const a = worldOf(this.renderer.layer(0), row, [0, 0, 0])
    for (let axis = 0; axis < 3; axis++) out[axis] = a[axis] + (out[axis] - a[axis]) * this.mix
    return out
  }

  /** Where a row will be once a running morph has ended. */
  goalOf(row: number): Place {
    return this.#run ? worldOf(this.renderer.layer(1), row, [0, 0, 0]) : this.placeOf(row)
  }
}
