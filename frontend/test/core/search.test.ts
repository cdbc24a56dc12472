import { describe, expect, it } from 'vitest'
import { fold, foldWithPlaces } from '../../src/core/search/fold'
import { marksOf } from '../../src/core/search/marks'
import { Best, compare, tier, type Scored } from '../../src/core/search/rank'
import { NameSearch, type Answer, type Ask } from '../../src/core/search/search'
import { Texts } from '../../src/core/search/texts'
import { generator } from '../support/random'

type Found = Answer & { names: string[]; similarNames: string[] }
const words = (text: string): Ask => ({ kind: 'words', text })

function searching(
  names: string[],
  importance: number[] = names.map(() => 0),
  fields: string[] | null = null,
): (ask: string | Ask, limit?: number) => Promise<Found> {
  const search = new NameSearch()
  const ready = search.add(0, names, fields)
  search.setImportance(Uint8Array.from(importance))
  return async (ask, limit = 10) => {
    await ready
    let last: Answer | null = null
    await search.answer(typeof ask === 'string' ? words(ask) : ask, limit, (answer) => (last = answer))
    const answer = last! as Answer
    return {
      ...answer,
      names: answer.hits.map((hit) => names[hit.row]),
      similarNames: answer.similar.map((hit) => names[hit.row]),
    }
  }
}
/** The marked letters, in brackets. */
function bracketed(text: string, marks: number[]): string {
  let out = ''
  let at = 0
  for (let i = 0; i < marks.length; i += 2) {
    out += `${text.slice(at, marks[i])}[${text.slice(marks[i], marks[i + 1])}]`
    at = marks[i + 1]
  }
  return out + text.slice(at)
}

