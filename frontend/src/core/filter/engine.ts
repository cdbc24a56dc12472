/** Keeps the rows that satisfy a list of conditions, evaluating only what is new in it. */
import { Crossfilter, MOST_CONDITIONS, type Grouping } from './crossfilter'
import type { FieldData, FilterField } from './fields'
import { matchRows } from './match'
import type { NameClause } from './names'
import { formatClause, type Clause, type FieldClause } from './query'

export interface FilterSource {
  rows: number
  load(field: FilterField): Promise<FieldData>
  /** 1 for rows whose name fits; null when that took too long. */
  matchNames(clause: NameClause): Promise<Uint8Array | null>
  rowsOf(clause: Extract<Clause, { kind: 'ids' | 'set' }>): Promise<Iterable<number>>
}

export interface Filtered {
  /** 1 = satisfies every condition; null = there is no condition to satisfy. */
  passes: Uint8Array | null
  count: number
  /** What is wrong with conditions that could be read, as sentences. */
  problems: string[]
}

interface Wanted {
  key: string
  clause: Clause
  field: FilterField | null
}

export class FilterEngine {
  readonly #rows: Crossfilter
  readonly #scratch: Uint8Array
  /** What is in force, by what it says. */
  #applied = new Map<string, { slot: number; field: string | null }>()
  readonly #data = new Map<string, FieldData>()
  /** Conditions that do not lie in a field, until they are in force. */
  readonly #known = new Map<string, Uint8Array>()
  #token = 0

  constructor(private readonly source: FilterSource) {
    this.#rows = new Crossfilter(source.rows)
    this.#scratch = new Uint8Array(source.rows)
  }

  /**
   * `map`: the shown projection, to which regions and distortion belong. Returns at once when all values are there, so
   * that a drag need not wait; a promise resolves to null when a newer list has overtaken this one.
   */
  apply(clauses: readonly Clause[], fields: readonly FilterField[], map: string): Filtered | Promise<Filtered | null> {
    const token = ++this.#token
    const wanted = clauses.slice(0, MOST_CONDITIONS).map((clause): Wanted => {
      const field = 'field' in clause ? (fields.find((f) => f.name === clause.field) ?? null) : null
      return { clause, field, key: formatClause(clause, fields) + (field ? ` @ ${dataKey(field, map)}` : '') }
    })
    const missing = wanted.filter(
      ({ clause, field, key }) =>
        !this.#applied.has(key) &&
        ('field' in clause ? field && !this.#data.has(dataKey(field, map)) : !this.#known.has(key)),
    )
    if (missing.length === 0) return this.#evaluate(wanted, map)
    return (async () => {
      const slow = new Set<string>()
      await Promise.all(
        missing.map(async ({ clause, field, key }) => {
          if (field) await this.load(field, map)
          else if (!('field' in clause)) {
            const passes = await this.#matchOther(clause)
            if (passes) this.#known.set(key, passes)
            else slow.add(key)
          }
        }),
      )
      if (token !== this.#token) return null
      const done = this.#evaluate(
        wanted.filter(({ key }) => !slow.has(key)),
        map,
      )
      return {
        ...done,
        problems: [...done.problems, ...[...slow].map((text) => `To compare all names with ${text} takes too long.`)],
      }
    })()
  }

  async load(field: FilterField, map: string): Promise<FieldData> {
    const key = dataKey(field, map)
    const data = this.#data.get(key) ?? (await this.source.load(field))
    this.#data.set(key, data)
    return data
  }

  /** Rows per group that satisfy all conditions but those about `field`. */
  tally(grouping: Grouping, field: string | null): Uint32Array {
    return this.#rows.tally(
      grouping,
      [...this.#applied.values()].flatMap((applied) => (field !== null && applied.field === field ? applied.slot : [])),
    )
  }

  /** Rows per group, whatever the conditions. */
  tallyAll(grouping: Grouping): Uint32Array {
    return this.#rows.tally(grouping, 'all')
  }

  #evaluate(wanted: Wanted[], map: string): Filtered {
    const rows = this.#rows
    const before = this.#applied
    const kept = new Set(wanted.map(({ key }) => key))
    const taken = new Set([...before].flatMap(([key, { slot }]) => (kept.has(key) ? slot : [])))
    const free = Array.from({ length: MOST_CONDITIONS }, (_, slot) => slot).filter((slot) => !taken.has(slot))
    const problems: string[] = []
    this.#applied = new Map()
    for (const { clause, field, key } of wanted) {
      if (this.#applied.has(key)) continue
      const known = before.get(key)
      if ('field' in clause && !field) problems.push(`This map has no field called “${clause.field}”.`)
      else if (known) this.#applied.set(key, known)
      else {
        // A condition that was changed takes the place of what it was: its bits are written once.
        const slot = free.shift()!
        if ('field' in clause) {
          const problem = matchRows(clause, this.#data.get(dataKey(field!, map))!, this.#scratch)
          if (problem) problems.push(`${field!.label}: ${problem}`)
          rows.set(slot, this.#scratch)
        } else rows.set(slot, this.#known.get(key)!)
        this.#applied.set(key, { slot, field: field?.name ?? null })
      }
    }
    const used = new Set([...this.#applied.values()].map(({ slot }) => slot))
    for (const { slot } of before.values()) if (!used.has(slot)) rows.remove(slot)
    this.#known.clear()
    return { ...rows.result(), ...(this.#applied.size === 0 ? { passes: null } : {}), problems }
  }

  async #matchOther(clause: Exclude<Clause, FieldClause>): Promise<Uint8Array | null> {
    if (clause.kind === 'name' || clause.kind === 'regex') return this.source.matchNames(clause)
    const passes = new Uint8Array(this.source.rows).fill(clause.not ? 1 : 0)
    for (const row of await this.source.rowsOf(clause)) passes[row] = clause.not ? 0 : 1
    return passes
  }
}

function dataKey(field: FilterField, map: string): string {
  return field.source === 'column' ? field.name : `${field.name} ${map}`
}
