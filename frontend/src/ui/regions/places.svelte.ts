/** The regions of the map that is shown: as a tree, which of them somebody looks at, and where an entity lies. */
import type { Region } from '../../core/data/bundle'
import { pathTo, rowsOf, treeOf, type Node } from '../../core/regions/tree'
import { mostlyIn } from '../../core/regions/here'
import type { Page } from '../page.svelte'
import type { Selection } from '../selection.svelte'

/** From this zoom on it is told where the map is. */
const HERE_FROM_ZOOM = 1.7

export class Places {
  regions = $state.raw<readonly Region[]>([])
  #finest = $state.raw<Uint16Array | null>(null)
  /** The region that was clicked, in the list or on the map. */
  chosen = $state.raw<Region | null>(null)
  /** The region under the pointer or the focus, in the list or on the map. */
  pointed = $state.raw<Region | null>(null)
  /** Where the middle of the screen lies, from the coarsest region on; empty where the whole map is seen. */
  here = $state.raw<readonly Region[]>([])
  readonly tree = $derived<Node[]>(treeOf(this.regions))

  constructor(
    private readonly page: Page,
    private readonly selection: Selection,
  ) {
    page.link.register({
      key: 'region',
      read: () => this.chosen?.name ?? null,
      apply: async (value, all) => {
        if (value !== null) await this.load()
        this.chosen = this.regions.find(({ name }) => name === value) ?? null
        if (this.chosen && !all.has('at')) this.page.map?.camera.flyToRows(this.rows(this.chosen))
      },
    })
  }

  /** Fetch those of the projection that is shown. */
  async load(): Promise<void> {
    const { bundle, projection } = this.page
    if (!bundle || !projection?.regions) {
      this.regions = []
      return
    }
    const [regions, finest] = await Promise.all([
      bundle.regions(projection),
      projection.region_rows ? bundle.regionRows(projection) : null,
    ])
    if (projection !== this.page.projection) return
    if (regions !== this.regions) {
      this.chosen = this.pointed = null
      this.here = []
    }
    this.regions = regions
    this.#finest = finest
  }

  /** Whether somebody has asked for them. */
  get loaded(): boolean {
    return this.#finest !== null && this.regions.length > 0
  }

  /** From the coarsest region to the one that a row lies in. */
  around(row: number): Region[] {
    return this.#finest ? pathTo(this.regions, this.#finest[row]).map((place) => this.regions[place]) : []
  }

  /** From the coarsest region to this one. */
  pathOf(region: Region): Region[] {
    return pathTo(this.regions, this.regions.indexOf(region)).map((place) => this.regions[place])
  }

  rows(region: Region): Uint32Array {
    return this.#finest ? rowsOf(this.regions, this.#finest, this.regions.indexOf(region)) : new Uint32Array(0)
  }

  /** Rows of a region, the most popular first, at most so many. */
  bestKnown(region: Region, most = 8): number[] {
    const worth = (row: number) => this.page.sizeValues?.[row] ?? 0
    return [...this.rows(region)].sort((a, b) => worth(b) - worth(a) || a - b).slice(0, most)
  }

  /** Those inside a region, larger ones first. */
  inside(region: Region): Region[] {
    const place = this.regions.indexOf(region)
    return this.regions.filter(({ parent }) => parent === place).sort((a, b) => b.size - a.size)
  }

  /** Look at a region: the map shows all of it, and the side says what it is. */
  show(region: Region): void {
    this.selection.clear()
    this.chosen = region
    this.pointed = null
    const rows = this.rows(region)
    if (rows.length > 0) this.page.map?.camera.flyToRows(rows)
    else this.page.map?.camera.flyToRegion(region)
    this.page.say(`Region ${region.name}`)
    this.page.link.remember('push')
  }

  close(): void {
    if (!this.chosen) return
    this.chosen = null
    this.page.link.remember('push')
  }

  /** The map came to rest. */
  look(): void {
    const { map } = this.page
    if (!map || !this.#finest || map.projection.dims === 3 || map.camera.zoom < HERE_FROM_ZOOM) {
      this.here = []
      return
    }
    const path = mostlyIn(this.regions, this.#finest, map.rowsInPolygon(map.camera.middle))
    this.here = path.map((place) => this.regions[place])
  }
}
