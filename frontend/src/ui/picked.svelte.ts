/** The picked set: many entities at once, changed step by step, remembered in the link. One entity is Selection's. */
import { packIds, unpackIds } from '../core/select/ids'
import { hasRow, intersect, minus, rowSet, sameRows, toggle, union } from '../core/select/rows'
import { idsOf } from '../core/select/table'
import { countText } from '../core/select/words'
import type { Page } from './page.svelte'
import type { Selection } from './selection.svelte'

export type How = 'replace' | 'add' | 'remove' | 'toggle' | 'keep'

interface Step {
  rows: Uint32Array
  /** The entity looked at when the step was taken; -1 = none. */
  detail: number
  label: string
}

const STEPS_KEPT = 20
/** Longer links are cut off by mail programs and chats, and slow the browser's history down. */
const LONGEST_LINK = 16_000
const EMPTY = new Uint32Array(0)

export class Picked {
  rows = $state.raw<Uint32Array>(EMPTY)
  /** False for a set too large to fit in a link. */
  inLink = $state(true)
  #steps = $state.raw<readonly Step[]>([])
  #packed: { rows: Uint32Array; text: Promise<string | null> } = { rows: EMPTY, text: Promise.resolve(null) }

  constructor(
    private readonly page: Page,
    private readonly selection: Selection,
  ) {
    page.link.register({ key: 's', read: () => this.#read(), apply: (value) => this.#apply(value) })
  }

  get count(): number {
    return this.rows.length
  }

  /** What undo would take back, in words; null = nothing. */
  get undoable(): string | null {
    return this.#steps.at(-1)?.label ?? null
  }

  has(row: number): boolean {
    return hasRow(this.rows, row)
  }

  /** `keep` leaves what is in both. A set of one is that entity, shown in the detail panel. */
  set(rows: Iterable<number>, how: How = 'replace', label = 'the last change'): void {
    const given = rowSet(rows)
    const before = this.rows
    const next =
      how === 'add'
        ? union(before, given)
        : how === 'remove'
          ? minus(before, given)
          : how === 'toggle'
            ? toggle(before, given)
            : how === 'keep'
              ? intersect(before, given)
              : given
    if (!sameRows(before, next)) this.#step(label)
    this.#show(next)
  }

  #step(label: string): void {
    this.#steps = [...this.#steps.slice(1 - STEPS_KEPT), { rows: this.rows, detail: this.selection.row, label }]
  }

  clear(): void {
    if (this.count > 0) this.set([], 'replace', 'clearing')
  }

  undo(): void {
    const step = this.#steps.at(-1)
    if (!step) return
    this.#steps = this.#steps.slice(0, -1)
    this.#show(step.rows, step.detail)
  }

  /** Ctrl-click and long press: the entity looked at and this one become a set; in a set, in or out. */
  toggle(row: number): void {
    const { selection } = this
    const looked = selection.row
    if (this.count > 0) this.set([row], 'toggle', this.has(row) ? 'taking out' : 'adding')
    else if (looked < 0 || looked === row) void selection.choose(row)
    else this.set([looked, row], 'replace', 'adding')
  }

  /** Puts the entity looked at into the set, or takes it out, and goes on looking at it. */
  collect(row: number): void {
    const has = this.has(row)
    this.#step(has ? 'taking out' : 'adding')
    this.#show(has ? minus(this.rows, rowSet([row])) : union(this.rows, rowSet([row])), row)
  }

  /** A region drawn on the map. */
  region(rows: Uint32Array, how: 'replace' | 'add' | 'remove'): void {
    this.set(rows, how, 'drawing a region')
  }

  #show(rows: Uint32Array, detail = -1): void {
    const { page, selection } = this
    const alone = detail >= 0 ? detail : rows.length === 1 ? rows[0] : -1
    this.#mark(rows)
    if (alone >= 0) void selection.choose(alone)
    else selection.clear()
    page.say(rows.length === 0 ? 'Nothing selected' : `${countText(rows.length, page.manifest!.atlas.entity)} selected`)
    page.link.remember('push')
  }

  #mark(rows: Uint32Array): void {
    this.rows = rows
    this.page.map?.setPicked(rows)
  }

  // ---- The link

  #read(): Promise<string | null> {
    const { rows } = this
    if (this.#packed.rows !== rows) {
      const text = idsOf(this.page.bundle!, rows).then(async (ids) => {
        const packed = ids.length === 0 ? null : await packIds(ids)
        const fits = packed === null || packed.length <= LONGEST_LINK
        if (this.rows === rows) this.inLink = fits
        return fits ? packed : null
      })
      this.#packed = { rows, text }
      text.catch(() => (this.#packed = { rows: EMPTY, text: Promise.resolve(null) })) // a missing file may be there the next time
    }
    return this.#packed.text
  }

  async #apply(value: string | null): Promise<void> {
    const ids = value === null ? [] : await unpackIds(value)
    if (!ids) return
    this.#mark(ids.length > 0 ? rowSet((await this.page.bundle!.rowsOfIds(ids)).values()) : EMPTY)
  }
}
