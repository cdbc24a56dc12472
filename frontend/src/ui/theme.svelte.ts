/**
 * How the page looks: dark or light (the system's choice until the person makes another, which is remembered), in the
 * atlas's own colours, which are made readable, and with more contrast for those who ask their system for it.
 */
import { contrast, parseHex, readable, toHex, type Rgb } from '../core/colour/oklab'
import type { Scheme } from '../core/colour/palettes'
import type { Theme as Wishes } from '../core/data/manifest'

const KEY = 'atlas-theme'
const BACKGROUND: Record<Scheme, Rgb> = { dark: [13, 17, 23], light: [247, 248, 250] }
const STARK: Record<Scheme, Rgb> = { dark: [0, 0, 0], light: [255, 255, 255] }
/** What lies behind a chosen entry: closer to the accent than any other ground that it is read on. */
const RAISED: Record<Scheme, Rgb> = { dark: [31, 38, 47], light: [238, 241, 245] }
const TEXT: Record<Scheme, Rgb> = { dark: [236, 240, 246], light: [24, 32, 44] }
const DARK_TEXT: Rgb = [11, 14, 18]
const LIGHT_TEXT: Rgb = [255, 255, 255]
const DEFAULT_ACCENT: Rgb = [88, 160, 240]
/** Contrast of names with the map below them, and of points with it (WCAG 1.4.6 and 1.4.11). */
const NAMES = 7
const POINTS = 3

export class Theme {
  readonly #light = matchMedia('(prefers-color-scheme: light)')
  readonly #more = matchMedia('(prefers-contrast: more), (forced-colors: active)')
  #system = $state<Scheme>(this.#light.matches ? 'light' : 'dark')
  #chosen = $state<Scheme | null>(stored())
  #wishes = $state.raw<Wishes>({})
  /** More contrast than usual was asked for. */
  stark = $state(this.#more.matches)
  readonly scheme = $derived<Scheme>(this.#chosen ?? this.#system)
  readonly text = $derived(this.stark ? STARK[this.scheme === 'dark' ? 'light' : 'dark'] : TEXT[this.scheme])
  /** The map's ground: the atlas's own, as dark or light as it must be for names to be read on it. */
  readonly background = $derived.by(() => {
    const wish = parseHex(this.#wishes.background?.[this.scheme] ?? '')
    return this.stark ? STARK[this.scheme] : wish ? readable(wish, TEXT[this.scheme], NAMES) : BACKGROUND[this.scheme]
  })
  /** The accent, as light or dark as it must be to be read as text on a panel (WCAG AA, AAA where asked for). */
  readonly accent = $derived(
    readable(parseHex(this.#wishes.accent ?? '') ?? DEFAULT_ACCENT, RAISED[this.scheme], this.stark ? 7 : 4.6),
  )
  /** The atlas's own colours of categories, each told from the ground; empty = the usual ones. */
  readonly categories = $derived(
    (this.#wishes.palette ?? []).flatMap((hex) => {
      const colour = parseHex(hex)
      return colour ? [readable(colour, this.background, POINTS)] : []
    }),
  )

  constructor() {
    this.#light.addEventListener('change', () => (this.#system = this.#light.matches ? 'light' : 'dark'))
    this.#more.addEventListener('change', () => (this.stark = this.#more.matches))
  }

  /** What the atlas asks for. */
  use(wishes: Wishes | undefined): void {
    this.#wishes = wishes ?? {}
  }

  toggle(): void {
    this.#chosen = this.scheme === 'dark' ? 'light' : 'dark'
    try {
      localStorage.setItem(KEY, this.#chosen)
    } catch {
      // Storage may be forbidden; the choice then lasts until the page is left.
    }
  }

  /** Writes the theme to the document. */
  apply(): void {
    const { dataset, style } = document.documentElement
    dataset.theme = this.scheme
    style.setProperty('--accent', toHex(this.accent))
    style.setProperty(
      '--on-accent',
      toHex(contrast(this.accent, DARK_TEXT) > contrast(this.accent, LIGHT_TEXT) ? DARK_TEXT : LIGHT_TEXT),
    )
    style.setProperty('--map', toHex(this.background))
    style.setProperty('--halo', toHex(this.background) + (this.stark ? '' : 'da'))
  }
}

function stored(): Scheme | null {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'dark' || value === 'light' ? value : null
  } catch {
    return null
  }
}
