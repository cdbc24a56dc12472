/** What is shown of the map: conditions, the rows that satisfy them, and how the others look. */
import { untrack } from 'svelte'
import { MOST_CONDITIONS, type Grouping } from '../core/filter/crossfilter'
import { FilterEngine, type Filtered } from '../core/filter/engine'
import { fieldsOf, loadField, type FieldData, type FilterField } from '../core/filter/fields'
import { NameMatcher } from '../core/filter/names_client'
import {
  conditionsOf,
  formatQuery,
  parseQuery,
  type Clause,
  type FieldClause,
  type QueryError,
} from '../core/filter/query'
import { formatCount } from '../core/format'
import type { FilterMode } from '../core/map/looks'
import { packIds, unpackIds } from '../core/select/ids'
import type { Page } from './page.svelte'

/** Sets up to this size are written out in the text, id by id. */
const WRITTEN_IDS = 50
/** A link that is longer is cut off by some programs; larger sets stay out of it. */
const LONGEST_SET = 6000
const SAY_AFTER_MS = 700

export class Filter {
  clauses = $state.raw<readonly Clause[]>([])
  /** 1 = satisfies every condition; null = there are none. */
  passes = $state.raw<Uint8Array | null>(null)
  count = $state(0)
  mode = $state.raw<FilterMode>('dim')
  /** What is wrong with conditions that can be read: a value that does not occur, a pattern that takes forever. */
  problems = $state.raw<readonly string[]>([])
  /** Fields that the panel shows, whether or not something is chosen in them. */
  shown = $state.raw<readonly string[]>([])
  /** The page was opened with a filter. */
  arrived = $state(false)
  readonly active = $derived(this.clauses.length > 0)
  readonly fields: FilterField[] = $derived.by(() =>
    this.page.manifest ? fieldsOf(this.page.manifest, this.page.projection) : [],
  )
  /** The filter as a query (see core/filter/query.ts). */
  readonly text = $derived(formatQuery(this.clauses, this.fields))
  /** "1,234 of 8,478 cards shown" */
  readonly summary = $derived.by(() => {
    const { manifest } = this.page
    if (!manifest) return ''
    const all = `${formatCount(manifest.n)} ${manifest.atlas.entity[manifest.n === 1 ? 0 : 1]}`
    return this.active ? `${formatCount(this.count)} of ${all} shown` : `All ${all} shown`
  })

