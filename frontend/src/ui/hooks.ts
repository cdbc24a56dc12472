/**
 * `window.__atlas`: a small, stable surface for end-to-end tests. Coordinates are CSS px of the map's canvas.
 *   ready         resolves when the map and all names are loaded, rejects with what is on screen
 *   rows          number of rows
 *   pick(x, y)    row under a place, -1 = none (null without a map)
 *   screenOf(row) {x, y} of a row
 *   select(row)   as a click on it; resolves when details and neighbours are there
 *   state()       projection, colour, selected row, hovered row, zoom, frames drawn so far
 *   picked()      rows of the picked set, ascending
 *   settled()     resolves when something has been drawn, and nothing more for three animation frames
 *   remembered()  resolves when the address says all that is shown
 *   filter(text)  sets the filter (core/filter/query.ts); resolves to its text and the number of rows that pass
 *   passes(row)   whether a row satisfies the filter
 *   drawNow(by, options)  MapView.drawNow: draws at once, waits for the GPU, says how long it took (null without a map)
 *   sizeOf(row)   0 … 255, between the smallest and the largest diameter of the frame
 *   search(text, limit)   rows, best first, as the search box asks for them
 *   profile()     rows of the visitor's list and of the one it is compared with, and of what lies close, best first
 *   showProjection(key) / setColour(text)   as chosen in the panels
 *   loseContext() / restoreContext()   through WEBGL_lose_context
 */
import type { MapView } from '../core/map/map_view'
import type { Atlas } from './atlas.svelte'

export interface AtlasHooks {
  ready: Promise<void>
  readonly rows: number
  pick(x: number, y: number): number | null
  screenOf(row: number): { x: number; y: number } | null
  nameOf(row: number): string | null
  select(row: number): Promise<void>
  state(): { projection: string; colour: string; selected: number; hovered: number; zoom: number; frames: number }
  picked(): number[]
  settled(): Promise<void>
  remembered(): Promise<void>
  filter(text: string): Promise<{ text: string; count: number }>
  passes(row: number): boolean
  drawNow(...options: Parameters<MapView['drawNow']>): ReturnType<MapView['drawNow']> | null
  sizeOf(row: number): number
  search(text: string, limit: number): Promise<number[] | null>
  profile(): {
    mine: [row: number, weight: number][]
    theirs: [row: number, weight: number][]
    close: number[]
    loading: boolean
  }
  showProjection(key: string): Promise<void>
  setColour(text: string): Promise<void>
  loseContext(): void
  restoreContext(): void
}

declare global {
  interface Window {
    __atlas: AtlasHooks
  }
}

export function exposeHooks(atlas: Atlas): void {
  let lost: WEBGL_lose_context | null = null
  window.__atlas = {
    ready: atlas.ready,
    get rows() {
      return atlas.manifest?.n ?? 0
    },
    pick: (x, y) => atlas.map?.pick(x, y) ?? null,
    screenOf: (row) => atlas.map?.screenOf(row) ?? null,
    nameOf: (row) => atlas.bundle?.nameOf(row) ?? null,
    select: (row) => atlas.selection.choose(row),
    state: () => ({
      projection: atlas.projectionKey,
      colour: atlas.colourKey,
      selected: atlas.selection.row,
      hovered: atlas.hovered,
      zoom: atlas.map?.camera.zoom ?? 0,
      frames: atlas.map?.frames ?? 0,
    }),
    picked: () => [...atlas.picked.rows],
    async settled() {
      // Counted in animation frames: on a busy machine one frame can take longer than any fixed pause.
      for (let quiet = 0, before = -1; quiet < 3;) {
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)))
        const frames = atlas.map?.frames ?? 0
        quiet = frames === before && (frames > 0 || !atlas.map) ? quiet + 1 : 0
        before = frames
      }
    },
    async remembered() {
      while (!(await atlas.link.written())) await new Promise((resolve) => setTimeout(resolve, 16))
    },
    async filter(text) {
      await atlas.filter.setText(text)
      return { text: atlas.filter.text, count: atlas.filter.count }
    },
    passes: (row) => atlas.filter.passes?.[row] !== 0,
    drawNow: (...options) => atlas.map?.drawNow(...options) ?? null,
    sizeOf: (row) => atlas.sizes[row],
    search: (text, limit) => atlas.search.query(text, limit),
    profile: () => ({
      mine: [...atlas.profile.mine.weights],
      theirs: [...atlas.profile.theirs.weights],
      close: atlas.profile.close.map(({ row }) => row),
      loading: atlas.profile.loading !== null || atlas.profile.mine.busy,
    }),
    showProjection: (key) => atlas.showProjection(key),
    setColour: (text) => atlas.setColour(text),
    loseContext() {
      lost = atlas.map?.renderer.gl.getExtension('WEBGL_lose_context') ?? null
      lost?.loseContext()
    },
    restoreContext: () => lost?.restoreContext(),
  }
}
