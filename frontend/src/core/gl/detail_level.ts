/**
 * Prefix level of detail: while the map moves and frames are slow, only the most important share of the rows is drawn;
 * at rest, all of them.
 */
const SLOW_MS = 43
const FAST_MS = 20
const LEAST = 0.08
/** A longer gap is a pause between two movements, not a slow frame. */
const PAUSE_MS = 400

export class DetailLevel {
  share = 1
  #last = -Infinity

  /** Call once per frame with its time in ms. */
  frame(now: number, moving: boolean): void {
    const ms = now - this.#last
    this.#last = now
    if (!moving || ms > PAUSE_MS) return
    if (ms > SLOW_MS) this.share = Math.max(LEAST, this.share * 0.75)
    else if (ms < FAST_MS) this.share = Math.min(1, this.share * 1.1)
  }

  /** The map came to rest; true when it must be drawn again in full. */
  rest(): boolean {
    const reduced = this.share < 1
    this.share = 1
    return reduced
  }
}
