/** What is typed into the search box, what is meant by it, and what was found. */
import { untrack } from 'svelte'
import { sentenceOf } from '../../core/data/errors'
import type { Region } from '../../core/data/bundle'
import { fieldType } from '../../core/fields'
import type { FieldData, FilterField } from '../../core/filter/fields'
import { matchRows } from '../../core/filter/match'
import { conditionsOf, formatQuery, parseQuery } from '../../core/filter/query'
import { formatCount } from '../../core/format'
import { completions, fieldBeingTyped, isComplete, openings, type Completion } from '../../core/search/complete'
import { interpret, type Meant } from '../../core/search/interpret'
import {
  regionsFound,
  valuesFound,
  type FoundRegion,
  type FoundValue,
  type NamedDictionary,
} from '../../core/search/places'
import type { Beyond, BeyondNames } from '../../core/search/beyond_names'
import type { Answer, Ask } from '../../core/search/search'
import { valueText } from '../../core/search/values'
import type { Filter } from '../filter.svelte'
import type { Page } from '../page.svelte'
import type { Picked } from '../picked.svelte'

const LIMIT = 50
const PAUSE_MS = 40
const SAY_AFTER_MS = 700
/** With more matches than this, the map marks only the best of them. */
const MOST_MARKED = 3000
const NOTED_FIELDS = 3
const BEYOND_PAUSE_MS = 160

export class Finder {
  text = $state('')
  answer = $state.raw<Answer | null>(null)
  /** The text that `answer` answers. */
  answered = $state('')
  offers = $state.raw<readonly Completion[]>([])
  /** Regions and values of fields that are called what was typed. */
  regions = $state.raw<readonly FoundRegion[]>([])
  values = $state.raw<readonly FoundValue[]>([])
  /** What is found in long texts, and by meaning. */
  beyond = $state.raw<Beyond | null>(null)
  /** The value at the cursor still has to be chosen from `offers`. */
  completing = $state(false)
  /** What is wrong with the text, as sentences. */
  problems = $state.raw<readonly string[]>([])
  /** How the field goes on whose name has just been typed. */
  hint = $state('')
  open = $state(false)
  /** Rows that are found by their names or short values. */
  #named = $state.raw<readonly number[]>([])
  /** Rows that the map marks. */
  readonly marked = $derived([
    ...this.#named,
    ...(this.beyond && this.beyond.rows.length <= MOST_MARKED ? this.beyond.rows : []),
    ...(this.beyond?.groups.flatMap((group) => group.hits) ?? []).map((hit) => hit.row),
  ])
  readonly pending = $derived(this.text.trim() !== '' && this.answered !== this.text)

  #caret = 0
  #token = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #sayTimer: ReturnType<typeof setTimeout> | undefined
  #meant: Meant = { kind: 'nothing', errors: [] }
  #ask: Ask | null = null
  readonly #data = Object.create(null) as Record<string, FieldData>
  #textsAsked = 0
  #beyondNames: Promise<BeyondNames> | null = null
  #dictionaries: Promise<readonly NamedDictionary[]> | null = null
  /** A text whose pattern takes too long: asking again would take as long. */
  #endless: string | null = null
  /** Lets go of whoever waits for the answer to a question that a newer one has overtaken. */
  #letGo: () => void = () => {}

