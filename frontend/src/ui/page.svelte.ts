/**
 * The page: the opened bundle, which map of it is shown, what went wrong, and what a screen reader is told. It knows none
 * of the concerns that build on it (colour, filter, selection …): they are handed a page, and register what they want to
 * be told.
 */
import type { Bundle } from '../core/data/bundle'
import { isStale, sentenceOf } from '../core/data/errors'
import { columnOf, projectionOf, type Manifest, type NumberColumn } from '../core/data/manifest'
import type { MapView, Tool } from '../core/map/map_view'
import { SearchClient } from '../core/search/client'
import { browserLink } from './link'
import { Theme } from './theme.svelte'

export type Phase = 'opening' | 'painting' | 'ready' | 'failed'

export interface Notice {
  text: string
  /** Only loading the page again helps. */
  stale: boolean
  retry: () => void
  dismiss: () => void
}

/** What makes the map show something between two of its maps. There is one at a time. */
export interface Mixture {
  /** Another map is to be shown; true when the map holds a mix. */
  release(): boolean
  /** Another mixture takes its place. */
  end(): void
}

interface Failure {
  action: () => Promise<void>
  lasting: boolean
  error: unknown
}

export class Page {
  phase = $state<Phase>('opening')
  error = $state('')
  progress = $state({ loaded: 0, total: 0 })
  manifest = $state.raw<Manifest | null>(null)
  bundle = $state.raw<Bundle | null>(null)
  map = $state.raw<MapView | null>(null)
  hasMap = $state(true)
  #view = $state<'map' | 'list'>('map')
  /** What fills the page; a browser that cannot draw the map has the list. */
  readonly view = $derived(this.hasMap ? this.#view : 'list')
  projectionKey = $state('')
  readonly projection = $derived(this.manifest ? (projectionOf(this.manifest, this.projectionKey) ?? null) : null)
  /** Every row is there, not only the first ones. */
  complete = $state(false)
  hovered = $state(-1)
  /** What dragging on the map does; set through `map.tool`. */
  tool = $state<Tool>('hand')
  /** What a screen reader is told. */
  said = $state('')
  /** Buckets of names that have arrived; read it to be told. */
  namesLoaded = $state(0)
  /** Popularity of each row, and the size byte that comes of it. */
  sizeValues = $state.raw<Float32Array | null>(null)
  sizes = $state.raw<Uint8Array>(new Uint8Array(0))
  readonly theme = new Theme()
  readonly link = browserLink()
  focusSearch: () => void = () => {}

  #failed = $state.raw<Failure[]>([])
  #running = 0
  readonly notice = $derived<Notice | null>(
    this.#failed.length > 0
      ? {
          text: sentenceOf(this.#failed.at(-1)!.error),
          stale: this.#failed.some(({ error }) => isStale(error)),
          retry: () => this.#retry(),
          dismiss: () => (this.#failed = []),
        }
      : null,
  )
  #search: SearchClient | null = null
  #mixture: Mixture | null = null
  readonly #followers: (() => void | Promise<void>)[] = []

  get search(): SearchClient {
    return (this.#search ??= new SearchClient())
  }

  /** The column of popularity, which sizes the points of a page that opens. */
  get popularity(): NumberColumn | null {
    const column = columnOf(this.manifest!, this.manifest!.default.size ?? '')
    return column && 'quantiles' in column ? column : null
  }

  /** The same, once its values are there. */
  get sizeColumn(): NumberColumn | null {
    return this.sizeValues ? this.popularity : null
  }

  // ---- What is shown

  showAs(view: 'map' | 'list', options: { remember?: boolean } = {}): void {
    if (view === this.#view) return
    this.#view = view
    if (options.remember !== false) this.link.remember('push')
  }

  hover(row: number): void {
    if (this.hovered === row) return
    this.hovered = row
    this.map?.setHover(row)
  }

  /** Called once another map is shown, before that is remembered. */
  onProjection(follow: () => void | Promise<void>): void {
    this.#followers.push(follow)
  }

  /** From now on this one makes the mix on the map. */
  mix(mixture: Mixture): void {
    if (this.#mixture !== mixture) this.#mixture?.end()
    this.#mixture = mixture
  }

  /** `again`: also when it is the one that is shown, which ends what mixes it with another. */
  showProjection(key: string, options: { remember?: boolean; again?: boolean } = {}): Promise<void> {
    return this.attempt(async () => {
      const { map } = this
      const changed = key !== this.projectionKey
      if (!map || (!changed && !options.again)) return
      const mixed = this.#mixture?.release() ?? false
      this.projectionKey = key
      if (mixed) await map.endMix(key)
      else if (changed && !(await map.show(key))) return
      await Promise.all(this.#followers.map((follow) => follow()))
      if (options.remember !== false) this.link.remember('push')
    })
  }

  // ---- What went wrong, and what is said

  /**
   * Runs something that needs a file; when the file cannot be had, says so and offers to try again. What was begun
   * together fails together; whoever begins something else later has moved on, except from what is `lasting`.
   */
  async attempt(action: () => Promise<void>, lasting = false): Promise<void> {
    if (this.#running++ === 0) this.#forget((failure) => !failure.lasting)
    try {
      await action()
    } catch (error) {
      this.#failed = [...this.#failed, { action, lasting, error }]
    } finally {
      this.#running--
    }
  }

  #forget(which: (failure: Failure) => boolean): void {
    if (this.#failed.some(which)) this.#failed = this.#failed.filter((failure) => !which(failure))
  }

  /** Once more everything that the notice is about. */
  #retry(): void {
    const failed = this.#failed
    this.#failed = []
    for (const { action, lasting } of failed) void this.attempt(action, lasting)
  }

  /** Tells people who do not see the screen. */
  say(text: string): void {
    this.said = text
  }
}
