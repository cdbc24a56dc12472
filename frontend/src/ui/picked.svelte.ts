/** The picked set: many entities at once, changed step by step, undoable. One entity is Selection's. */
import { hasRow, intersect, minus, rowSet, sameRows, toggle, union } from '../core/select/rows'
import type { Atlas } from './atlas.svelte'

export type How = 'replace' | 'add' | 'remove' | 'toggle' | 'keep'

interface Step {
  rows: Uint32Array
  /** The selected entity when the step was taken; -1 = none. */
  detail: number
  label: string
}

const STEPS_KEPT = 20
const EMPTY = new Uint32Array(0)

export class Picked {
  rows = $state.raw<Uint32Array>(EMPTY)
  #steps = $state.raw<readonly Step[]>([])

  constructor(private readonly atlas: Atlas) {}

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
  set(rows: Iterable<number>, how: How = 'replace', label = 'Change of the selection'): void {
    const given = rowSet(rows)
    const before = this.rows
    const next =
      how === 'add' ? union(before, given)
      : how === 'remove' ? minus(before, given)
      : how === 'toggle' ? toggle(before, given)
      : how === 'keep' ? intersect(before, given)
      : given
    const { selection } = this.atlas
    if (sameRows(before, next) && selection.row < 0) return
    this.#steps = [...this.#steps.slice(1 - STEPS_KEPT), { rows: before, detail: selection.row, label }]
    this.#show(next)
  }

  clear(label = 'Clear'): void {
    if (this.count > 0) this.set([], 'replace', label)
  }

  undo(): void {
    const step = this.#steps.at(-1)
    if (!step) return
    this.#steps = this.#steps.slice(0, -1)
    this.#show(step.rows, step.detail)
  }

  /** Ctrl-click and long press: the entity looked at and this one become a set; in a set, in or out. */
  toggle(row: number): void {
    const { selection } = this.atlas
    const looked = selection.row
    if (this.count === 0 && (looked < 0 || looked === row)) void selection.choose(row)
    else if (this.count === 0) this.set([looked, row], 'replace', 'Adding')
    else this.set([row], 'toggle', this.has(row) ? 'Taking out' : 'Adding')
  }

  /** A region drawn on the map. */
  region(rows: Uint32Array, how: 'replace' | 'add' | 'remove'): void {
    if (rows.length === 0 && how === 'replace') return this.clear('Drawing a region')
    this.set(rows, how, 'Drawing a region')
  }

  #show(rows: Uint32Array, detail = -1): void {
    const { atlas } = this
    this.rows = rows
    atlas.map?.setPicked(rows)
    if (detail >= 0 || rows.length === 1) void atlas.selection.choose(detail >= 0 ? detail : rows[0])
    else atlas.selection.clear()
  }
}
