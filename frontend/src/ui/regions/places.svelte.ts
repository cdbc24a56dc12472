/** The regions of the map that is shown: as a tree, which of them somebody looks at, and where an entity lies. */
import type { Region } from '../../core/data/bundle'
import { pathTo, rowsOf, treeOf, type Node } from '../../core/regions/tree'
import type { Page } from '../page.svelte'

export class Places {
  regions = $state.raw<readonly Region[]>([])
  #finest = $state.raw<Uint16Array | null>(null)
  /** The region that was clicked, in the list or on the map. */
  chosen = $state.raw<Region | null>(null)
  readonly tree = $derived<Node[]>(treeOf(this.regions))

  constructor(private readonly page: Page) {}

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
    if (regions !== this.regions) this.chosen = null
    this.regions = regions
    this.#finest = finest
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

  /** Look at a region: the map shows all of it. */
  show(region: Region): void {
    this.chosen = region
    const rows = this.rows(region)
    if (rows.length > 0) this.page.map?.camera.flyToRows(rows)
    else this.page.map?.camera.flyToRegion(region)
  }
}
