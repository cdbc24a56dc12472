/**
 * Prefix level of detail: while the map moves and frames are slow, only the most important share of the rows is drawn;
 * at rest, all of them.
 */
const SLOW_MS = 43
const FAST_MS = 20
const LEAST = 0.04
/** A longer gap is either a very slow frame, which then had long been asked for, or a pause between two movements. */
const PAUSE_MS = 400

export class DetailLevel {
  share = 1
  /** What the last movement came to: the next one begins with it, not with a full frame that may take seconds. */
  #learnt = 1
  #resting = false
  #last = -Infinity
  #asked = Infinity

  /** Call when a frame is asked for. */
  ask(now: number): void {
    this.#asked = now
  }

  /** Call once per frame with its time in ms. */
  frame(now: number, moving: boolean): void {
    const gap = now - this.#last
    const ms = gap > PAUSE_MS && now - this.#asked <= PAUSE_MS ? null : gap
    this.#last = now
    if (!moving) return
    if (this.#resting) this.share = this.#learnt
    else if (ms === null) return
    else if (ms > SLOW_MS) this.share = Math.max(LEAST, this.share * Math.max(0.25, Math.min(0.75, SLOW_MS / ms)))
    else if (ms < FAST_MS) this.share = Math.min(1, this.share * 1.1)
    this.#resting = false
  }

  /** The map came to rest; true when it must be drawn again in full. */
  rest(): boolean {
    const reduced = this.share < 1
    if (!this.#resting) this.#learnt = this.share
    this.#resting = true
    this.share = 1
    return reduced
  }
}