  constructor(
    private readonly page: Page,
    private readonly filter: Filter,
    private readonly picked: Picked,
  ) {
    page.search.grown = () => {
      if (this.open && this.text !== this.#endless) void this.#find()
    }
  }

  // ---- Typing

  typed(text: string, caret: number): void {
    this.text = text
    this.#caret = caret
    this.open = true
    this.#offer()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#find(), PAUSE_MS)
  }

  /** Opens the list again, as for somebody who comes back to the box. */
  reopen(caret: number): void {
    this.#loadTexts()
    this.typed(this.text, caret)
  }

  close(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#sayTimer)
    this.#token++
    this.#letGo()
    this.open = false
    this.#named = []
    this.beyond = null
    this.regions = []
    this.values = []
    this.page.search.cancel()
    this.answered = ''
  }

  /** The answer to the text as it stands: nobody who presses Enter means the answer to a shorter one. */
  async settled(): Promise<void> {
    if (!this.pending) return
    clearTimeout(this.#timer)
    // More names may arrive meanwhile, and ask again.
    do await this.#find()
    while (this.pending && this.open)
  }

  /** Texts beside the names are searched from when somebody first comes to search. */
  #loadTexts(): void {
    const { page } = this
    for (; this.#textsAsked < page.namesLoaded; this.#textsAsked++) {
      const bucket = this.#textsAsked
      const texts = page.bundle!.searchTexts(bucket)
      if (texts) void page.attempt(async () => page.search.addFields(page.bundle!.bucketStart(bucket), await texts))
    }
  }

  // ---- Offers

  #offer(): void {
    const { text } = this
    const { fields } = this.filter
    const field = fieldBeingTyped(text, this.#caret, fields)
    const data = field ? (this.#data[field.name] as FieldData | undefined) : undefined
    const dictionary = data && 'dictionary' in data ? data.dictionary : null
    this.offers = text.trim() === '' ? openings(fields) : completions(text, this.#caret, fields, dictionary)
    this.completing = field !== null && this.offers.length > 0 && !isComplete(text, this.#caret, dictionary)
    const kind = field && fieldType(field.type).column
    if (field && !data && (kind === 'codes' || kind === 'lists')) {
      this.#load(field).then(
        () => this.text === text && this.#offer(),
        () => {}, // the question itself says that the file is missing
      )
    }
  }

  async #load(field: FilterField): Promise<FieldData> {
    const data = await this.filter.load(field)
    this.#data[field.name] = data
    return data
  }

  // ---- Finding

  async #find(): Promise<void> {
    const { text, page } = this
    const token = ++this.#token
    this.#letGo()
    this.#loadTexts()
    const meant = interpret(text, this.filter.fields)
    const problems: string[] = []
    const ask = await this.#askFor(meant, problems)
    if (token !== this.#token) return
    this.#meant = meant
    this.#ask = ask
    void this.#findPlaces(meant, token)
    void this.#findBeyond(meant, token)
    this.hint = ''
    for (const error of meant.errors) {
      if (error.kind === 'value' && error.to >= text.trimEnd().length) this.hint = error.message
      else problems.push(error.message)
    }
    this.problems = problems
    if (!ask) {
      page.search.cancel()
      this.#show({ hits: [], similar: [], total: 0, byName: true, done: true }, text)
      return
    }
    await new Promise<void>((resolve) => {
      this.#letGo = resolve
      page.search.ask(
        ask,
        LIMIT,
        (answer) => {
          if (token === this.#token) this.#show(answer, text)
          resolve()
        },
        () => {
          if (token !== this.#token) return
          this.#endless = text
          this.problems = [...problems, 'Comparing all names with this pattern takes too long.']
          this.#show({ hits: [], similar: [], total: 0, byName: true, done: true }, text)
          resolve()
        },
      )
    })
  }

  /** Beside the question itself: a file that is missing only means that fewer are found. */
  async #findPlaces(meant: Meant, token: number): Promise<void> {
    const { bundle, projection } = this.page
    const text = meant.kind === 'words' ? meant.text : ''
    this.#dictionaries ??= this.#loadDictionaries()
    const [regions, dictionaries] = await Promise.all([
      text && projection ? bundle!.regions(projection).catch((): Region[] => []) : [],
      text ? this.#dictionaries : [],
    ])
    if (token !== this.#token) return
    this.regions = regionsFound(text, regions)
    this.values = valuesFound(text, dictionaries)
  }

  /** Beside the question itself, too: what cannot be loaded is said, and the names are there. */
  async #findBeyond(meant: Meant, token: number): Promise<void> {
    const { bundle, manifest } = this.page
    const text = meant.kind === 'words' ? meant.text : ''
    if (text.trim().length < 2 || !(manifest!.texts ?? manifest!.meaning)) {
      this.beyond = null
      return
    }
    await new Promise((resolve) => setTimeout(resolve, BEYOND_PAUSE_MS))
    if (token !== this.#token) return
    try {
      this.#beyondNames ??= import('../../core/search/beyond_names').then((module) => new module.BeyondNames(bundle!))
      const known = this.answer?.hits.map((hit) => hit.row) ?? []
      const beyond = await (await this.#beyondNames).find(text, known)
      if (token === this.#token && this.open) this.beyond = beyond
    } catch (error) {
      if (token !== this.#token) return
      this.#beyondNames = null
      this.beyond = null
      this.problems = [...this.problems, sentenceOf(error)]
    }
  }

  async #loadDictionaries(): Promise<readonly NamedDictionary[]> {
    const { bundle, manifest } = this.page
    const columns = manifest!.columns.filter((column) => 'dictionary' in column)
    const loaded = await Promise.all(
      columns.map(async (column) => [column.name, await bundle!.dictionary(column).catch(() => [])] as const),
    )
    return loaded
  }

  /** The query for all that have a value. */
  queryFor({ field, value }: FoundValue): string {
    return `${formatQuery([{ kind: 'values', field, values: [value], all: false, unknown: false, not: false }], this.filter.fields)} `
  }

  async #askFor(meant: Meant, problems: string[]): Promise<Ask | null> {
    if (meant.kind === 'nothing') return null
    if (meant.kind === 'words') return { kind: 'words', text: meant.text }
    const { page } = this
    const rows = page.manifest!.n
    let passes: Uint8Array | null = null
    const keep = (these: Uint8Array) => {
      if (passes) for (let row = 0; row < rows; row++) passes[row] &= these[row]
      else passes = these
    }
    try {
      for (const clause of meant.fields) {
        const field = this.filter.field(clause.field)!
        const matched = new Uint8Array(rows)
        const problem = matchRows(clause, await this.#load(field), matched)
        // While a value is being chosen from a list, it is not yet wrong.
        if (problem && !this.completing) problems.push(problem)
        keep(matched)
      }
      for (const { not, ...clause } of meant.others) {
        const matched = new Uint8Array(rows).fill(not ? 1 : 0)
        const these = clause.kind === 'ids' ? [...(await page.bundle!.rowsOfIds(clause.ids)).values()] : []
        for (const row of these) if (row >= 0) matched[row] = not ? 0 : 1
        keep(matched)
      }
    } catch (error) {
      problems.push(sentenceOf(error))
      return null
    }
    return { kind: 'query', conditions: meant.names, passes }
  }

  #show(answer: Answer, text: string): void {
    this.answer = answer
    this.answered = text
    this.#mark(answer)
    clearTimeout(this.#sayTimer)
    if (answer.done && this.open && text.trim() !== '')
      this.#sayTimer = setTimeout(() => this.page.say(this.summary), SAY_AFTER_MS)
  }

  #mark(answer: Answer): void {
    this.#named = [...answer.hits, ...answer.similar].map((hit) => hit.row)
    const [token, ask] = [this.#token, this.#ask]
    if (!answer.done || !ask || answer.total <= answer.hits.length || answer.total > MOST_MARKED) return
    void this.page.search.rows(ask).then((rows) => {
      if (rows && token === this.#token && this.open) this.#named = [...rows]
    })
  }

  /** "1,234 matches" */
  get summary(): string {
    const { answer } = this
    if (!answer || answer.total === 0)
      return answer?.similar.length
        ? 'Nothing is called exactly that. Similar names:'
        : (this.problems[0] ?? 'Nothing found.')
    return `${formatCount(answer.total)} ${answer.total === 1 ? 'match' : 'matches'}`
  }

  /** Whether the text is a query about fields or patterns rather than words of a name. */
  get isQuery(): boolean {
    return this.#meant.kind === 'query'
  }

  /** Values of the fields that the query is about. */
  valuesOf(row: number): string {
    if (this.#meant.kind !== 'query') return ''
    const names = this.#meant.fields.map((clause) => clause.field)
    return names
      .filter((name, i) => names.indexOf(name) === i)
      .slice(0, NOTED_FIELDS)
      .flatMap((name) => {
        const data = this.#data[name] as FieldData | undefined
        return data ? valueText(data, row, this.filter.field(name)?.unit) : []
      })
      .join(' · ')
  }

  // ---- What can be done with all matches

  async selectAll(): Promise<void> {
    const rows = await this.#all()
    if (rows) this.picked.set(rows, 'replace', `Search for ${this.text.trim()}`)
  }

  async showOnly(): Promise<void> {
    const { text } = this
    const query = parseQuery(text, this.filter.fields)
    // A filter compares names only; what was found in other fields, or as one long text, is kept row by row.
    if (query.errors.length === 0 && (this.isQuery || this.answer?.byName)) return this.filter.set(conditionsOf(query))
    const rows = await this.#all()
    if (rows) await this.filter.isolate(rows, 'found')
  }

  async #all(): Promise<Uint32Array | null> {
    await this.settled()
    const ask = untrack(() => this.#ask)
    return ask ? this.page.search.rows(ask) : null
  }
}
