/** One opened bundle: fetches each file when it is first needed, once, and keeps what it decoded. */
import {
  decodeBooleans, decodeCodes, decodeJson, decodeLists, decodeNeighbours, decodeNumbers, decodePositions, decodeTexts,
  NO_NEIGHBOUR, type Lists, type NeighbourShard,
} from './decode'
import { fetchFile, fetchText, type Fetch } from './fetch'
import { readManifest, type Column, type FileEntry, type Manifest, type Projection } from './manifest'

export type Dictionary = [value: string, count: number][]

export type ColumnData =
  | { kind: 'numbers'; values: Float32Array }
  | { kind: 'codes'; codes: Uint16Array; dictionary: Dictionary }
  | { kind: 'booleans'; values: Uint8Array }
  | { kind: 'lists'; lists: Lists; dictionary: Dictionary }

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
  priority: number
}

export type DetailValue = string | number | boolean | null | string[]

export interface Progress {
  loaded: number
  total: number
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
  static async open(url: string, options: { get?: Fetch; onProgress?: (progress: Progress) => void } = {}): Promise<Bundle> {
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

  url(file: FileEntry): string {
    return new URL(file.path, this.base).href
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

  /** Adds the positions of one bucket to `into`, laid out as decodePositions documents. */
  async positions(projection: Projection, bucket: number, into: Uint16Array): Promise<void> {
    const bytes = await this.#once(`positions ${projection.key} ${bucket}`, () => this.#fetch(projection.buckets[bucket]))
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

  column(column: Column): Promise<ColumnData> {
    return this.#once(`column ${column.name}`, async (): Promise<ColumnData> => {
      const rows = this.manifest.n
      const bytes = this.#fetch(column.file)
      if (column.type === 'boolean') return { kind: 'booleans', values: decodeBooleans(await bytes, rows, column.file.path) }
      if (column.type === 'category') {
        const [data, dictionary] = await Promise.all([bytes, this.#dictionary(column.dictionary)])
        return { kind: 'codes', codes: decodeCodes(data, rows, column.encoding, column.file.path), dictionary }
      }
      if (column.type === 'list') {
        const [data, dictionary] = await Promise.all([bytes, this.#dictionary(column.dictionary)])
        return { kind: 'lists', lists: decodeLists(data, rows, column.file.path), dictionary }
      }
      return { kind: 'numbers', values: decodeNumbers(await bytes, rows, column.file.path) }
    })
  }

  async #dictionary(file: FileEntry): Promise<Dictionary> {
    return decodeJson<Dictionary>(await this.#fetch(file), file.path)
  }

  /** 0 = faithful … 255 = torn, per row. */
  distortion(projection: Projection): Promise<Uint8Array> {
    return this.#once(`distortion ${projection.key}`, async () => {
      const file = projection.distortion!
      return decodeBooleans(await this.#fetch(file), this.manifest.n, file.path)
    })
  }

  regions(projection: Projection): Promise<Region[]> {
    return this.#once(`regions ${projection.key}`, async () =>
      projection.regions ? decodeJson<Region[]>(await this.#fetch(projection.regions), projection.regions.path) : [],
    )
  }

  /** Nearest first, in the space before projection. */
  async neighbours(row: number): Promise<Neighbour[]> {
    const { k, shard_rows, shards, shared } = this.manifest.neighbours
    const shard = Math.floor(row / shard_rows)
    const rows = Math.min(shard_rows, this.manifest.n - shard * shard_rows)
    const data = await this.#once<NeighbourShard>(`neighbours ${shard}`, async () => decodeNeighbours(await this.#fetch(shards[shard]), rows, k, shared))
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
    const rows = await this.#once(`details ${shard}`, async () => decodeJson<DetailValue[][]>(await this.#fetch(shards[shard]), shards[shard].path))
    return rows[row - shard * shard_rows]
  }
}
