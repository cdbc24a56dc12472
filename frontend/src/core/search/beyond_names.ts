/** What is found in long texts and by meaning. A script of its own: nobody loads it before something is looked for. */
import type { Bundle } from '../data/bundle'
import { formatCount } from '../format'
import { marksOf } from './marks'
import { Meaning } from './meaning'
import type { Hit } from './search'
import { TextIndex } from './text_index'
import { wordsOf } from './tokens'

export interface Beyond {
  /** Rows whose texts hold all words. */
  rows: Uint32Array
  /** What is listed below the names, best first; no row stands in two of them. */
  groups: { heading: string; hits: Hit[] }[]
}

/** Of each group, what is listed. */
const MOST = 20

export class BeyondNames {
  #texts: Promise<TextIndex> | null = null
  #meaning: Promise<Meaning> | null = null

  constructor(private readonly bundle: Bundle) {}

  /** `known`: rows that were found by their names. */
  async find(question: string, known: Iterable<number>): Promise<Beyond> {
    const words = wordsOf(question)
    if (words.length === 0) return { rows: new Uint32Array(), groups: [] }
    const { bundle } = this
    const load = bundle.bytes.bind(bundle)
    const { texts, meaning, n } = bundle.manifest
    this.#texts ??= texts ? TextIndex.open(texts.index, load) : null
    this.#meaning ??= meaning ? Meaning.open(meaning, n, load) : null
    const rows = (await (await this.#texts)?.find(words, !/\s$/.test(question))) ?? new Uint32Array()
    const model = await this.#meaning
    const vector = model?.vectorOf(words)
    const near = vector ? model!.nearest(vector, 2 * MOST) : []
    const listed = new Set(known)
    const inTexts = await this.#hits(rows, words, listed)
    return {
      rows,
      groups: [
        { heading: this.#heading(rows.length), hits: inTexts },
        { heading: 'Near by meaning', hits: await this.#hits(near, words, listed) },
      ].filter(({ hits }) => hits.length > 0),
    }
  }

  #heading(count: number): string {
    const { details, texts } = this.bundle.manifest
    const fields = details.fields.filter(({ name }) => texts?.fields.includes(name)).map(({ label }) => label)
    return `${formatCount(count)} ${count === 1 ? 'has' : 'have'} these words in ${fields.join(', ')}`
  }

  /** The first of `rows` that are not `listed` yet, once their names are there. */
  async #hits(rows: Iterable<number>, words: string[], listed: Set<number>): Promise<Hit[]> {
    const chosen: number[] = []
    for (const row of rows) {
      if (chosen.length === MOST) break
      if (!listed.has(row)) chosen.push(row)
    }
    for (const row of chosen) listed.add(row)
    const { bundle } = this
    await Promise.all([...new Set(chosen.map((row) => bundle.bucketOf(row)))].map((bucket) => bundle.names(bucket)))
    return chosen.map((row) => ({ row, marks: marksOf(bundle.nameOf(row) ?? '', words), aside: null }))
  }
}
