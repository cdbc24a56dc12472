/** The links between what is in view, on demand: which are drawn follows the map once it rests. */
import { foremost, strongestLinks, type Link } from '../../core/links/strongest'
import { loadNeighbours } from '../../core/profile/neighbours'
import type { NeighbourLists } from '../../core/profile/close'
import type { Page } from '../page.svelte'

/** Of the rows in view the best known, and how many links between them, in all and of each. */
const ROWS = 1500
const LINKS = 700
const EACH = 6

const NO_LISTS: NeighbourLists = new Map()
const allOf = (rows: readonly number[]): ReadonlySet<number> => new Set(rows)

export class Links {
  on = $state(false)
  shown = $state.raw<readonly Link[]>([])
  /** Share of the neighbour lists that have arrived; null = all there. */
  loading = $state<number | null>(null)
  #neighbours: NeighbourLists = NO_LISTS
  #token = 0

  constructor(private readonly page: Page) {
    page.link.register({
      key: 'links',
      read: () => (this.on ? '1' : null),
      apply: (value) => void (this.on = value !== null),
    })
  }

  toggle(): void {
    this.on = !this.on
    this.page.link.remember('replace')
    if (!this.on) this.page.say('The links are hidden.')
  }

  /** Those of what is in view now, on a map of that many px; of links those that can be seen. */
  async refresh(width: number, height: number, seen: (from: number, to: number) => boolean): Promise<void> {
    const { map, bundle } = this.page
    if (!map || !bundle || !this.on) return
    const token = ++this.#token
    const corners = [
      { x: 0, y: 0 },
      { x: width, y: 0 },
      { x: width, y: height },
      { x: 0, y: height },
    ]
    const rows = foremost(map.rowsInPolygon(corners), map.renderer.arrangement.order, ROWS)
    try {
      if (rows.some((row) => !this.#neighbours.has(row))) {
        this.loading = 0
        const loaded = await loadNeighbours(bundle, allOf(rows), this.#neighbours, (done) => {
          if (token === this.#token) this.loading = done
        })
        this.#neighbours = loaded
      }
      if (token !== this.#token || !this.on) return
      this.shown = strongestLinks(rows, this.#neighbours, { most: LINKS, each: EACH, seen })
      this.page.say(`${this.shown.length} links between what is in view.`)
    } finally {
      if (token === this.#token) this.loading = null
    }
  }
}
