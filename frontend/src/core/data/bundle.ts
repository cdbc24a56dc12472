/** One opened bundle: fetches each file when it is first needed, once, and keeps what it decoded. */
import {
  decodeBooleans,
  decodeCodes,
  decodeList,
  decodeLists,
  decodeNeighbours,
  decodeNumbers,
  decodePositions,
  decodeTexts,
  expectPlaces,
  expectRows,
  NO_NEIGHBOUR,
  UNKNOWN_CODE,
  type NeighbourShard,
} from './decode'
import type { DetailValue } from '../fields'
import type { ColumnData, Dictionary } from './column'
import { pictureAt } from './carried'
import { fetchFile, fetchText, type Fetch } from './fetch'
import { isTour, type Tour } from '../tours/tour'
import { joinArrays, joinColumns } from './join'
import {
  readManifest,
  type CategoryColumn,
  type Column,
  type FileEntry,
  type ListColumn,
  type Manifest,
  type Projection,
} from './manifest'

export type { ColumnData, Dictionary } from './column'

export interface Neighbour {
  row: number
  similarity: number
  shared: number | null
}

export interface Region {
  name: string
  x: number
  y: number
  z?: number | null
  size: number
  /** 0 = coarsest. */
  level: number
  /** Place of the region around it in the list, null at the coarsest level. */
  parent: number | null
  priority: number
  /** Share of its members that the name is true of; not there where the name claims nothing. */
  share?: number
  /** What sets it apart: text, share of its members, and how many times as often as on the whole map. */
  typical?: readonly Typical[]
  /** Share of it that comes together when the map is divided again, where that is less than half. */
  weak?: number
}

export type Typical = readonly [text: string, share: number, times: number]

export interface Progress {
  loaded: number
  total: number
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

export class Bundle {
  readonly #pending = new Map<string, Promise<unknown>>()
  readonly #names: string[][] = []

  private constructor(
    readonly manifest: Manifest,
    readonly base: string,
    private readonly get: Fetch | undefined,
    private readonly onProgress: (progress: Progress) => void,
  ) {}

  #loaded = 0
  #total = 0

  /** Opens the bundle whose manifest lies at `url` (absolute). */
  static async open(
    url: string,
    options: { get?: Fetch; onProgress?: (progress: Progress) => void } = {},
  ): Promise<Bundle> {
    const path = new URL(url).pathname.split('/').pop() ?? url
    const manifest = readManifest(await fetchText(url, path, options.get), path)
    return new Bundle(manifest, url, options.get, options.onProgress ?? (() => {}))
  }

  bucketStart(bucket: number): number {
    return bucket === 0 ? 0 : this.manifest.buckets[bucket - 1]
  }

  #bucketRows(bucket: number): number {
    return this.manifest.buckets[bucket] - this.bucketStart(bucket)
  }

  /** Of a picture, for an `<img>`. */
  url(file: FileEntry): string {
    return pictureAt(new URL(file.path, this.base).href)
  }

  /** Runs `load` once per key; a failed load is forgotten, so that trying again fetches again. */
  #once<T>(key: string, load: () => Promise<T>): Promise<T> {
    let pending = this.#pending.get(key) as Promise<T> | undefined
    if (!pending) {
      pending = load()
      this.#pending.set(key, pending)
      pending.catch(() => this.#pending.delete(key))
    }
    return pending
  }

