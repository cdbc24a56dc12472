/** The projection that is shown, loaded and morphed into; of several requests under way, the last one counts. */
import type { Bundle, Region } from '../data/bundle'
import { projectionOf, type Projection } from '../data/manifest'
import type { Ghosts, Layer, Renderer } from '../gl/renderer'
import { crossing } from './ghosts'
import { mixedLayer, type LayerStore } from './layers'
import { Morph } from './morph'

const MORPH_MS = 800

/** A map that is none of the bundle's: an earlier version of one, laid over it. */
export interface Guest {
  /** With a key of its own; in the units of the projection that it is a version of. */
  projection: Projection
  layer: Layer
  regions: Region[]
  /** What is not on today's map any more. */
  ghosts: Ghosts
}

export class Projecting {
  readonly morph: Morph
  projection!: Projection
  #guest: Guest | null = null
  #token = 0

  constructor(
    private readonly renderer: Renderer,
    private readonly bundle: Bundle,
    readonly layers: LayerStore,
    private readonly host: {
      reducedMotion(): boolean
      /** A projection was taken on; its places, of which the first `rows` are there, follow at once. */
      adopted(projection: Projection, layer: Layer, rows: number): void
      /** Its places are there, or their mix is another. */
      changed(): void
    },
  ) {
    this.morph = new Morph(renderer)
  }

  of(key: string): Projection {
    return this.#guest?.projection.key === key ? this.#guest.projection : projectionOf(this.bundle.manifest, key)!
  }

  /** One at a time; null = no more. */
  welcome(guest: Guest | null): void {
    this.#guest = guest
    this.renderer.setGhosts(guest?.ghosts ?? null)
    if (this.projection) this.host.changed()
  }

  /** Every row of a projection, loaded when needed. */
  layerOf(projection: Projection): Promise<Layer> {
    return this.#guest?.projection === projection ? Promise.resolve(this.#guest.layer) : this.layers.whole(projection)
  }

  regionsOf(projection: Projection): Promise<Region[]> {
    return this.#guest?.projection === projection
      ? Promise.resolve(this.#guest.regions)
      : this.bundle.regions(projection)
  }

  get spatial(): boolean {
    return this.projection.dims === 3
  }

  #adopt(projection: Projection, layer: Layer, rows = this.bundle.manifest.n): void {
    this.projection = projection
    this.host.adopted(projection, layer, rows)
  }

  /** First paint, once `looks` are set: `painted` is called with the rows of bucket 0, and by `rest` with all. */
  async open(
    key: string,
    looks: Promise<unknown> | undefined,
    painted: (rows: number) => void,
  ): Promise<{ rest: () => Promise<void> }> {
    const projection = this.of(key)
    const [{ layer, rest }] = await Promise.all([this.layers.first(projection), looks])
    const { n, buckets } = this.bundle.manifest
    const token = this.#token
    const paint = (rows: number): void => {
      if (token === this.#token) this.morph.set(projection, layer)
      painted(rows)
    }
    this.#adopt(projection, layer, buckets[0])
    paint(buckets[0])
    return { rest: () => rest().then(() => paint(n)) }
  }

  /** The morph has begun; how many ms it takes, or null when a newer request overtook this one. */
  async show(key: string, hurry = 1): Promise<{ duration: number } | null> {
    const token = ++this.#token
    const projection = this.of(key)
    const layer = await this.layerOf(projection)
    if (token !== this.#token) return null
    const duration = this.host.reducedMotion() ? 0 : MORPH_MS / hurry
    this.#adopt(projection, layer)
    this.morph.start(projection, layer, duration)
    this.host.changed()
    return { duration }
  }

  async mix(from: string, to: string, t: number): Promise<void> {
    const token = ++this.#token
    const [a, b] = [this.of(from), this.of(to)]
    if (this.morph.scrubs(a, b)) {
      this.morph.rescrub(t)
    } else {
      const layers = await Promise.all([this.layerOf(a), this.layerOf(b)])
      if (token !== this.#token) return
      this.#hold(a, b, layers, t)
    }
    this.#adoptNearer(a, b, t, [this.renderer.layer(0), this.renderer.layer(1)])
    this.host.changed()
  }

  /** Another guest takes the place of the one that is there: a morph from what is seen now to its mix with `to`. */
  async exchange(guest: Guest, to: string, t: number): Promise<void> {
    const token = ++this.#token
    this.#guest = guest
    const { renderer, morph } = this
    const [a, b] = [guest.projection, this.of(to)]
    const layers = [guest.layer, await this.layerOf(b)] as const
    if (token !== this.#token) return
    this.#adoptNearer(a, b, t, layers)
    if (this.host.reducedMotion()) {
      this.#hold(a, b, layers, t)
    } else {
      const before = {
        ghosts: renderer.ghosts,
        layers: [renderer.layer(0), renderer.layer(1)] as const,
        mix: morph.mix,
      }
      const goal = t <= 0 ? layers[0] : t >= 1 ? layers[1] : mixedLayer(...layers, t)
      morph.start(this.projection, goal, MORPH_MS, () => {
        this.#hold(a, b, layers, t)
        this.host.changed()
      })
      renderer.setGhosts(
        crossing(before, { ghosts: guest.ghosts, layers, mix: t }, [renderer.layer(0), renderer.layer(1)]),
      )
    }
    this.host.changed()
  }

  #hold(a: Projection, b: Projection, layers: readonly [Layer, Layer], t: number): void {
    this.morph.scrub(a, b, layers, t)
    const ghosts = this.#guest?.ghosts ?? null
    if (this.renderer.ghosts !== ghosts) this.renderer.setGhosts(ghosts) // those of an exchange have had their time
  }

  #adoptNearer(a: Projection, b: Projection, t: number, layers: readonly [Layer, Layer]): void {
    const at = t < 0.5 ? 0 : 1
    const nearer = [a, b][at]
    if (this.projection !== nearer) this.#adopt(nearer, layers[at])
  }
}
