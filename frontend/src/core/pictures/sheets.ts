/**
 * Sheets of small pictures, fetched when a row of theirs is to be drawn, and put away again: of many maps all of them would
 * be more than a page should hold. atlas_assets/stages/bundle/pictures.py writes them.
 */
import type { FileEntry, Manifest } from '../data/manifest'

type Entry = NonNullable<Manifest['pictures']>

/** What is drawn from: a square of a sheet. */
export interface Square {
  image: CanvasImageSource
  x: number
  y: number
  side: number
}

/** What it needs of the page. */
export interface SheetSource {
  /** The list of sheets, null for those without any picture. */
  list(): Promise<(FileEntry | null)[]>
  /** A decoded sheet, and which of its squares hold something. */
  load(file: FileEntry): Promise<{ image: CanvasImageSource & { close?(): void }; filled: (place: number) => boolean }>
  /** A sheet has arrived. */
  arrived(): void
}

interface Loaded {
  image: CanvasImageSource & { close?(): void }
  filled: (place: number) => boolean
}

/** Each takes up to 4 MB when it is decoded. */
export const MOST_SHEETS = 40

export class Sheets {
  #files: (FileEntry | null)[] | null = null
  #listing = false
  /** In the order of their last use. */
  readonly #loaded = new Map<number, Loaded>()
  readonly #loading = new Set<number>()
  /** Not asked for again: a missing file stays missing, and a map without a picture is still a map. */
  readonly #failed = new Set<number>()
  #closed = false

  constructor(
    private readonly entry: Entry,
    private readonly source: SheetSource,
    private readonly most = MOST_SHEETS,
  ) {}

  sheetOf(row: number): number {
    return Math.floor(row / this.entry.across ** 2)
  }

  /** The picture of a row; null = has none, undefined = on its way, if it comes. */
  of(row: number): Square | null | undefined {
    const sheet = this.sheetOf(row)
    const loaded = this.#loaded.get(sheet)
    if (!loaded) {
      this.#ask(sheet)
      return this.#files?.[sheet] === null || this.#failed.has(sheet) ? null : undefined
    }
    this.#loaded.delete(sheet)
    this.#loaded.set(sheet, loaded)
    const { across, side } = this.entry
    const place = row % across ** 2
    if (!loaded.filled(place)) return null
    return { image: loaded.image, x: (place % across) * side, y: Math.floor(place / across) * side, side }
  }

  /** How many sheets are held. */
  get held(): number {
    return this.#loaded.size
  }

  close(): void {
    this.#closed = true
    for (const { image } of this.#loaded.values()) image.close?.()
    this.#loaded.clear()
  }

  #ask(sheet: number): void {
    if (!this.#files) {
      if (this.#listing) return
      this.#listing = true
      this.source.list().then(
        (files) => {
          this.#files = files
          this.source.arrived()
        },
        () => (this.#files = []), // as if there were none
      )
      return
    }
    const file = this.#files[sheet]
    if (!file || this.#loading.has(sheet) || this.#failed.has(sheet)) return
    this.#loading.add(sheet)
    this.source
      .load(file)
      .then(
        (loaded) => this.#keep(sheet, loaded),
        () => void this.#failed.add(sheet),
      )
      .finally(() => this.#loading.delete(sheet))
  }

  #keep(sheet: number, loaded: Loaded): void {
    if (this.#closed) return loaded.image.close?.()
    this.#loaded.set(sheet, loaded)
    for (const [oldest, { image }] of this.#loaded) {
      if (this.#loaded.size <= this.most) break
      this.#loaded.delete(oldest)
      image.close?.()
    }
    this.source.arrived()
  }
}
