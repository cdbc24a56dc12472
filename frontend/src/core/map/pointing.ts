/** What pointer and keyboard point at on the map, and what then happens: hover, pick, in and out of the picked set. */
import type { Picker } from '../gl/picker'
import type { Frame } from '../gl/renderer'
import type { MapEvents } from './events'
import { Hovering } from './hovering'
import type { Labelled, MapLabels } from './map_labels'
import type { Marks } from './marks'
import { Meant } from './meant'
import type { Point } from './polygon'
import type { Region } from '../data/bundle'

export interface PointingHost {
  frame(): Frame
  /** Nothing can be pointed at while a morph runs or before the first rows are there. */
  steady(): boolean
  /** Moving: what is under the pointer changes anyway. */
  moving(): boolean
  centre(): Point
  reveal(row: number): void
  flyToRegion(region: Region): void
}

const HOVER_REACH_PX = 5
const TOUCH_REACH_PX = 20
const MEANT_REACH_PX = 60

export class Pointing {
  readonly #hovering: Hovering
  readonly #meant: Meant

  constructor(
    stage: HTMLElement,
    private readonly host: PointingHost,
    private readonly picker: Picker,
    private readonly labels: MapLabels,
    private readonly marks: Marks,
    private readonly events: MapEvents,
  ) {
    this.#hovering = new Hovering({
      ready: () => host.steady() && !host.moving(),
      rowAt: ({ x, y }) => {
        const label = labels.at(x, y)
        if (label) return 'row' in label ? label.row : -1
        const above = events.above?.at(x, y) ?? -1
        return above >= 0 ? above : picker.pickSoon(host.frame(), x, y, HOVER_REACH_PX)
      },
      hover: (row) => events.hover(row, 'pointer'),
    })
    this.#meant = new Meant(stage, {
      centre: () => host.centre(),
      rowNear: ({ x, y }) => this.pick(x, y, MEANT_REACH_PX),
      list: () =>
        (marks.neighbours.length > 0 ? marks.neighbours.map((neighbour) => neighbour.row) : marks.hits).filter(
          (row) => !marks.isOut(row),
        ),
      hovered: () => marks.hovered,
      reveal: (row) => host.reveal(row),
      hover: (row) => events.hover(row, 'keys'),
    })
  }

  destroy(): void {
    this.#meant.destroy()
  }

  /** The row at a place in CSS px of the canvas; -1 = none. */
  pick(x: number, y: number, reachPx = HOVER_REACH_PX): number {
    return this.host.steady() ? this.picker.pick(this.host.frame(), x, y, reachPx) : -1
  }

  hover(x: number, y: number): void {
    this.#meant.end()
    void this.#hovering.moveTo({ x, y })
  }

  leave(): void {
    this.#hovering.leave()
  }

  click(x: number, y: number, pointer: string): void {
    this.#meant.end()
    this.pickLabel(this.#at(x, y, pointer))
  }

  toggle(x: number, y: number, pointer: string): void {
    this.#meant.end()
    const at = this.#at(x, y, pointer)
    if (!('row' in at) || at.row >= 0) this.pickLabel(at, true)
  }

  pickLabel(label: Labelled, toggle = false): void {
    if (!('row' in label)) (this.events.regionPick ?? this.host.flyToRegion)(label.region, toggle)
    else if (toggle) this.events.pickToggle(label.row)
    else this.events.pick(label.row)
  }

  #at(x: number, y: number, pointer: string): Labelled {
    const label = this.labels.at(x, y)
    if (label) return label
    const above = this.events.above?.at(x, y) ?? -1
    return { row: above >= 0 ? above : this.pick(x, y, pointer === 'mouse' ? HOVER_REACH_PX : TOUCH_REACH_PX) }
  }

  // ---- By keyboard

  aim(): void {
    this.#meant.aim()
  }

  settle(): void {
    this.#meant.settle()
  }

  endAim(): void {
    this.#meant.end()
  }

  step(by: 1 | -1): boolean {
    return this.#meant.step(by)
  }

  chooseMeant(): boolean {
    const { hovered } = this.marks
    if (hovered >= 0) this.events.pick(hovered)
    return hovered >= 0
  }

  toggleMeant(): boolean {
    const { hovered } = this.marks
    if (hovered >= 0) this.events.pickToggle(hovered)
    return hovered >= 0
  }
}
