/** One list of a visitor: its text, what was read from it, and what the visitor decided where that was not clear. */
import { sentenceOf } from '../../core/data/errors'
import { formatNumber } from '../../core/format'
import { creatorColumn, creatorsIn } from '../../core/profile/creators'
import type { ListReader } from '../../core/profile/client'
import { emptyList, entryOf, type Entry, type ParsedList } from '../../core/profile/entry'
import { narrowedBy, type Match } from '../../core/profile/match'
import { bestWeights, decidedAnew } from '../../core/profile/rows'
import { guessScale, weightsOf, type Scale } from '../../core/profile/weights'
import type { Page } from '../page.svelte'

/** A decision that says: none of these. */
export const LEFT_OUT = -1

export interface Line {
  /** Place in the list: what a decision is about. */
  index: number
  entry: Entry
  match: Match
  /** The row it stands for, LEFT_OUT, or null while that is open. */
  row: number | null
}

const NO_DECISIONS: ReadonlyMap<number, number> = new Map()

export class Roster {
  /** What stands in the text field; the list that is shown may be an older one. */
  text = $state('')
  /** Name of the file that the list came from. */
  file = $state<string | null>(null)
  busy = $state(false)
  error = $state('')
  list = $state.raw<ParsedList | null>(null)
  /** Set by the visitor; null = guessed. */
  wantedScale = $state.raw<Scale | 'none' | null>(null)
  #matches = $state.raw<Match[]>([])
  #decisions = $state.raw(NO_DECISIONS)
  /** What tells namesakes apart. */
  notes: Readonly<Record<number, string>> = {}
  #token = 0
  /** The text that was read last. */
  source = ''

  readonly lines = $derived(
    (this.list?.entries ?? []).map((entry, index): Line => {
      const match = this.#matches[index]
      return {
        index,
        entry,
        match,
        row: this.#decisions.get(index) ?? (match.rows.length === 1 ? match.rows[0] : null),
      }
    }),
  )
  /** Equally good rows, or none and some that may be meant: the visitor chooses. Decided ones stay until the list is read anew. */
  readonly unclear = $derived(this.lines.filter(({ match }) => match.rows.length > 1 || match.guesses.length > 0))
  readonly unknown = $derived(this.lines.filter(({ match }) => match.rows.length === 0 && match.guesses.length === 0))
  readonly open = $derived(this.unclear.filter(({ row }) => row === null))
  readonly found = $derived(this.lines.filter(({ row }) => row !== null && row !== LEFT_OUT))
  readonly rated = $derived(this.lines.some(({ entry }) => entry.rating !== null))
  readonly guessedScale = $derived(
    guessScale(
      this.lines.flatMap(({ entry }) => entry.rating ?? []),
      this.list?.outOf ?? null,
    ),
  )
  readonly scale = $derived(this.wantedScale === 'none' ? null : (this.wantedScale ?? this.guessedScale))
  readonly weights = $derived.by(() => {
    const found = this.found
    return bestWeights(
      found.map(({ row }) => row!),
      weightsOf(
        found.map(({ entry }) => entry),
        this.scale,
      ),
    )
  })

  constructor(
    private readonly page: Page,
    private readonly reader: () => ListReader,
    private readonly changed: () => void,
  ) {}

  /** Reads `text` in place of what was there; resolves when it is shown, or was overtaken by a newer one. */
  async read(text: string, as: 'text' | 'items' = 'text'): Promise<void> {
    const token = ++this.#token
    this.text = text
    this.error = ''
    this.busy = true
    try {
      const { list, matches } = await this.reader().read(text, as)
      await this.#narrow(list, matches)
      if (token !== this.#token) return
      this.source = text
      this.#show(list.format === 'nothing' ? null : list, matches)
    } catch (error) {
      if (token === this.#token) this.error = sentenceOf(error)
    } finally {
      if (token === this.#token) this.busy = false
    }
  }

  /** Rows that are known already, each with its weight 0 … 1. */
  adopt(weights: readonly [row: number, weight: number][]): void {
    this.#token++
    this.busy = false
    this.error = ''
    const rated = weights.some(([, weight]) => weight !== 1)
    const list = emptyList('a list of names')
    for (const [row, weight] of weights)
      list.entries.push(
        entryOf(list.entries.length + 1, this.page.bundle!.nameOf(row), { rating: rated ? weight : null }),
      )
    list.outOf = 1
    this.text = this.source = list.entries
      .map(({ name, rating }) => (rating === null ? name : `${name}: ${rating}`))
      .join('\n')
    this.#show(
      list,
      weights.map(([row]): Match => ({ rows: [row], how: 'id', guesses: [] })),
    )
  }

  #show(list: ParsedList | null, matches: Match[]): void {
    this.wantedScale = null
    this.#decisions = NO_DECISIONS
    this.#matches = matches
    this.list = list
    this.changed()
  }

  /** `Selected Poems` by Auden is not the one by Ginsberg. */
  async #narrow(list: ParsedList, matches: Match[]): Promise<void> {
    const unclear = matches.flatMap(({ rows }, i) => (rows.length > 1 ? [i] : []))
    const creatorsOf = unclear.length > 0 ? await this.#creators() : null
    const notes: Record<number, string> = {}
    for (const i of unclear) {
      const { by } = list.entries[i]
      const namesakes = matches[i].rows
      if (creatorsOf && by !== null) {
        const rows = narrowedBy(namesakes, by, creatorsOf)
        matches[i] = rows.length > 0 ? { ...matches[i], rows } : { rows, how: null, guesses: namesakes }
      }
      for (const row of namesakes) notes[row] = creatorsOf?.(row).slice(0, 2).join(', ') || this.#fame(row)
    }
    this.notes = notes
  }

  /** Null where the atlas knows none, or the file cannot be had: then the visitor is asked. */
  async #creators(): Promise<((row: number) => string[]) | null> {
    const column = creatorColumn(this.page.manifest!.columns)
    try {
      return column && (await creatorsIn(this.page.bundle!, column))
    } catch {
      return null
    }
  }

  #fame(row: number): string {
    const { sizeColumn, sizeValues } = this.page
    const value = sizeValues?.[row]
    return sizeColumn && value !== undefined && !Number.isNaN(value)
      ? `${formatNumber(value)} ${sizeColumn.unit ?? sizeColumn.label.toLowerCase()}`
      : ''
  }

  /** A row, LEFT_OUT, or null to open the question again. */
  decide(index: number, row: number | null): void {
    this.#decisions = decidedAnew(this.#decisions, [[index, row]])
    this.changed()
  }

  /** The most popular of all that bear the name, for each open choice; what may be meant by a name that nothing bears stays open. */
  decideAll(): void {
    const namesakes = this.open.filter(({ match }) => match.rows.length > 1)
    this.#decisions = decidedAnew(
      this.#decisions,
      namesakes.map(({ index, match }) => [index, match.rows[0]]),
    )
    this.changed()
  }

  setScale(scale: Scale | 'none' | null): void {
    this.wantedScale = scale
    this.changed()
  }

  clear(): void {
    this.#token++
    this.text = this.source = ''
    this.file = null
    this.error = ''
    this.busy = false
    this.#show(null, [])
  }
}
