/** Where between two maps the points are, moved by hand or by itself: what comparing maps and looking back have in common. */
import { ride } from '../../core/compare/ride'
import type { Page } from '../page.svelte'
import type { Selection } from '../selection.svelte'
import type { Way } from './travel'

export abstract class Blend implements Way {
  /** 0 = the first map, 1 = the second. */
  t = $state(0)
  playing = $state(false)
  #stop: () => void = () => {}

  constructor(
    protected readonly page: Page,
    protected readonly selection: Selection,
  ) {}

  /** Keys of the two maps; null while there is no way between them. */
  protected abstract readonly ends: readonly [from: string, to: string] | null

  abstract close(): void | Promise<void>

  setT(t: number): void {
    if (!this.ends) return
    const before = this.t
    this.t = Math.min(1, Math.max(0, t))
    void this.page.map?.setMix(...this.ends, this.t)
    if (before < 0.5 !== this.t < 0.5) this.selection.updateFar()
    if (!this.playing) this.page.link.remember('replace')
  }

  /** To and fro until paused; `once`: only to the other end. */
  play(options: { once?: boolean } = {}): void {
    this.#ride(options)
  }

  /** To one end, where motion is unwelcome at once. */
  protected travel(to: 0 | 1, arrived: () => void = () => {}): void {
    if (this.#still) {
      this.pause()
      this.setT(to)
      arrived()
    } else this.#ride({ once: true, to }, arrived)
  }

  get #still(): boolean {
    return matchMedia('(prefers-reduced-motion: reduce)').matches
  }

  #ride(options: { once?: boolean; to?: 0 | 1 }, arrived: () => void = () => {}): void {
    this.pause()
    this.playing = true
    const ended = () => {
      this.pause()
      arrived()
    }
    this.#stop = ride(this.t, { ...options, still: this.#still, moved: (t) => this.setT(t), ended })
  }

  pause(): void {
    this.#stop()
    if (!this.playing) return
    this.playing = false
    this.page.link.remember('replace')
  }
}
