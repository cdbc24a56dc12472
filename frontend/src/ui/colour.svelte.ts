/** How the points look: the field that colours them, with its options and legend, and the field that sizes them. */
import { formatChoice, parseChoice, type ColourChoice } from '../core/colour/choice'
import { encodeColumn, encodeDistortion, encodeField, PLAIN_OPTIONS, type Encoding } from '../core/colour/encode'
import { paletteFor } from '../core/colour/palettes'
import type { ColumnData } from '../core/data/bundle'
import { columnOf, type NumberColumn } from '../core/data/manifest'
import { distortionData, regionCodes, type FilterField } from '../core/filter/fields'
import { plainSizes, sizesFrom, SLOT } from '../core/gl/look'
import type { Filter } from './filter.svelte'
import type { Page } from './page.svelte'

/** A colour that is no field: another concern works it out. */
export interface ColourOffer {
  /** In the list of colours; null while there is nothing to colour by. */
  label(): string | null
  encode(): Promise<Encoding | null>
  /** Texts for the ends of its ramp. */
  words?(): [string, string] | null
}

export type NumberData = Extract<ColumnData, { kind: 'numbers' }>

export class Colour {
  choice = $state.raw<ColourChoice>({ key: 'none', ...PLAIN_OPTIONS })
  encoding = $state.raw<Encoding | null>(null)
  palette = $state.raw<Uint8Array>(new Uint8Array(1024))
  /** Name of the column that sizes the points, or `none`. */
  size = $state('none')
  readonly legend = $derived(this.encoding?.legend ?? null)
  /** As a link says it. */
  readonly text = $derived(formatChoice(this.choice))
  /** The field that the legend filters; null where colours are of no field. */
  readonly field: FilterField | null = $derived.by(() => this.#fieldOf(this.choice.key))
  #offers = $state.raw<Readonly<Record<string, ColourOffer>>>({})
  #token = 0
  #sizeToken = 0

  constructor(
    private readonly page: Page,
    private readonly filter: Filter,
  ) {
    page.onProjection(() => this.#projectionChanged())
    page.link.register({
      key: 'colour',
      read: () => (this.text === this.textOf(null) ? null : this.text),
      apply: (value) => this.set(this.textOf(value), { remember: false }),
    })
    page.link.register({
      key: 'size',
      read: () => (this.size === this.#defaultSize ? null : this.size),
      apply: (value) => this.setSize(value ?? this.#defaultSize, { remember: false }),
    })
  }

  /** Adds a colour of another concern under a key of its own. */
  offer(key: string, offer: ColourOffer): void {
    this.#offers = { ...this.#offers, [key]: offer }
  }

  /** All that can be chosen, in the order of the list. */
  get choices(): { key: string; label: string }[] {
    const fields = this.filter.fields.map(({ name, label, unit, source }) => ({
      key: source === 'column' ? `field:${name}` : source,
      label: source === 'distortion' ? 'How faithful the map is' : unit ? `${label} (${unit})` : label,
    }))
    const offers = Object.entries(this.#offers).flatMap(([key, offer]) => {
      const label = offer.label()
      return label === null ? [] : { key, label }
    })
    return [{ key: 'none', label: 'One colour' }, ...fields, ...offers]
  }

  /** What the ends of the ramp are called where numbers would say nothing. */
  get words(): [string, string] | null {
    return this.#offered(this.choice.key)?.words?.() ?? null
  }

  /** A key may come from a link: names that every object has are none of ours. */
  #offered(key: string): ColourOffer | null {
    return Object.hasOwn(this.#offers, key) ? this.#offers[key] : null
  }

  #fieldOf(key: string): FilterField | null {
    const { fields } = this.filter
    return (
      fields.find((field) => (field.source === 'column' ? key === `field:${field.name}` : key === field.source)) ?? null
    )
  }

  /** The choice that a link names, or the one the atlas opens with. */
  textOf(text: string | null): string {
    const fallback = this.page.manifest!.default.colour
    if (text !== null && this.#knows(parseChoice(text).key)) return formatChoice(parseChoice(text))
    if (fallback && columnOf(this.page.manifest!, fallback)) return `field:${fallback}`
    return this.#knows('region') ? 'region' : 'none' // where no field tells, the place does
  }

  #knows(key: string): boolean {
    return key === 'none' || this.#fieldOf(key) !== null || (this.#offered(key)?.label() ?? null) !== null
  }

  /** `text`: a key, or a key with options (core/colour/choice.ts). */
  set(text: string, options: { remember?: boolean } = {}): Promise<void> {
    return this.page.attempt(async () => {
      const token = ++this.#token
      const choice = parseChoice(text)
      const encoding = await this.#encode(choice)
      if (token !== this.#token) return
      this.encoding = encoding
      this.choice = encoding ? choice : { key: 'none', ...PLAIN_OPTIONS }
      this.page.map?.setColours(encoding?.slots ?? new Uint8Array(this.page.manifest!.n).fill(SLOT.plain))
      this.paint()
      if (options.remember !== false) this.page.link.remember('push')
    })
  }

  /** Changes an option of the shown field. */
  setOption(option: Partial<Omit<ColourChoice, 'key'>>): Promise<void> {
    return this.set(formatChoice({ ...this.choice, ...option }))
  }

  async #encode(choice: ColourChoice): Promise<Encoding | null> {
    const { page } = this
    const bundle = page.bundle!
    const offer = this.#offered(choice.key)
    if (offer) return offer.encode()
    const field = this.#fieldOf(choice.key)
    if (!field) return null
    if (field.source === 'distortion') {
      const distortion = await bundle.distortion(page.projection!)
      return encodeDistortion(distortion, distortionData(distortion))
    }
    if (field.source === 'region') {
      const [regions, rows] = await Promise.all([bundle.regions(page.projection!), bundle.regionRows(page.projection!)])
      return encodeField(regionCodes(regions, rows), choice)
    }
    const column = columnOf(bundle.manifest, field.name)!
    return encodeColumn(column, await bundle.column(column), choice)
  }

  /** Colours of the first rows, for the first paint; the others are unknown until `set`. */
  async start(text: string): Promise<void> {
    const { bundle, map, manifest } = this.page
    const choice = parseChoice(text)
    const column = choice.key.startsWith('field:') ? columnOf(manifest!, choice.key.slice(6)) : undefined
    if (!column || !map) return
    const encoding = encodeColumn(column, await bundle!.columnStart(column), choice)
    this.encoding = encoding
    map.setColours(filled(manifest!.n, encoding.slots, SLOT.unknown))
    this.paint()
  }

  /** What belongs to one projection is another on the next. */
  async #projectionChanged(): Promise<void> {
    const { key } = this.choice
    if (key === 'distortion' || key === 'region')
      await this.set(this.#fieldOf(key) ? this.text : 'none', { remember: false })
  }

  /** Colours of the slots, for the scheme of the page. */
  paint(): void {
    const { theme, map } = this.page
    const palette = paletteFor(this.encoding?.palette ?? 'plain', theme.scheme, theme.categories)
    this.palette = palette // not read back: an effect that paints would wait for itself
    map?.setPalette(palette)
  }

  // ---- Size

  /** Columns that can size points. */
  get sizeChoices(): NumberColumn[] {
    return (this.page.manifest?.columns ?? []).filter(
      (column): column is NumberColumn => column.encoding === 'f32-split',
    )
  }

  get #defaultSize(): string {
    return this.page.popularity?.name ?? 'none'
  }

  /** Sizes of the first rows, for the first paint. */
  async startSizes(): Promise<void> {
    const { bundle, map, manifest } = this.page
    const column = this.page.popularity
    if (!column || !map) return
    const { values } = (await bundle!.columnStart(column)) as NumberData
    map.setSizes(filled(manifest!.n, sizesFrom(values, column.min, column.max, column.quantiles), 0))
  }

  async #sizesOf(column: NumberColumn): Promise<Uint8Array> {
    if (column === this.page.sizeColumn) return this.page.sizes
    const { values } = (await this.page.bundle!.column(column)) as NumberData
    return sizesFrom(values, column.min, column.max, column.quantiles)
  }

  setSize(name: string, options: { remember?: boolean } = {}): Promise<void> {
    return this.page.attempt(async () => {
      const token = ++this.#sizeToken
      const column = this.sizeChoices.find((other) => other.name === name)
      const sizes = column ? await this.#sizesOf(column) : plainSizes(this.page.manifest!.n)
      if (token !== this.#sizeToken) return
      this.size = column?.name ?? 'none'
      this.page.map?.setSizes(sizes)
      this.page.search.setImportance(sizes)
      if (options.remember !== false) this.page.link.remember('push')
    })
  }
}

function filled(rows: number, start: Uint8Array, rest: number): Uint8Array {
  const all = new Uint8Array(rows).fill(rest)
  all.set(start)
  return all
}