  async #fetch(file: FileEntry): Promise<Uint8Array> {
    let arrived = 0
    this.#total += file.bytes
    try {
      return await fetchFile(this.base, file, {
        get: this.get,
        onBytes: (bytes) => {
          // Servers that inflate deliver more than the manifest promised; progress never passes the promise.
          const counted = Math.min(bytes, file.bytes - arrived)
          arrived += counted
          this.#loaded += counted
          this.onProgress({ loaded: this.#loaded, total: this.#total })
        },
      })
    } finally {
      this.#loaded += file.bytes - arrived
      this.onProgress({ loaded: this.#loaded, total: this.#total })
    }
  }

  /** The content of a file that is decoded elsewhere. */
  bytes(file: FileEntry): Promise<Uint8Array> {
    return this.#once(`bytes ${file.path}`, () => this.#fetch(file))
  }

  /** The same, and not kept here: for what is large and may be wanted again. */
  bytesOnce(file: FileEntry): Promise<Uint8Array> {
    return this.#fetch(file)
  }

  /** The files of the sheets of pictures. */
  pictureSheets(): Promise<(FileEntry | null)[]> {
    const { sheets } = this.manifest.pictures!
    const isFile = (value: unknown) => value === null || isObject(value)
    return this.#once('sheets', async () =>
      decodeList<FileEntry | null>(await this.#fetch(sheets), sheets.path, isFile),
    )
  }

  /** Adds the positions of one bucket to `into`, laid out as decodePositions documents. */
  async positions(projection: Projection, bucket: number, into: Uint16Array): Promise<void> {
    const bytes = await this.#once(`positions ${projection.key} ${bucket}`, () =>
      this.#fetch(projection.buckets[bucket]),
    )
    decodePositions(bytes, projection.dims, this.#bucketRows(bucket), into, this.bucketStart(bucket))
    this.#pending.delete(`positions ${projection.key} ${bucket}`) // the caller keeps the decoded array
  }

  async names(bucket: number): Promise<string[]> {
    return this.#once(`names ${bucket}`, async () => {
      const file = this.manifest.names[bucket]
      const names = decodeTexts(await this.#fetch(file), this.#bucketRows(bucket), file.path)
      this.#names[bucket] = names
      return names
    })
  }

  async ids(bucket: number): Promise<string[]> {
    return this.#once(`ids ${bucket}`, async () => {
      const file = this.manifest.ids[bucket]
      return decodeTexts(await this.#fetch(file), this.#bucketRows(bucket), file.path)
    })
  }

  bucketOf(row: number): number {
    return this.manifest.buckets.findIndex((end) => row < end)
  }

  /** The label of a row, or null while its bucket of names is on its way. */
  nameOf(row: number): string | null {
    const bucket = this.bucketOf(row)
    return this.#names[bucket]?.[row - this.bucketStart(bucket)] ?? null
  }

  async idOf(row: number): Promise<string> {
    const bucket = this.bucketOf(row)
    return (await this.ids(bucket))[row - this.bucketStart(bucket)]
  }

  /** The row of an id, or -1. Buckets are asked in order, important rows first. */
  async rowOf(id: string): Promise<number> {
    for (let bucket = 0; bucket < this.manifest.buckets.length; bucket++) {
      const at = (await this.ids(bucket)).indexOf(id)
      if (at >= 0) return this.bucketStart(bucket) + at
    }
    return -1
  }

  /** The rows of those ids that the map has. The first call builds a table of all ids. */
  async rowsOfIds(ids: string[]): Promise<Map<string, number>> {
    const rows = await this.#once('rows of ids', async () => {
      const buckets = await Promise.all(this.manifest.buckets.map((_, bucket) => this.ids(bucket)))
      const table = new Map<string, number>()
      // Backwards, so that of equal ids the most important row stays, as rowOf finds it.
      for (let bucket = buckets.length - 1; bucket >= 0; bucket--) {
        for (let i = buckets[bucket].length - 1; i >= 0; i--)
          table.set(buckets[bucket][i], this.bucketStart(bucket) + i)
      }
      return table
    })
    return new Map(ids.flatMap((id) => (rows.has(id) ? [[id, rows.get(id)!] as const] : [])))
  }

  /** What can be searched beside the names, one text per row of the bucket; null where the bundle has nothing. */
  searchTexts(bucket: number): Promise<string[]> | null {
    const file = this.manifest.search?.files[bucket]
    if (!file) return null
    return this.#once(`search ${bucket}`, async () =>
      decodeTexts(await this.#fetch(file), this.#bucketRows(bucket), file.path),
    )
  }

  /** The values of all rows. */
  column(column: Column): Promise<ColumnData> {
    return this.#once(`column ${column.name}`, async () => {
      const parts = await Promise.all(column.files.map((_, bucket) => this.#columnPart(column, bucket)))
      for (const bucket of column.files.keys()) this.#pending.delete(`column ${column.name} ${bucket}`)
      return joinColumns(parts, this.manifest.n)
    })
  }

  /** The values of bucket 0, which is what the first paint needs. */
  columnStart(column: Column): Promise<ColumnData> {
    return this.#columnPart(column, 0)
  }

  #columnPart(column: Column, bucket: number): Promise<ColumnData> {
    return this.#once(`column ${column.name} ${bucket}`, async (): Promise<ColumnData> => {
      const rows = this.#bucketRows(bucket)
      const file = column.files[bucket]
      if (column.encoding === 'bool-u8')
        return { kind: 'booleans', values: decodeBooleans(await this.#fetch(file), rows, file.path) }
      if (column.encoding === 'codes-u8' || column.encoding === 'codes-u16') {
        const [data, dictionary] = await Promise.all([this.#fetch(file), this.dictionary(column)])
        const codes = decodeCodes(data, rows, column.encoding, file.path)
        expectPlaces(codes, dictionary.length, UNKNOWN_CODE, file.path)
        return { kind: 'codes', codes, dictionary }
      }
      if (column.encoding === 'list-u16') {
        const [data, dictionary] = await Promise.all([this.#fetch(file), this.dictionary(column)])
        const lists = decodeLists(data, rows, file.path)
        expectPlaces(lists.codes, dictionary.length, UNKNOWN_CODE, file.path)
        return { kind: 'lists', lists, dictionary }
      }
      return { kind: 'numbers', values: decodeNumbers(await this.#fetch(file), rows, file.path) }
    })
  }

  /** Values of a column, the most frequent first, and how many rows have each. */
  dictionary(column: CategoryColumn | ListColumn): Promise<Dictionary> {
    const file = column.dictionary
    return this.#once(`dictionary ${column.name}`, async () =>
      decodeList<Dictionary[number]>(await this.#fetch(file), file.path, Array.isArray),
    )
  }

  /** 0 = faithful … 255 = torn, per row. */
  distortion(projection: Projection): Promise<Uint8Array> {
    return this.#once(`distortion ${projection.key}`, async () =>
      joinArrays(
        await this.#perBucket(projection.distortion!, (bytes, rows, path) => decodeBooleans(bytes, rows, path)),
        new Uint8Array(this.manifest.n),
      ),
    )
  }

  /** The finest region of every row as a place in `regions()`; 65535 = none. Only where `projection.region_rows` is. */
  regionRows(projection: Projection): Promise<Uint16Array> {
    return this.#once(`region rows ${projection.key}`, async () =>
      joinArrays(
        await this.#perBucket(projection.region_rows!, (bytes, rows, path) =>
          decodeCodes(bytes, rows, 'codes-u16', path),
        ),
        new Uint16Array(this.manifest.n),
      ),
    )
  }

  #perBucket<T>(files: FileEntry[], decode: (bytes: Uint8Array, rows: number, path: string) => T): Promise<T[]> {
    return Promise.all(
      files.map(async (file, bucket) => decode(await this.#fetch(file), this.#bucketRows(bucket), file.path)),
    )
  }

  regions(projection: Projection): Promise<Region[]> {
    return this.#once(`regions ${projection.key}`, async () =>
      projection.regions
        ? decodeList<Region>(await this.#fetch(projection.regions), projection.regions.path, isObject)
        : [],
    )
  }

  /** Those that cannot be read are left out. */
  tours(): Promise<Tour[]> {
    return this.#once('tours', async () => {
      const file = this.manifest.tours?.file
      return file ? decodeList<Tour>(await this.#fetch(file), file.path, isObject).filter(isTour) : []
    })
  }

  /** Nearest first, in the space before projection. */
  async neighbours(row: number): Promise<Neighbour[]> {
    const { k, shard_rows, shards, shared } = this.manifest.neighbours
    const shard = Math.floor(row / shard_rows)
    const rows = Math.min(shard_rows, this.manifest.n - shard * shard_rows)
    const data = await this.#once<NeighbourShard>(`neighbours ${shard}`, async () => {
      const found = decodeNeighbours(await this.#fetch(shards[shard]), rows, k, shared)
      expectPlaces(found.indices, this.manifest.n, NO_NEIGHBOUR, shards[shard].path)
      return found
    })
    const neighbours: Neighbour[] = []
    for (let i = (row - shard * shard_rows) * k, end = i + k; i < end; i++) {
      if (data.indices[i] === NO_NEIGHBOUR) continue
      neighbours.push({ row: data.indices[i], similarity: data.similarity[i], shared: data.shared?.[i] ?? null })
    }
    return neighbours
  }

  /** Values in the order of manifest.details.fields. */
  async details(row: number): Promise<DetailValue[]> {
    const { shard_rows, shards } = this.manifest.details
    const shard = Math.floor(row / shard_rows)
    const rows = await this.#once(`details ${shard}`, async () => {
      const found = decodeList<DetailValue[]>(await this.#fetch(shards[shard]), shards[shard].path, Array.isArray)
      expectRows(found.length, Math.min(shard_rows, this.manifest.n - shard * shard_rows), shards[shard].path)
      return found
    })
    return rows[row - shard * shard_rows]
  }
}
