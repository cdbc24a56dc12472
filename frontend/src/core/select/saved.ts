/** Selections with a name, kept by their ids: rows change when an atlas is rebuilt. */
import { packIds, unpackIds } from './ids'

export interface SavedSelection {
  key: string
  name: string
  note: string
  tags: string[]
  /** ISO 8601; the later one wins where two meet. */
  changed: string
  count: number
  /** As packIds writes them. */
  ids: string
}

export type SavedFields = Pick<SavedSelection, 'name' | 'note' | 'tags'>

const FORMAT = 'atlas-selections'

/** Where the browser forbids storage, reading finds nothing and writing says false. */
export interface Store {
  read(): string | null
  write(text: string): boolean
}

export function localStore(key: string): Store {
  return {
    read() {
      try {
        return localStorage.getItem(key)
      } catch {
        return null
      }
    },
    write(text) {
      try {
        localStorage.setItem(key, text)
        return true
      } catch {
        return false
      }
    },
  }
}

/** What is stored; damaged entries are dropped, the others stay. */
export function readSaved(text: string | null): SavedSelection[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(list) ? list.flatMap((entry) => checked(entry) ?? []) : []
  } catch {
    return []
  }
}

function checked(entry: unknown): SavedSelection | null {
  if (typeof entry !== 'object' || entry === null) return null
  const { key, name, note, tags, changed, count, ids } = entry as Record<string, unknown>
  if (typeof key !== 'string' || typeof name !== 'string' || typeof ids !== 'string' || typeof count !== 'number')
    return null
  return { key, name, ids, count, ...fieldsOf({ note, tags }), changed: typeof changed === 'string' ? changed : '' }
}

function fieldsOf({ note, tags }: { note?: unknown; tags?: unknown }): { note: string; tags: string[] } {
  return {
    note: typeof note === 'string' ? note : '',
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
  }
}

/** "jazz, blues,Jazz" -> jazz, blues. */
export function readTags(text: string): string[] {
  const tags = text
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean)
  return tags.filter((tag, i) => tags.findIndex((other) => other.toLowerCase() === tag.toLowerCase()) === i)
}

export async function saved(fields: SavedFields, ids: readonly string[], now = new Date()): Promise<SavedSelection> {
  return {
    ...fields,
    key: crypto.getRandomValues(new Uint32Array(2)).join('-'),
    changed: now.toISOString(),
    count: ids.length,
    ids: await packIds(ids),
  }
}

export function changed(entry: SavedSelection, fields: SavedFields, now = new Date()): SavedSelection {
  return { ...entry, ...fields, changed: now.toISOString() }
}

/** A file that people can read and other programs can use. */
export async function exportSaved(list: readonly SavedSelection[], atlas: string): Promise<string> {
  const selections = await Promise.all(
    list.map(async ({ key, name, note, tags, changed, ids }) => ({
      key,
      name,
      note,
      tags,
      changed,
      ids: await unpackIds(ids),
    })),
  )
  return `${JSON.stringify({ format: FORMAT, version: 1, atlas, selections }, null, 1)}\n`
}

/** Null where the file is something else. */
export async function importSaved(text: string): Promise<SavedSelection[] | null> {
  try {
    const file = JSON.parse(text) as { format?: unknown; selections?: unknown }
    if (file.format !== FORMAT || !Array.isArray(file.selections)) return null
    const entries = await Promise.all(
      file.selections.map(async (entry: Record<string, unknown>) => {
        if (!Array.isArray(entry.ids)) return null
        return checked({ ...entry, count: entry.ids.length, ids: await packIds(entry.ids.map(String)) })
      }),
    )
    return entries.flatMap((entry) => entry ?? [])
  } catch {
    return null
  }
}

/** Adds what is new, and replaces what was changed later in `other`. */
export function mergeSaved(
  list: readonly SavedSelection[],
  other: readonly SavedSelection[],
): { list: SavedSelection[]; added: number; updated: number } {
  const merged = new Map(list.map((entry) => [entry.key, entry]))
  let [added, updated] = [0, 0]
  for (const entry of other) {
    const known = merged.get(entry.key)
    if (!known) added++
    else if (entry.changed > known.changed) updated++
    else continue
    merged.set(entry.key, entry)
  }
  return { list: [...merged.values()], added, updated }
}