describe('search', () => {
  it('ignores case and diacritics on both sides', async () => {
    const find = searching(['Łódź', 'Ñandú', 'São Paulo', 'Straße', 'ΟΔΥΣΣΕΥΣ', 'İstanbul'])
    for (const [text, name] of [
      ['lodz', 'Łódź'],
      ['SÃO', 'São Paulo'],
      ['strasse', 'Straße'],
      ['nandu', 'Ñandú'],
      ['οδυσ', 'ΟΔΥΣΣΕΥΣ'],
      ['istan', 'İstanbul'],
    ]) {
      expect((await find(text)).names).toEqual([name])
    }
  })

  it('ranks exact before beginning before word before inside', async () => {
    const find = searching(['remaster', 'grand master', 'mastering', 'master'], [255, 200, 100, 0])
    expect((await find('master')).names).toEqual(['master', 'mastering', 'grand master', 'remaster'])
  })

  it('prefers the popular among equals', async () => {
    expect((await searching(['Anna K', 'Anna B', 'Anna C'], [1, 9, 5])('anna')).names).toEqual([
      'Anna B',
      'Anna C',
      'Anna K',
    ])
  })

  it('finds the last part of a dotted name first', async () => {
    const find = searching(['numpy.asarray_chkfinite', 'numpy.asarray', 'jax.numpy.asarray'], [1, 200, 90])
    expect((await find('asarray')).names.slice(0, 2)).toEqual(['numpy.asarray', 'jax.numpy.asarray'])
    expect((await find('numpy.asa')).names[0]).toBe('numpy.asarray')
  })

  it('takes words in any order', async () => {
    expect((await searching(['The Lord of the Rings', 'Rings'])('rings lord')).names).toEqual(['The Lord of the Rings'])
  })

  it('offers what differs by one typing mistake apart from what matches', async () => {
    const found = await searching(['Harry Potter', 'Moby Dick', 'Hary Janos'])('hary poter')
    expect(found.names).toEqual([])
    expect(found.similarNames).toEqual(['Harry Potter'])
    expect(bracketed('Harry Potter', found.similar[0].marks)).toMatch(/^\[H/)
    const both = await searching(['Harry Potter', 'Hary Janos'])('hary')
    expect([both.names, both.similarNames, both.total]).toEqual([['Hary Janos'], ['Harry Potter'], 1])
  })

  it('keeps what it found where a name has the words in another order', async () => {
    // The similar name has the parts of the first word apart: it is found, without saying where.
    const find = searching(['facebook/react', 'facebookarchive/react', 'react/facebook-login'])
    const { names, done } = await find('facebook/react')
    expect(names[0]).toBe('facebook/react')
    expect(done).toBe(true)
    for (const text of ['react/facebook-login', 'react/facebook', 'book/react', 'login/facebook'])
      expect((await find(text)).done, text).toBe(true)
  })

  it('puts what everybody knows before a subtitle, where popularity is known', async () => {
    const names = ['Harry Potter: Film Wizardry', "Harry Potter and the Sorcerer's Stone", 'Harry Potter']
    expect((await searching(names, [90, 255, 20])('harry potter')).names).toEqual([names[2], names[1], names[0]])
    expect((await searching(names, [9, 9, 9])('harry potter')).names).toEqual([names[2], names[0], names[1]])
  })

  it('answers signs alone, an empty question and an unknown word', async () => {
    const find = searching(['C++', 'C', '++', 'plain'])
    expect((await find('++')).names).toEqual(['++', 'C++'])
    expect((await find('   ')).names).toEqual([])
    expect(await find('zzzz')).toMatchObject({ total: 0, hits: [], similar: [], done: true })
  })

  it('finds names in other scripts', async () => {
    expect((await searching(['進撃の巨人', '銀魂', 'Тетрадь'])('銀魂')).names).toEqual(['銀魂'])
    expect((await searching(['進撃の巨人', 'Тетрадь'])('тетр')).names).toEqual(['Тетрадь'])
  })

  it('looks into fields too, says where it found the rest, and puts names first', async () => {
    const find = searching(
      ['Dune', 'A Tolkien Companion', 'The Hobbit', 'Kopie'],
      [9, 1, 200, 0],
      ['Frank Herbert · science fiction', 'Someone · essays', 'J. R. R. Tolkien · fantasy', ' · photolkienesque'],
    )
    const found = await find('tolkien')
    expect(found.names).toEqual(['A Tolkien Companion', 'The Hobbit', 'Kopie'])
    expect(found.hits[0].aside).toBeNull()
    expect(found.hits[1].aside).toMatchObject({ field: 0, text: 'J. R. R. Tolkien' })
    expect(found.hits[2].aside).toMatchObject({ field: 1 })
    expect(found).toMatchObject({ total: 3, byName: false })
    const spread = await find('herbert dune')
    expect(spread.names).toEqual(['Dune'])
    expect(bracketed('Dune', spread.hits[0].marks)).toBe('[Dune]')
    expect(bracketed(spread.hits[0].aside!.text, spread.hits[0].aside!.marks)).toBe('Frank [Herbert]')
  })

  it('sees names and fields that arrive later, and replaces none twice', async () => {
    const search = new NameSearch()
    const rows = async (text: string) => [...(await search.rows(words(text)))!]
    await search.add(0, ['alpha'])
    await search.add(1, ['beta'])
    expect(await rows('beta')).toEqual([1])
    await search.addFields(1, ['gamma'])
    expect(await rows('gamma')).toEqual([1])
    expect(await rows('a')).toEqual([0, 1])
  })

  it('finds exactly what a plain filter finds, in pieces of any size', async () => {
    const random = generator(11)
    const pick = (n: number) => Math.floor(random() * n)
    const stems = ['al', 'Ber', 'cör', 'ŁU', ' ', ' ', '.', 'ß']
    const names = Array.from({ length: 70_000 }, () =>
      Array.from({ length: 1 + pick(5) }, () => stems[pick(8)]).join(''),
    )
    const search = new NameSearch()
    await search.add(0, names.slice(0, 100))
    await search.add(100, names.slice(100))
    for (const text of ['al', 'ber cor', 'lu', '.', 'ss', 'albercor al', 'q']) {
      const wanted = fold(text).split(' ')
      const expected = names.flatMap((name, row) => (wanted.every((word) => fold(name).includes(word)) ? row : []))
      expect([...(await search.rows(words(text)))!]).toEqual(expected)
    }
  })

  it('answers queries: conditions on the name, and a mask for all others', async () => {
    const names = ['The Moon', 'Moon over', 'the sun', 'Mond']
    const find = searching(names, [1, 2, 3, 4])
    const query = (
      conditions: Extract<Ask, { kind: 'query' }>['conditions'],
      passes: Uint8Array | null = null,
    ): Ask => ({ kind: 'query', conditions, passes })
    expect((await find(query([{ kind: 'regex', source: '^the ', flags: 'i', not: false }]))).names).toEqual([
      'the sun',
      'The Moon',
    ])
    expect((await find(query([{ kind: 'name', text: 'Moon', not: false }]))).names).toEqual(['Moon over', 'The Moon'])
    expect(
      (
        await find(
          query([
            { kind: 'name', text: 'moon', not: true },
            { kind: 'regex', source: 'n$', flags: '', not: true },
          ]),
        )
      ).names,
    ).toEqual(['Mond'])
    const masked = await find(query([], Uint8Array.of(1, 0, 0, 1)), 1)
    expect(masked).toMatchObject({ names: ['Mond'], total: 2, done: true })
    const { hits } = await find(query([{ kind: 'regex', source: 'o+', flags: '', not: false }]))
    expect(bracketed('Moon over', hits.find((hit) => hit.row === 1)!.marks)).toBe('M[oo]n over')
  })

  it('stops as soon as nobody waits, and lets others have the thread', async () => {
    const search = new NameSearch()
    const names = Array.from({ length: 400_000 }, (_, i) => `name ${i}`)
    let breaths = 0
    let stale = false
    const manners = { stale: () => stale, breathe: async () => void breaths++ }
    await search.add(0, names, null, manners)
    expect(breaths).toBeGreaterThan(2)
    stale = true
    let told = 0
    await search.answer(
      {
        kind: 'query',
        conditions: [{ kind: 'regex', source: '(\\d)\\1\\d*\\1', flags: '', not: false }],
        passes: null,
      },
      10,
      () => told++,
      manners,
    )
    expect(told).toBe(0)
  })
})

describe('rank', () => {
  it('takes a name with a subtitle or a series for the name itself', () => {
    expect(['dune (dune chronicles #1)', 'dune: a novel', 'dune road'].map((name) => tier(name, 'dune'))).toEqual([
      0, 0, 1,
    ])
  })

  it('has tiers that are worked out by hand', () => {
    expect(
      ['torch', 'torch.nn', 'torchvision', 'my.torch', 'use torch now', 'pytorch'].map((name) => tier(name, 'torch')),
    ).toEqual([0, 1, 2, 1, 3, 4])
    expect(tier('numpy', 'torch')).toBe(5)
  })

  it('keeps the same best as sorting everything would', () => {
    const random = generator(2)
    for (const limit of [0, 1, 7, 50]) {
      const all = Array.from({ length: 300 }, (_, row): Scored => ({
        row,
        tier: Math.floor(random() * 4),
        importance: Math.floor(random() * 6),
        length: Math.floor(random() * 9),
      }))
      const best = new Best(limit)
      for (const one of all) best.offer(one)
      expect(best.rows).toEqual(
        [...all]
          .sort(compare)
          .slice(0, limit)
          .map((one) => one.row),
      )
    }
  })
})

describe('folded texts', () => {
  it('fold the same by letter, by name and by the text of all names', () => {
    const names = ['Ærø', 'Straße', 'e\u0301te\u0301', 'ﬁn', 'ＡＢＣ', 'ΣΑΣ', '한국어', 'नमस्ते', '½ 🦉', 'İI', '…']
    expect(fold(names.join('\n')).split('\n')).toEqual(names.map(fold))
    for (const name of names) {
      const { folded, places } = foldWithPlaces(name)
      expect(folded).toBe(fold(name))
      expect(places.length).toBe(folded.length + 1)
    }
    expect(fold('Ærø')).toBe('aero')
  })

  it('know their lines', () => {
    const texts = new Texts(5, ['Ä', 'beta', ''], ['x · y', '', 'z'])
    expect(texts.text).toBe('a\tx · y\nbeta\t\n\tz\n')
    expect([texts.name(0), texts.name(1), texts.name(2)]).toEqual(['Ä', 'beta', ''])
    expect([texts.fields(0), texts.fields(2)]).toEqual([['x', 'y'], ['z']])
    expect([texts.foldedName(0), texts.foldedName(2)]).toEqual(['a', ''])
    const found: number[] = []
    texts.scan(['z'], (i) => found.push(i))
    expect(found).toEqual([2])
  })

  it.each([
    ['São Paulo', ['sao'], '[São] Paulo'],
    ['Straße', ['strass'], '[Straß]e'],
    ['e\u0301te\u0301', ['ete'], '[e\u0301te\u0301]'],
    ['remaster of masters', ['master'], 'remaster of [master]s'],
    ['The Lord of the Rings', ['rings', 'lord'], 'The [Lord] of the [Rings]'],
    ['🦉 owl', ['owl'], '🦉 [owl]'],
    ['abc', ['x'], 'abc'],
    ['ﬁn', ['f'], '[ﬁ]n'],
  ])('mark in %s', (text, wanted, expected) => {
    expect(bracketed(text, marksOf(text, wanted))).toBe(expected)
  })
})
