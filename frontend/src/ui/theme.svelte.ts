/** Dark or light: the system's choice until the person makes another, which is remembered. */
import { contrast, parseHex, readable, toHex, type Rgb } from '../core/colour/oklab'
import type { Scheme } from '../core/colour/palettes'

const KEY = 'atlas-theme'
const BACKGROUND: Record<Scheme, Rgb> = { dark: [13, 17, 23], light: [247, 248, 250] }
/** What lies behind a chosen entry: closer to the accent than any other ground that it is read on. */
const RAISED: Record<Scheme, Rgb> = { dark: [31, 38, 47], light: [238, 241, 245] }
const DARK_TEXT: Rgb = [11, 14, 18]
const LIGHT_TEXT: Rgb = [255, 255, 255]
const DEFAULT_ACCENT: Rgb = [88, 160, 240]

export class Theme {
  readonly #media = matchMedia('(prefers-color-scheme: light)')
  #system = $state<Scheme>(this.#media.matches ? 'light' : 'dark')
  #chosen = $state<Scheme | null>(stored())
  #accent = $state<Rgb>(DEFAULT_ACCENT)
  readonly scheme = $derived<Scheme>(this.#chosen ?? this.#system)
  readonly background = $derived(BACKGROUND[this.scheme])
  /** The accent, as light or dark as it must be to be read as text on a panel (WCAG AA). */
  readonly accent = $derived(readable(this.#accent, RAISED[this.scheme], 4.6))

  constructor() {
    this.#media.addEventListener('change', () => (this.#system = this.#media.matches ? 'light' : 'dark'))
  }

  setAccent(hex: string | undefined): void {
    this.#accent = (hex && parseHex(hex)) || DEFAULT_ACCENT
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
    const root = document.documentElement
    root.dataset.theme = this.scheme
    root.style.setProperty('--accent', toHex(this.accent))
    root.style.setProperty('--on-accent', contrast(this.accent, DARK_TEXT) > contrast(this.accent, LIGHT_TEXT) ? toHex(DARK_TEXT) : toHex(LIGHT_TEXT))
    root.style.setProperty('--map', toHex(this.background))
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
