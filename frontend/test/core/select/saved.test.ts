import { describe, expect, it } from 'vitest'
import { unpackIds } from '../../../src/core/select/ids'
import {
  exportSaved,
  importSaved,
  localStore,
  mergeSaved,
  readSaved,
  readTags,
  saved,
} from '../../../src/core/select/saved'

const fields = { name: 'Ports', note: 'by the sea', tags: ['trade'] }
const at = (day: number) => new Date(Date.UTC(2026, 0, day))

describe('saved selections', () => {
  it('come back from what was stored', async () => {
    const entry = await saved(fields, ['a', 'b,c'], at(1))
    expect(readSaved(JSON.stringify([entry]))).toEqual([entry])
    expect(entry).toMatchObject({ ...fields, count: 2, changed: '2026-01-01T00:00:00.000Z' })
    expect(await unpackIds(entry.ids)).toEqual(['a', 'b,c'])
  })

  it.each([null, '', 'nonsense', '{}', '[1, null, {"key": 3}]', '[{"key":"k","name":"n"}]'])(
    'survive a damaged store: %s',
    (text) => {
      expect(readSaved(text)).toEqual([])
    },
  )

  it('keep what is whole when one entry is damaged', async () => {
    const entry = await saved(fields, ['a'], at(1))
    expect(readSaved(JSON.stringify([{ ...entry, tags: 'no list', note: 4 }, { broken: true }, entry]))).toEqual([
      { ...entry, tags: [], note: '' },
      entry,
    ])
  })

  it('live without storage', () => {
    const store = localStore('x') // Node has no working localStorage, as a browser that forbids it
    expect(store.read()).toBeNull()
    expect(store.write('y')).toBe(false)
  })

  it('leave in a file and come back, and meet others by what was changed last', async () => {
    const one = await saved(fields, ['a', 'b'], at(1))
    const two = await saved(
      { ...fields, name: 'Mills' },
      Array.from({ length: 300 }, (_, i) => `town-${i}`),
      at(2),
    )
    const file = await exportSaved([one, two], 'towns')
    expect(JSON.parse(file)).toMatchObject({ atlas: 'towns', selections: [{ ids: ['a', 'b'] }, {}] })
    const back = (await importSaved(file))!
    expect(back).toEqual([one, two])
    expect(mergeSaved([one], back)).toMatchObject({ added: 1, updated: 0, list: [one, two] })
    const renamed = { ...one, name: 'Harbours', changed: at(3).toISOString() }
    expect(mergeSaved([renamed], back).list).toEqual([renamed, two])
    expect(mergeSaved([one, two], [renamed])).toMatchObject({ added: 0, updated: 1, list: [renamed, two] })
  })

  it('refuse other files', async () => {
    for (const text of ['', '[]', '{"format":"x"}', 'id,name']) expect(await importSaved(text)).toBeNull()
    expect(await importSaved('{"format":"atlas-selections","selections":[{"name":"no ids"}]}')).toEqual([])
  })

  it('tags are told apart by commas, once each', () => {
    expect(readTags(' jazz, blues,,Jazz ')).toEqual(['jazz', 'blues'])
  })
})
