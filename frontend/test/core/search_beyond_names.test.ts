/** The page reads a question as Python read the texts; the expectations are Python's, see atlas_tests/bundle/questions.py. */
import { describe, expect, it } from 'vitest'
import { Meaning } from '../../src/core/search/meaning'
import { decodeShard, TextIndex } from '../../src/core/search/text_index'
import { wordsOf } from '../../src/core/search/tokens'
import made from '../fixtures/questions.json'

const { model, questions, shard } = made
const bytes = Uint8Array.from(atob(shard.bytes), (character) => character.charCodeAt(0))
const dims = model.steps[0].length

describe('a question', () => {
  it('has the words that Python finds, in any script', () => {
    expect(questions.filter(({ words }) => words.length > 0).length).toBeGreaterThan(80)
    for (const { text, words } of questions) expect(wordsOf(text), JSON.stringify(text)).toEqual(words)
  })

  it('has the vector that Python sums, to the last bit', () => {
    const rows = Int8Array.from(model.rows.flat())
    const meaning = new Meaning(
      model.words,
      Float32Array.from(model.scales),
      Int8Array.from(model.steps.flat()),
      rows,
      dims,
    )
    for (const { words, vector } of questions)
      expect([...(meaning.vectorOf(words) ?? new Float64Array(dims))], words.join(' ')).toEqual(vector)
  })

  it('finds the rows that point the same way', () => {
    const rows = Int8Array.from(model.rows.flat())
    const meaning = new Meaning([], new Float32Array(), new Int8Array(), rows, dims)
    expect(meaning.nearest(Float64Array.from(model.rows[7]), 5)[0]).toBe(7)
  })
})

describe('an index of texts', () => {
  it('says which rows hold which words', () => {
    const held = decodeShard(bytes, 'texts/0.bin')
    expect([...held.keys()]).toEqual(['apfel', 'apfelmus', '東京'])
    expect([...held.values()].flatMap(({ rows }) => [...rows])).toEqual(shard.rows)
    expect([...held.values()].flatMap(({ weights }) => [...weights])).toEqual(shard.weights)
  })

  it('refuses a shard that is cut off anywhere', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeShard(bytes.slice(0, length), 'texts/0.bin')).toThrow()
  })

  it('answers with rows that hold all words; the last may go on, and words without meaning are not asked for', async () => {
    const listed = { ignored: ['der'], shards: [{ first: 'apfel', path: 'texts/0.bin', bytes: 1 }] }
    const index = await TextIndex.open({ path: 'texts/index.bin', bytes: 1 }, ({ path }) =>
      Promise.resolve(path === 'texts/index.bin' ? new TextEncoder().encode(JSON.stringify(listed)) : bytes),
    )
    const find = async (words: string[], typing: boolean) => [...(await index.find(words, typing))]
    expect(await find(['der', 'apfel'], false)).toEqual([70_000])
    expect(await find(['apf'], false)).toEqual([])
    expect(await find(['apf'], true)).toEqual([70_000, 130, 1, 0])
    expect(await find(['apfelmus', 'apfel'], false)).toEqual([])
    expect(await find(['東京'], true)).toEqual([9_000_000, 5])
    expect(await find(['der'], true)).toEqual([])
    expect(await find(['aaa'], true)).toEqual([])
  })
})
