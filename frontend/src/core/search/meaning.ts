/** A question as a vector, and the rows whose vectors point the same way; atlas_assets/stages/bundle/meaning.py writes it. */
import { BundleError } from '../data/errors'
import type { FileEntry, Manifest } from '../data/manifest'

type Entry = NonNullable<Manifest['meaning']>

/** Less than this is chance: of any two texts most point less the same way. */
const LEAST = 0.3

export class Meaning {
  readonly #place: Map<string, number>
  readonly #lengths: Float32Array

  constructor(
    words: string[],
    private readonly scales: Float32Array,
    private readonly steps: Int8Array,
    private readonly rows: Int8Array,
    private readonly dims: number,
  ) {
    this.#place = new Map(words.map((word, i) => [word, i]))
    this.#lengths = new Float32Array(rows.length / dims)
    for (let row = 0; row < this.#lengths.length; row++) {
      let sum = 0
      for (let i = row * dims, end = i + dims; i < end; i++) sum += rows[i] * rows[i]
      this.#lengths[row] = Math.sqrt(sum)
    }
  }

  static async open(entry: Entry, n: number, load: (file: FileEntry) => Promise<Uint8Array>): Promise<Meaning> {
    const [words, vectors, rows] = await Promise.all([entry.words, entry.vectors, entry.rows].map(load))
    const names = new TextDecoder().decode(words).split('\n')
    const count = names.length
    for (const [bytes, expected, file] of [
      [vectors, count * (4 + entry.dims), entry.vectors],
      [rows, n * entry.dims, entry.rows],
    ] as const)
      if (bytes.length !== expected)
        throw new BundleError(`${file.path} is damaged or belongs to another build; build the site again.`)
    const view = new DataView(vectors.buffer, vectors.byteOffset)
    const scales = Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true))
    const signed = (bytes: Uint8Array, from = 0) =>
      new Int8Array(bytes.buffer, bytes.byteOffset + from, bytes.length - from)
    return new Meaning(names, scales, signed(vectors, 4 * count), signed(rows), entry.dims)
  }

  /** The sum of the vectors of the words that are known; null where none is. */
  vectorOf(words: readonly string[]): Float64Array | null {
    const vector = new Float64Array(this.dims)
    let known = false
    for (const word of words) {
      const at = this.#place.get(word)
      if (at === undefined) continue
      known = true
      for (let i = 0; i < this.dims; i++) vector[i] += this.scales[at] * this.steps[at * this.dims + i]
    }
    return known ? vector : null
  }

  /** Rows, nearest by the angle first. */
  nearest(vector: Float64Array, most: number): number[] {
    const { dims, rows } = this
    const length = Math.hypot(...vector)
    const best: { row: number; cosine: number }[] = []
    for (let row = 0; row < this.#lengths.length; row++) {
      let dot = 0
      for (let i = 0, at = row * dims; i < dims; i++) dot += vector[i] * rows[at + i]
      const cosine = dot / (length * this.#lengths[row] || 1)
      if (cosine < LEAST || (best.length === most && cosine <= best[most - 1].cosine)) continue
      let place = best.length
      while (place > 0 && best[place - 1].cosine < cosine) place--
      best.splice(place, 0, { row, cosine })
      if (best.length > most) best.pop()
    }
    return best.map(({ row }) => row)
  }
}
