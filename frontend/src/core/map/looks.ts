/**
 * What the rows look like, apart from where they are: sizes, colours, filter and marks, written into what the renderer
 * draws. Kept in parts, so that a second map beside the first can be made to look the same.
 */
import type { Neighbour } from '../data/bundle'
import { arranged, drawingOrder, LOOK } from '../gl/look'
import type { Layer, Renderer, Theme } from '../gl/renderer'
import { Ground } from './ground'
import { Marks } from './marks'

export type FilterMode = 'dim' | 'hide'

export interface Look {
  /** One size byte and one palette slot per row. */
  sizes: Uint8Array
  colours: Uint8Array
  palette: Uint8Array
  theme: Theme
  /** passes: 1 = shown as usual; null = no filter. */
  filter: { passes: Uint8Array | null; mode: FilterMode }
  picked: Uint32Array
  /** Row -> weight 0 … 1, of one or two profiles, and pairs of rows to join by lines. */
  profile: {
    mine: ReadonlyMap<number, number>
    theirs: ReadonlyMap<number, number>
    pairs: readonly (readonly [number, number])[]
  }
  selection: { row: number; neighbours: Neighbour[] }
  hits: number[]
  hovered: number
}

/** How strongly the filter dims, and everything else dims what is not marked. */
const OUT_OPACITY = 0.07
const DIM = 0.38

export class Looks {
  readonly marks: Marks
  readonly ground: Ground
  /** Grows with what an overview of the map would show: places, sizes, colours, filter. */
  version = 0
  #now: Partial<Look> = {}
  #sizes: Uint8Array
  #rows = 0
  #order: Uint32Array = new Uint32Array(0)

  constructor(private readonly renderer: Renderer) {
    this.marks = new Marks(renderer)
    this.ground = new Ground(renderer)
    this.#sizes = new Uint8Array(renderer.rows)
  }

  /** Everything shown so far, for a map that is to look the same. */
  get now(): Partial<Look> {
    return this.#now
  }

  /** Rows that are loaded, least important first, whatever the filter says. */
  get order(): Uint32Array {
    return this.#order
  }

  get palette(): Uint8Array | null {
    return this.#now.palette ?? null
  }

  get hides(): boolean {
    return this.#now.filter?.mode === 'hide'
  }

  /** What a frame says of them. */
  get opacities(): { dim: number; outOpacity: number } {
    return { dim: this.marks.any ? DIM : 1, outOpacity: this.hides ? 0 : OUT_OPACITY }
  }

  /** Makes the ground below a map, where what it shows has changed; whether it did. */
  groundOf({ layer, spatial }: { layer: Layer; spatial: number }): boolean {
    const { palette, order, version, renderer } = this
    return (
      spatial === 0 && palette !== null && this.ground.renew({ layer, order, look: renderer.look, palette }, version)
    )
  }

  setRows(rows: number): void {
    this.#rows = rows
    this.#reorder()
  }

  show(part: Partial<Look>): void {
    Object.assign(this.#now, part)
    const { renderer, marks } = this
    const { sizes, colours, palette, theme, filter, picked, profile, selection, hits, hovered } = part
    if (sizes) {
      this.#sizes = sizes
      this.#write(sizes, LOOK.size)
    }
    if (colours) this.#write(colours, LOOK.colour)
    if (palette) renderer.setPalette(palette)
    if (theme) renderer.setTheme(theme)
    if (filter) marks.setFilter(filter.passes)
    if (picked) marks.setPicked(picked)
    if (profile) Object.assign(marks, profile)
    if (selection) Object.assign(marks, { selected: selection.row, neighbours: selection.neighbours })
    if (hits) marks.hits = hits
    if (profile || selection || hits) marks.apply()
    if (hovered !== undefined) marks.setHovered(hovered)
    if (sizes) this.#reorder()
    else if (filter || picked) this.#arrange()
    if (profile || selection || filter) marks.applyLines()
    if (sizes || colours || palette || theme || filter) this.version++
  }

  #write(values: Uint8Array, byte: number): void {
    const { look } = this.renderer
    for (let row = 0, at = byte; row < values.length; row++, at += LOOK.stride) look[at] = values[row]
    this.renderer.lookChanged()
  }

  #reorder(): void {
    if (this.#rows === 0) return
    this.#order = drawingOrder(this.#sizes, this.#rows)
    this.#arrange()
    this.version++
  }

  #arrange(): void {
    this.renderer.setOrder(arranged(this.#order, this.renderer.look))
  }
}
