/** The saved selections of one atlas, kept in this browser. */
import { unpackIds } from '../../core/select/ids'
import {
  changed,
  exportSaved,
  importSaved,
  localStore,
  mergeSaved,
  readSaved,
  saved,
  type SavedFields,
  type SavedSelection,
  type Store,
} from '../../core/select/saved'
import { rowSet } from '../../core/select/rows'
import { idsOf } from '../../core/select/table'
import { countText } from '../../core/select/words'
import type { Page } from '../page.svelte'
import type { Picked } from '../picked.svelte'
import type { Work } from './work.svelte'

export class Saved {
  /** The last changed first. */
  list = $state.raw<readonly SavedSelection[]>([])
  /** True where the browser keeps nothing: what is saved lives as long as the page. */
  forgetful = $state(false)
  #store: Store | null = null

  constructor(
    private readonly page: Page,
    private readonly picked: Picked,
    private readonly work: Work,
  ) {}

  /** Reads what was saved before, and follows what other tabs of this atlas save. */
  open(): void {
    const key = `atlas-selections:${this.page.manifest!.atlas.name}`
    this.#store = localStore(key)
    this.list = readSaved(this.#store.read())
    window.addEventListener('storage', (event) => {
      if (event.key === key) this.list = readSaved(event.newValue)
    })
  }

  async save(fields: SavedFields, rows: Uint32Array): Promise<void> {
    const entry = await saved(fields, await idsOf(this.page.bundle!, rows))
    this.#put([entry, ...this.list])
    this.page.say(`Saved: ${entry.name}`)
  }

  update(key: string, fields: SavedFields): void {
    this.#put(this.list.map((entry) => (entry.key === key ? changed(entry, fields) : entry)))
  }

  remove(entry: SavedSelection): void {
    const at = this.list.indexOf(entry)
    this.#put(this.list.filter((other) => other !== entry))
    this.work.say(`Deleted “${entry.name}”`, 'Undo', () => this.#put(this.list.toSpliced(at, 0, entry)))
  }

  /** The rows that are still on the map, and how many are gone. */
  async rowsOf(entry: SavedSelection): Promise<{ rows: Uint32Array; gone: number }> {
    const ids = (await unpackIds(entry.ids)) ?? []
    const rows = rowSet((await this.page.bundle!.rowsOfIds(ids)).values())
    return { rows, gone: Math.max(0, entry.count - rows.length) }
  }

  async show(entry: SavedSelection): Promise<void> {
    const { rows, gone } = await this.rowsOf(entry)
    const { entity } = this.page.manifest!.atlas
    this.picked.set(rows, 'replace', `showing “${entry.name}”`)
    if (gone > 0)
      this.work.say(`${countText(gone, entity)} of “${entry.name}” ${gone === 1 ? 'is' : 'are'} no longer on this map`)
  }

  exportAll(): Promise<string> {
    return exportSaved(this.list, this.page.manifest!.atlas.name)
  }

  async importFrom(text: string): Promise<void> {
    const entries = await importSaved(text)
    if (!entries) return this.work.say('That file holds no saved selections')
    const { list, added, updated } = mergeSaved(this.list, entries)
    this.#put(list)
    const unchanged = entries.length - added - updated
    this.work.say(
      [
        `${added} added`,
        updated > 0 ? `${updated} brought up to date` : '',
        unchanged > 0 ? `${unchanged} known already` : '',
      ]
        .filter(Boolean)
        .join(', '),
    )
  }

  #put(list: readonly SavedSelection[]): void {
    this.list = list.toSorted((a, b) => b.changed.localeCompare(a.changed))
    this.forgetful = !this.#store?.write(JSON.stringify(this.list))
  }
}
