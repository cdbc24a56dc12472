/** The tours of an atlas: which there are, the one that somebody is on, and one that is being put together. */
import { dwellMs, hashOf, type Stop, type Tour } from '../../core/tours/tour'
import type { Page } from '../page.svelte'

export class Tours {
  /** Known once somebody looks at them. */
  all = $state.raw<readonly Tour[]>([])
  /** The tour that is under way. */
  now = $state.raw<Tour | null>(null)
  at = $state(0)
  /** It goes on by itself. */
  playing = $state(false)
  /** Views that were collected for a tour of one's own. */
  collected = $state.raw<readonly Stop[]>([])
  readonly stop = $derived(this.now?.stops[this.at] ?? null)
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly page: Page) {}

  /** Before they are loaded. */
  get titles(): readonly string[] {
    return this.page.manifest?.tours?.titles ?? []
  }

  async load(): Promise<void> {
    if (this.all.length === 0) this.all = await this.page.bundle!.tours()
  }

  begin(tour: Tour): void {
    this.now = tour
    this.#show(0)
  }

  beginAt(place: number): Promise<void> {
    return this.page.attempt(async () => {
      await this.load()
      const tour = this.all[place]
      if (tour) this.begin(tour)
    })
  }

  end(): void {
    this.now = null
    this.playing = false
    clearTimeout(this.#timer)
  }

  step(by: 1 | -1): void {
    const to = this.at + by
    if (this.now && to >= 0 && to < this.now.stops.length) this.#show(to)
  }

  play(): void {
    this.playing = !this.playing
    if (this.playing && this.at === this.now!.stops.length - 1) this.#show(0)
    else this.#wait()
  }

  /** Page up and down, wherever the focus is; whether it was one of them. */
  key(key: string): boolean {
    if (!this.now || (key !== 'PageDown' && key !== 'PageUp')) return false
    this.step(key === 'PageDown' ? 1 : -1)
    return true
  }

  #show(at: number): void {
    this.at = at
    const stop = this.now!.stops[at]
    this.page.say(stop.text)
    void this.page.link.follow(hashOf(stop.view))
    this.#wait()
  }

  #wait(): void {
    clearTimeout(this.#timer)
    if (!this.playing || !this.stop) return
    this.#timer = setTimeout(() => {
      if (this.at < this.now!.stops.length - 1) this.step(1)
      else this.playing = false
    }, dwellMs(this.stop))
  }

  // ---- One's own

  async collect(text: string): Promise<void> {
    const view = await this.page.link.now()
    this.collected = [...this.collected, { view, text }]
  }

  drop(place: number): void {
    this.collected = this.collected.filter((_, i) => i !== place)
  }
}
