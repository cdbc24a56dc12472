/** Ids, names and fields of a set as CSV or JSON. */
import type { Bundle } from '../data/bundle'
import type { DetailValue } from '../fields'
import type { Progress } from './grow'

export interface Table {
  fields: string[]
  rows: { id: string; name: string; values: DetailValue[] }[]
}

/** The ids of some rows, in their order. */
export async function idsOf(bundle: Bundle, rows: Iterable<number>): Promise<string[]> {
  const ids: string[] = []
  for (const row of rows) {
    const bucket = bundle.bucketOf(row)
    ids.push((await bundle.ids(bucket))[row - bundle.bucketStart(bucket)])
  }
  return ids
}

/** Loads what it needs shard by shard; null when `wanted` said no while it ran. */
export async function tableOf(
  bundle: Bundle,
  rows: Uint32Array,
  {
    onProgress = () => {},
    wanted = () => true,
  }: { onProgress?: (progress: Progress) => void; wanted?: () => boolean } = {},
): Promise<Table | null> {
  const { details, buckets } = bundle.manifest
  for (let bucket = 0; bucket < buckets.length; bucket++) await bundle.names(bucket)
  const ids = await idsOf(bundle, rows)
  const table: Table = { fields: details.fields.map((field) => field.name), rows: [] }
  let shard = -1
  for (const [i, row] of rows.entries()) {
    if (Math.floor(row / details.shard_rows) !== shard) {
      shard = Math.floor(row / details.shard_rows)
      onProgress({ done: i, total: rows.length })
      await new Promise((resolve) => setTimeout(resolve)) // the page stays usable
      if (!wanted()) return null
    }
    table.rows.push({ id: ids[i], name: bundle.nameOf(row) ?? '', values: await bundle.details(row) })
  }
  return wanted() ? table : null
}

/** RFC 4180. `excel`: with the byte order mark without which Excel misreads every letter beyond ASCII. */
export function toCsv({ fields, rows }: Table, { excel = false } = {}): string {
  const line = (cells: DetailValue[]) => cells.map(cell).join(',')
  const lines = [line(['id', 'name', ...fields]), ...rows.map(({ id, name, values }) => line([id, name, ...values]))]
  return `${excel ? '\ufeff' : ''}${lines.join('\r\n')}\r\n`
}

function cell(value: DetailValue): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string' && !Array.isArray(value)) return String(value)
  const text = Array.isArray(value) ? value.join('; ') : value
  // Spreadsheets run a text that begins like a formula; an apostrophe makes it a text again. Numbers are left alone.
  const safe = /^[=+\-@\t\r\n]/.test(text) && !/^[+-]?[\d.]+$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replace(/"/g, '""')}"` : safe
}

/** A list of objects; names of fields that are taken by id and name are kept apart by an underscore. */
export function toJson({ fields, rows }: Table): string {
  const keys = fields.map((field) => (field === 'id' || field === 'name' ? `_${field}` : field))
  return `${JSON.stringify(
    rows.map(({ id, name, values }) => ({
      id,
      name,
      ...Object.fromEntries(keys.map((key, i) => [key, values[i] ?? null])),
    })),
    null,
    1,
  )}\n`
}

/** "Magic cards", "picked set" -> `magic-cards-picked-set.csv`. */
export function fileName(parts: string[], ending: string): string {
  const plain = parts.map((part) =>
    part
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, ''),
  )
  return `${plain.filter(Boolean).join('-').slice(0, 80) || 'atlas'}.${ending}`
}
