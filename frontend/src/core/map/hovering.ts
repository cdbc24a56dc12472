/** Which row the pointer is over: asked for without waiting for the GPU, one question at a time, always the newest place. */
import type { Point } from './polygon'

export interface HoverHost {
  /** May anything be hovered now? */
  ready(): boolean
  /** The row at a place; -1 = none, null = not known this time. */
  rowAt(place: Point): Promise<number | null> | number
  hover(row: number): void
}

export class Hovering {
  #at: Point | null = null
  #running = false

  constructor(private readonly host: HoverHost) {}

  leave(): void {
    this.#at = null
    this.host.hover(-1)
  }

  async moveTo(place: Point): Promise<void> {
    this.#at = place
    if (this.#running) return
    this.#running = true
    try {
      while (this.#at && this.host.ready()) {
        const at: Point = this.#at
        this.#at = null
        const row = await this.host.rowAt(at)
        if (row !== null && this.host.ready()) this.host.hover(row)
      }
    } finally {
      this.#running = false
    }
  }
}