  #engine: FilterEngine | null = null
  /** Of `isolate`: they live as long as the page. Plain, since nothing shows the list itself. */
  readonly #sets = Object.create(null) as Record<string, Uint32Array>
  #names: NameMatcher | null = null
  #frame = 0
  #sayTimer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly page: Page) {
    page.link.register({ key: 'f', read: () => this.#written(), apply: (value) => this.#restore(value) })
    // Regions and distortion are others on another map, and so are the rows that have them.
    $effect.root(() => {
      $effect(() => {
        void page.projection
        untrack(() => void (this.active && this.#apply()))
      })
    })
  }

  field(name: string): FilterField | undefined {
    return this.fields.find((field) => field.name === name)
  }

  // ---- Changing

  /** Reads a query; one with errors changes nothing and returns them. */
  async setText(text: string): Promise<QueryError[]> {
    const query = parseQuery(text, this.fields)
    const conditions = conditionsOf(query)
    if (query.errors.length === 0 && conditions.length > MOST_CONDITIONS) {
      return [
        {
          kind: 'syntax',
          message: `At most ${MOST_CONDITIONS} conditions at a time; these are ${conditions.length}.`,
          from: 0,
          to: text.length,
        },
      ]
    }
    if (query.errors.length === 0) await this.set(conditions)
    return query.errors
  }

  /** Replaces all conditions. `live`: in the middle of a drag, which is not remembered until `commit`. */
  set(clauses: readonly Clause[], options: { live?: boolean; remember?: boolean } = {}): Promise<void> {
    this.clauses = clauses.slice(0, MOST_CONDITIONS)
    const named = this.clauses.flatMap((clause) => ('field' in clause ? clause.field : []))
    const more = named.filter((name, i) => !this.shown.includes(name) && named.indexOf(name) === i)
    if (more.length > 0) this.shown = [...this.shown, ...more]
    if (options.live) {
      if (this.#frame === 0) this.#frame = requestAnimationFrame(() => void this.#apply())
      return Promise.resolve()
    }
    const applied = this.#apply()
    if (options.remember !== false) this.commit()
    return applied
  }

  /** After a drag: makes a step that the back button undoes. */
  commit(): void {
    this.page.link.remember('push')
  }

  clear(): void {
    void this.set([])
  }

  setMode(mode: FilterMode): void {
    this.mode = mode
    this.#show()
    this.commit()
  }

  /** The condition that the panel and the legend edit: the first one about a field. */
  clauseOf(name: string): FieldClause | null {
    return (
      (this.clauses.find((clause) => 'field' in clause && clause.field === name) as FieldClause | undefined) ?? null
    )
  }

  /** Puts a condition in the place of the first one about its field; null removes it. */
  setClause(name: string, clause: FieldClause | null, options: { live?: boolean } = {}): Promise<void> {
    const before = this.clauseOf(name)
    const rest = before
      ? this.clauses.flatMap((other) => (other === before ? (clause ?? []) : other))
      : clause
        ? [...this.clauses, clause]
        : this.clauses
    return this.set(rest, options)
  }

  remove(clause: Clause): void {
    void this.set(this.clauses.filter((other) => other !== clause))
  }

  show(name: string): void {
    if (!this.shown.includes(name)) this.shown = [...this.shown, name]
  }

  /** Takes a field out of the panel, with all conditions about it. */
  hide(name: string): void {
    this.shown = this.shown.filter((other) => other !== name)
    const rest = this.clauses.filter((clause) => !('field' in clause && clause.field === name))
    if (rest.length < this.clauses.length) void this.set(rest)
  }

  /** Shows only these rows, beside the other conditions. `label` names a large set in the text. */
  isolate(rows: Iterable<number>, label = 'chosen'): Promise<void> {
    const list = Uint32Array.from(rows)
    return this.page.attempt(async () => {
      let clause: Clause
      if (list.length <= WRITTEN_IDS) clause = { kind: 'ids', ids: await this.#idsOf(list), not: false }
      else {
        const key = `${label.replace(/[^\p{L}\p{N}]+/gu, '-')}-${Object.keys(this.#sets).length + 1}`
        this.#sets[key] = list
        clause = { kind: 'set', key, not: false }
      }
      await this.set([...this.clauses.filter((other) => other.kind !== 'ids' && other.kind !== 'set'), clause])
    })
  }

  /** Number of rows in a set of `isolate`. */
  sizeOfSet(key: string): number {
    return this.#sets[key]?.length ?? 0
  }

  #idsOf(rows: Uint32Array): Promise<string[]> {
    return Promise.all(Array.from(rows, (row) => this.page.bundle!.idOf(row)))
  }

  // ---- Values and how many have them

  load(field: FilterField): Promise<FieldData> {
    return this.#ready.load(field, this.page.projectionKey)
  }

  /** Rows per group that satisfy the conditions about all other fields than `field`. */
  tally(grouping: Grouping, field: string | null = null): Uint32Array {
    void this.passes // whoever asks in an effect is told when the rows change
    return this.#ready.tally(grouping, field)
  }

  tallyAll(grouping: Grouping): Uint32Array {
    return this.#ready.tallyAll(grouping)
  }

  get #ready(): FilterEngine {
    const { manifest } = this.page
    const bundle = this.page.bundle!
    return (this.#engine ??= new FilterEngine({
      rows: manifest!.n,
      load: (field) => loadField(bundle, field, this.page.projection!),
      matchNames: (clause) =>
        (this.#names ??= new NameMatcher(() =>
          Promise.all(manifest!.buckets.map((_, bucket) => bundle.names(bucket))),
        )).match(clause),
      rowsOf: async (clause) =>
        clause.kind === 'ids' ? (await bundle.rowsOfIds(clause.ids)).values() : (this.#sets[clause.key] ?? []),
    }))
  }

  // ---- Applying

  #apply(): Promise<void> {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    if (!this.page.bundle) return Promise.resolve()
    const ask = () => this.#ready.apply(this.clauses, this.fields, this.page.projectionKey)
    let asked: ReturnType<typeof ask> | null = ask()
    if (!(asked instanceof Promise)) {
      this.#take(asked)
      return Promise.resolve()
    }
    return this.page.attempt(async () => {
      const answer = asked ?? ask() // trying again asks again
      asked = null
      const filtered = await answer
      if (filtered) this.#take(filtered)
    })
  }

  #take({ passes, count, problems }: Filtered): void {
    const changed = passes !== null || this.passes !== null
    this.count = count
    this.passes = passes
    this.problems = problems
    if (!this.clauses.some(({ kind }) => kind === 'name' || kind === 'regex')) this.#names?.rest()
    this.#show()
    clearTimeout(this.#sayTimer)
    if (changed) this.#sayTimer = setTimeout(() => this.page.say(this.summary), SAY_AFTER_MS)
  }

  #show(): void {
    this.page.map?.setFilter(this.passes, this.mode)
  }

  // ---- The link: the text, then a line for hiding and one per set

  async #written(): Promise<string | null> {
    const lines = this.mode === 'hide' ? ['hide'] : []
    const clauses: Clause[] = []
    for (const clause of this.clauses) {
      if (clause.kind === 'set') {
        const packed = await packIds(await this.#idsOf(this.#sets[clause.key] ?? new Uint32Array(0)))
        if (packed.length > LONGEST_SET) continue
        lines.push(`${clause.key}=${packed}`)
      }
      clauses.push(clause)
    }
    return clauses.length + lines.length === 0 ? null : [formatQuery(clauses, this.fields), ...lines].join('\n')
  }

  async #restore(value: string | null): Promise<void> {
    const [text, ...lines] = (value ?? '').split('\n')
    this.mode = lines.includes('hide') ? 'hide' : 'dim'
    for (const line of lines) {
      const equals = line.indexOf('=')
      const ids = equals > 0 ? await unpackIds(line.slice(equals + 1)) : null
      if (ids) this.#sets[line.slice(0, equals)] = Uint32Array.from((await this.page.bundle!.rowsOfIds(ids)).values())
    }
    // A set that only lived in another window is left out: to show nothing at all would be worse.
    const readable = conditionsOf(parseQuery(text, this.fields)).filter(
      (clause) => clause.kind !== 'set' || clause.key in this.#sets,
    )
    if (readable.length > 0) this.arrived = true
    await this.set(readable, { remember: false })
  }
}
