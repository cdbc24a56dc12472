/** What a map is made of, and what a person does on it, told to the page. */
import type { Pose } from '../camera/camera'
import type { SetChange, Tool } from '../camera/tools'
import type { Projection } from '../data/manifest'
import type { Bundle, Region } from '../data/bundle'
import type { Rect } from '../labels/placement'
import type { Point } from './polygon'

export type { SetChange, Tool }

/** Something that is drawn above the points, in CSS px of the map. */
export interface Above {
  /** The row of what is drawn at a place; -1 = nothing is. */
  at(x: number, y: number): number
  /** From the place of a row to the edge of what is drawn there; 0 = nothing is. */
  reach(row: number): number
  /** Where names of single points would hide it. */
  covered(): Rect[]
  /** It keeps clear of these: where names of regions stand. */
  named(rects: Rect[]): void
}

export interface MapEvents {
  /** `keys`: reached by keyboard, so that its name should be announced. -1 = none. */
  hover(row: number, how: 'pointer' | 'keys'): void
  /** What the page draws above the points, such as pictures. */
  readonly above?: Above
  /** A click or tap; -1 = on empty map. */
  pick(row: number): void
  /** Ctrl-, Cmd- or Shift-click, long press, Space: in or out of the picked set. */
  pickToggle(row: number): void
  /** A lasso or rectangle was drawn; CSS px of the map. */
  region(polygon: Point[], how: SetChange): void
  tool(tool: Tool): void
  /** The camera came to rest. */
  rest(pose: Pose): void
  escape(): void
  search(): void
  /** A click on the name of a region; without it, the map flies there by itself. toggle: as for pickToggle. */
  regionPick?(region: Region, toggle: boolean): void
  /** The name of a region is under the pointer or has the focus; null = none is. */
  regionPoint?(region: Region | null): void
  /** The names of the regions could not be had; `MapView.loadRegions` tries again. */
  regionsMissing?(projection: Projection): void
}

export interface MapOptions {
  canvas: HTMLCanvasElement
  /** Holds canvas and labels; takes pointer and keyboard. */
  stage: HTMLElement
  labels: HTMLElement
  bundle: Bundle
  events: MapEvents
  reducedMotion: () => boolean
}
