/** Rows whose long texts hold some words; of the index, written by atlas_assets/stages/bundle/text_index.py, only the
 * shards with these words are loaded. */
import { BundleError } from '../data/errors'
import type { FileEntry } from '../data/manifest'

interface Listed {
  ignored: string[]
  shards: ({ first: string } & FileEntry)[]
}

/** Rows that hold a word, rising, and what the word weighs in the text of each, 1 … 255. */
export interface Held {
  rows: Uint32Array
  weights: Uint8Array
}

type Load = (file: FileEntry) => Promise<Uint8Array>

/** Words that begin like the one that is being typed lie in so many shards, at most, and are so many. */
const MOST_SHARDS = 3
const MOST_WORDS = 200

export class TextIndex {
  readonly #shards = new Map<string, Promise<Map<string, Held>>>()

  private constructor(
    private readonly listed: Listed,
    private readonly load: Load,
  ) {}

  static async open(index: FileEntry, load: Load): Promise<TextIndex> {
    const listed = JSON.parse(new TextDecoder().decode(await load(index))) as Listed
    return new TextIndex(listed, load)
  }

  /**
   * Rows whose texts hold all of `words`, those first in which they weigh most; `typing`: the last one may go on. Words
   * without meaning are not asked for.
   */
  async find(words: readonly string[], typing: boolean): Promise<Uint32Array> {
    const last = words.at(-1)
    const asked = [...new Set(words)].filter((word) => (typing && word === last) || !this.listed.ignored.includes(word))
    const held = await Promise.all(
      asked.map((word) => (typing && word === last ? this.#beginning(word) : this.#exactly(word))),
    )
    return ranked(held.filter((one) => one !== null))
  }

  async #exactly(word: string): Promise<Held> {
    const at = this.#shardOf(word)
    return (
      (at < 0 ? undefined : (await this.#shard(at)).get(word)) ?? { rows: new Uint32Array(), weights: new Uint8Array() }
    )
  }

  /** Rows with any word that begins so; null for a word without meaning that is typed in full. */
  async #beginning(word: string): Promise<Held | null> {
    if (this.listed.ignored.includes(word)) return null
    const first = Math.max(0, this.#shardOf(word))
    const best = new Map<number, number>()
    let left = MOST_WORDS
    for (let at = first; at < Math.min(first + MOST_SHARDS, this.listed.shards.length); at++) {
      const name = this.listed.shards[at].first
      if (at > first && !name.startsWith(word)) break
      for (const [other, { rows, weights }] of await this.#shard(at)) {
        if (!other.startsWith(word) || left-- <= 0) continue
        for (let i = 0; i < rows.length; i++) best.set(rows[i], Math.max(best.get(rows[i]) ?? 0, weights[i]))
      }
    }
    const rows = Uint32Array.from(best.keys()).sort()
    return { rows, weights: Uint8Array.from(rows, (row) => best.get(row)!) }
  }

  #shardOf(word: string): number {
    return this.listed.shards.findLastIndex(({ first }) => first <= word)
  }

  #shard(at: number): Promise<Map<string, Held>> {
    const file = this.listed.shards[at]
    let shard = this.#shards.get(file.path)
    if (!shard) {
      shard = this.load(file).then((bytes) => decodeShard(bytes, file.path))
      this.#shards.set(file.path, shard)
      shard.catch(() => this.#shards.delete(file.path))
    }
    return shard
  }
}

/** Rows in all of the lists, by the sum of their weights. */
function ranked(held: Held[]): Uint32Array {
  if (held.length === 0) return new Uint32Array()
  const [fewest, ...others] = held.sort((a, b) => a.rows.length - b.rows.length)
  const score = new Map<number, number>()
  const places = others.map(() => 0)
  fewest.rows.forEach((row, i) => {
    let sum = fewest.weights[i]
    for (const [k, { rows, weights }] of others.entries()) {
      while (rows[places[k]] < row) places[k]++
      if (rows[places[k]] !== row) return
      sum += weights[places[k]]
    }
    score.set(row, sum)
  })
  return Uint32Array.from([...score.keys()].sort((a, b) => score.get(b)! - score.get(a)! || a - b))
}

export function decodeShard(bytes: Uint8Array, path: string): Map<string, Held> {
  const damaged = new BundleError(`${path} is damaged or belongs to another build; build the site again.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint32(0, true) > bytes.length - 4) throw damaged
  let at = 4 + view.getUint32(0, true)
  const heading = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at))) as [string, number][]
  let weightsAt = bytes.length - heading.reduce((sum, [, count]) => sum + count, 0)
  const end = weightsAt
  const found = new Map<string, Held>()
  for (const [word, count] of heading) {
    const rows = new Uint32Array(count)
    let row = 0
    for (let i = 0; i < count; i++) {
      let change = 0
      for (let shift = 0; ; shift += 7) {
        if (at >= end) throw damaged
        change |= (bytes[at] & 127) << shift
        if (bytes[at++] < 128) break
      }
      rows[i] = row += change
    }
    found.set(word, { rows, weights: bytes.subarray(weightsAt, (weightsAt += count)) })
  }
  if (at !== end) throw damaged
  return found
}
