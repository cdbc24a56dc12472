/** Pictures on the map: whether they are wanted, which are shown, and what is under the pointer. */
import { choose, type Choice } from '../../core/pictures/choose'
import { decodeSheet } from '../../core/pictures/draw'
import { Sheets } from '../../core/pictures/sheets'
import type { Above } from '../../core/map/events'
import type { Rect } from '../../core/labels/placement'
import type { Page } from '../page.svelte'

const KEY = 'atlas-pictures'
export const FRAME = 2
const setOf = (rows: readonly number[]): ReadonlySet<number> => new Set(rows)
const NONE: Choice = { rows: [], size: 0 }

/** px of the picture of what is pointed at, and of what is open. */
export const LARGE = { hovered: 88, chosen: 66 } as const

export class Pictures implements Above {
  /** The map has some. */
  readonly there = $derived.by(() => this.page.manifest?.pictures !== undefined)
  wanted = $state(remembered() ?? !matchMedia('(prefers-reduced-data: reduce)').matches)
  /** Grows with every sheet that arrives; read it to be told. */
  arrived = $state(0)
  #choice = NONE
  #drawn = false
  #shown = setOf([])
  #named: Rect[] = []
  #sheets: Sheets | null = null

  constructor(
    private readonly page: Page,
    /** The row that is open, -1 = none. */
    readonly chosen: () => number,
  ) {}

  get sheets(): Sheets | null {
    const { bundle, manifest } = this.page
    const entry = manifest?.pictures
    if (!bundle || !entry) return null
    return (this.#sheets ??= new Sheets(entry, {
      list: () => bundle.pictureSheets(),
      load: async (file) => decodeSheet(await bundle.bytesOnce(file), entry),
      arrived: () => this.arrived++,
    }))
  }

  toggle(): void {
    this.wanted = !this.wanted
    if (!this.wanted) this.clear()
    this.page.map?.request()
    try {
      localStorage.setItem(KEY, this.wanted ? '1' : '0')
    } catch {
      // A browser that keeps nothing: it is as wanted until the page is left.
    }
  }

  get choice(): Choice {
    return this.#choice
  }

  /** Chooses anew which are shown, for what is in view now. */
  look(): void {
    const { map } = this.page
    const { sheets } = this
    if (!map || !sheets || map.projection.dims !== 2) return this.clear()
    this.#drawn = true
    const { clientWidth: width, clientHeight: height } = map.renderer.canvas
    const choice = choose({
      inView: map.rowsInPolygon([
        { x: 0, y: 0 },
        { x: width, y: 0 },
        { x: width, y: height },
        { x: 0, y: height },
      ]),
      order: map.renderer.arrangement.order,
      width,
      height,
      zoom: map.camera.zoom,
      at: (row) => map.screenOf(row),
      sheetOf: (row) => sheets.sheetOf(row),
      named: this.#named,
      before: this.#choice.rows,
    })
    const changed = choice.size !== this.#choice.size || choice.rows.join() !== this.#choice.rows.join()
    this.#choose(choice)
    if (changed) map.request() // names make room for them
  }

  /** None is drawn any more. */
  clear(): void {
    this.#drawn = false
    this.#choose(NONE)
  }

  #choose(choice: Choice): void {
    this.#choice = choice
    this.#shown = setOf(choice.rows)
  }

  /** px of the picture of a row; 0 = it has none on the map now. */
  sizeOf(row: number): number {
    const { hovered } = this.page
    if (!this.#drawn) return 0
    const plain = this.#shown.has(row) ? this.#choice.size : 0
    if (row === hovered) return Math.max(plain, LARGE.hovered)
    return row === this.chosen() ? Math.max(plain, LARGE.chosen) : plain
  }

  // ---- What the map asks

  reach = (row: number): number => (this.sizeOf(row) > 0 && this.sheets?.of(row) ? this.sizeOf(row) / 2 + FRAME : 0)

  named = (rects: Rect[]): void => void (this.#named = rects)

  covered(): Rect[] {
    const { map } = this.page
    if (!map) return []
    return this.#choice.rows.flatMap((row) => {
      const reach = this.reach(row)
      if (reach === 0) return []
      const { x, y } = map.screenOf(row)
      return { left: x - reach, top: y - reach, right: x + reach, bottom: y + reach }
    })
  }

  /** The row of the picture at a place on the map; -1 = none. */
  at(x: number, y: number): number {
    const { map } = this.page
    const { rows, size } = this.#choice
    if (!map) return -1
    for (let i = rows.length - 1; i >= 0; i--) {
      const place = map.screenOf(rows[i])
      if (Math.abs(place.x - x) <= size / 2 && Math.abs(place.y - y) <= size / 2 && this.sheets?.of(rows[i]))
        return rows[i]
    }
    return -1
  }
}

function remembered(): boolean | null {
  try {
    const kept = localStorage.getItem(KEY)
    return kept === null ? null : kept === '1'
  } catch {
    return null
  }
}
