/**
 * The bundle manifest: its types, and a reader that refuses what the viewer could not show.
 * Written by atlas_assets/stages/bundle/bundle.py, described by bundle_schema.json beside it.
 */
import { fieldType, TYPE_NAMES } from '../fields'
import type { ColumnData } from './column'
import { BundleError } from './errors'

export interface FileEntry {
  /** Relative to the manifest; before the suffix stand the first 16 digits of the SHA-256 of the bytes on disk. */
  path: string
  /** Size on disk; `.bin` files are gzip inside. */
  bytes: number
}

interface ColumnBase {
  name: string
  label: string
  /** One of core/fields; what it keeps is said by `encoding`. */
  type: string
  unit?: string
  /** One per row bucket. */
  files: FileEntry[]
  nulls: number
}
export interface NumberColumn extends ColumnBase {
  encoding: 'f32-split'
  min: number
  max: number
  integer: boolean
  scale: 'linear' | 'log'
  /** 21 values at 0, 5, … 100 %. */
  quantiles: number[]
}
export interface CategoryColumn extends ColumnBase {
  encoding: 'codes-u8' | 'codes-u16'
  dictionary: FileEntry
  cardinality: number
}
export interface BooleanColumn extends ColumnBase {
  encoding: 'bool-u8'
}
export interface ListColumn extends ColumnBase {
  encoding: 'list-u16'
  dictionary: FileEntry
  cardinality?: number
}
export type Column = NumberColumn | CategoryColumn | BooleanColumn | ListColumn

/** One figure of a projection's quality, in words. */
export interface Figure {
  name: string
  label: string
  explanation: string
  /** As people read it: `14.2 %`. */
  text: string
  /** Such as `± 0.3`, in the unit of the text; null = exact. */
  error: string | null
  /** 0 … 1 for shares, else null. */
  share: number | null
}

export interface Theme {
  accent?: string
  background?: { dark?: string; light?: string }
  /** Up to ten colours of categories, the most frequent first. */
  palette?: string[]
  logo?: FileEntry
}

/** A method of laying out, in words. */
export interface MethodWords {
  label: string
  /** One sentence; empty where nothing is known of the method. */
  about: string
  /** What a setting means, by its name, with {} where its value stands. */
  parameters: Record<string, string>
  /** What laid out, where params.engine is "library". */
  library?: string
}

export interface Projection {
  key: string
  name: string
  method: string
  params: Record<string, unknown>
  /** Of its method. */
  words: MethodWords
  dims: 2 | 3
  bbox: [number[], number[]]
  encoding: 'u16-delta-split'
  /** One per row bucket, as those of distortion and region_rows. */
  buckets: FileEntry[]
  distortion: FileEntry[] | null
  regions: FileEntry | null
  region_rows: FileEntry[] | null
  figures: Figure[]
  thumbnail: FileEntry | null
  recommended: boolean
}

export interface Field {
  name: string
  label: string
  /** One of core/fields. */
  type: string
  unit?: string | null
}

export interface Manifest {
  format: 'atlas-bundle'
  version: 2
  atlas: {
    name: string
    title: string
    description?: string
    attribution?: string
    /** Singular and plural. */
    entity: [string, string]
    collection: [string, string]
    kind: string
    /** Which entities lie close together: "that share many readers". */
    near?: string
    licence?: string
    theme?: Theme
    links?: { label: string; url: string }[]
  }
  n: number
  /** Cumulative ends of the row buckets. */
  buckets: number[]
  names: FileEntry[]
  ids: FileEntry[]
  columns: Column[]
  /** What can be searched beside the names: one line per row with the values of these fields. */
  search: { fields: string[]; files: FileEntry[] } | null
  /** Which rows hold which words in their long texts; `search/text_index` reads it. */
  texts?: { fields: string[]; index: FileEntry }
  /** A model of words and a vector of each row; `search/meaning` reads it. */
  meaning?: { model: string; dims: number; words: FileEntry; vectors: FileEntry; rows: FileEntry }
  /** Small pictures of the rows, on sheets; `pictures/sheets` reads them. */
  pictures?: { field: string; side: number; across: number; sheets: FileEntry }
  /** Stories told in views; the file holds them whole. */
  tours?: { titles: string[]; file: FileEntry }
  projections: Projection[]
  neighbours: { k: number; shard_rows: number; shards: FileEntry[]; shared: boolean; similarity: string }
  details: { shard_rows: number; shards: FileEntry[]; fields: Field[] }
  default: { projection: string; colour: string | null; size: string | null }
  /** Maps of the sweep that are not among the projections, and in one line why. */
  missing?: { name: string; reason: string }[]
  /** Where the site lists the versions that it keeps, relative to its root. */
  versions?: string
  downloads: { name: string; path: string; bytes: number; sha256: string }[]
  provenance: { atlas_version?: string; artifacts?: Record<string, string> }
}

export const FORMAT = 'atlas-bundle'
export const VERSION = 2

/** What a column holds, by its encoding. */
const KEPT: Record<Column['encoding'], ColumnData['kind']> = {
  'f32-split': 'numbers',
  'codes-u8': 'codes',
  'codes-u16': 'codes',
  'list-u16': 'lists',
  'bool-u8': 'booleans',
}

/** Parses and checks a manifest. Throws BundleError with a sentence that names the field. */
export function readManifest(text: string, path: string): Manifest {
  try {
    return checked(text, path)
  } catch (error) {
    if (error instanceof BundleError) throw error
    throw new BundleError(`${path} lacks something that every map has. It is damaged; build the site again.`)
  }
}

function checked(text: string, path: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    if (/^\s*</.test(text))
      throw new BundleError(
        `${path} is missing: the server sent a web page in its place. Try again, or publish the site again.`,
      )
    throw new BundleError(
      `${path} is not the description of a map: it is damaged or was cut off. Try again, or build the site again.`,
    )
  }
  const wrong = (field: string, found: unknown, expected: string): never => {
    throw new BundleError(
      `${path}: ${field} is ${JSON.stringify(found) ?? 'missing'}; expected ${expected}. Build the site again.`,
    )
  }
  const m = value as Manifest
  if (typeof m !== 'object' || m === null || m.format !== FORMAT) wrong('format', m?.format, `"${FORMAT}"`)
  if (m.version !== VERSION) {
    throw new BundleError(
      `This map was written in version ${String(m.version)} of the bundle format and this viewer reads version ${VERSION}. Build the viewer and the site from the same Atlas.`,
    )
  }
  const list = (field: string, found: unknown): void => {
    if (!Array.isArray(found)) wrong(field, found, 'a list')
  }
  const oneOf = (field: string, found: string, known: readonly string[]): void => {
    if (!known.includes(found)) wrong(field, found, `one of ${known.join(', ')}`)
  }
  if (!Number.isInteger(m.n) || m.n < 1) wrong('n', m.n, 'the number of rows, at least 1')
  const perBucket = (field: string, files: FileEntry[] | null | undefined): void => {
    if (files?.length !== m.buckets.length) wrong(field, files?.length, `${m.buckets.length} files, one per bucket`)
  }
  for (const field of ['buckets', 'names', 'ids', 'columns', 'projections', 'downloads'] as const) list(field, m[field])
  if (m.buckets.at(-1) !== m.n) wrong('buckets', m.buckets, `ends that finish at n = ${m.n}`)
  if (m.buckets.some((end, i) => end <= (m.buckets[i - 1] ?? 0))) wrong('buckets', m.buckets, 'growing ends')
  for (const field of ['names', 'ids'] as const) perBucket(field, m[field])
  for (const column of m.columns) {
    perBucket(`columns[${column.name}].files`, column.files)
    if (!Object.hasOwn(KEPT, column.encoding))
      wrong(`columns[${column.name}].encoding`, column.encoding, `one of ${Object.keys(KEPT).join(', ')}`)
    oneOf(
      `columns[${column.name}].type`,
      column.type,
      TYPE_NAMES.filter((name) => fieldType(name).column === KEPT[column.encoding]),
    )
  }
  if (m.search) perBucket('search.files', m.search.files)
  if (m.projections.length === 0) wrong('projections', [], 'at least one projection')
  for (const p of m.projections) {
    const at = `projections[${p.key}]`
    if (p.dims !== 2 && p.dims !== 3) wrong(`${at}.dims`, p.dims, '2 or 3')
    if (p.encoding !== 'u16-delta-split') wrong(`${at}.encoding`, p.encoding, '"u16-delta-split"')
    perBucket(`${at}.buckets`, p.buckets)
    for (const part of ['distortion', 'region_rows'] as const) if (p[part] !== null) perBucket(`${at}.${part}`, p[part])
    if (p.bbox?.length !== 2 || p.bbox[0].length !== p.dims || p.bbox[1].length !== p.dims)
      wrong(`${at}.bbox`, p.bbox, `two corners of ${p.dims} numbers`)
  }
  if (!m.projections.some((p) => p.key === m.default?.projection)) {
    wrong('default.projection', m.default?.projection, 'the key of one of the projections')
  }
  for (const part of ['neighbours', 'details'] as const) {
    if (typeof m[part] !== 'object' || m[part] === null) wrong(part, m[part], 'an object with its shards')
    list(`${part}.shards`, m[part].shards)
    const expected = Math.ceil(m.n / m[part].shard_rows)
    if (m[part].shards.length !== expected)
      wrong(`${part}.shards`, m[part].shards.length, `${expected} files of ${m[part].shard_rows} rows`)
  }
  for (const { name, type } of m.details.fields) oneOf(`details.fields[${name}].type`, type, TYPE_NAMES)
  if (m.missing !== undefined) list('missing', m.missing)
  if (typeof m.atlas?.title !== 'string') wrong('atlas.title', m.atlas?.title, 'text')
  // What a figure or a method means is written once for all projections.
  const { figures = {}, methods = {} } = value as {
    figures?: Record<string, { label: string; explanation: string }>
    methods?: Record<string, MethodWords>
  }
  for (const p of m.projections) {
    p.figures = (p.figures ?? []).map((figure) => ({
      ...(figures[figure.name] ?? { label: figure.name, explanation: '' }),
      ...figure,
    }))
    p.words = methods[p.method] ?? unknownMethod(p)
  }
  return m
}

/** Of a map in a bundle that does not say: names begin with their method's, as in "UMAP, n_neighbors 15". */
function unknownMethod({ name, method }: Projection): MethodWords {
  return { label: name.split(',')[0].trim() || method, about: '', parameters: {} }
}

export function projectionOf(manifest: Manifest, key: string): Projection | undefined {
  return manifest.projections.find((p) => p.key === key)
}

export function columnOf(manifest: Manifest, name: string | null): Column | undefined {
  return manifest.columns.find((c) => c.name === name)
}
