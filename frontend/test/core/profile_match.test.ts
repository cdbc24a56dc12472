import { describe, expect, it } from 'vitest'
import { entryOf } from '../../src/core/profile/entry'
import { NameIndex, narrowedBy } from '../../src/core/profile/match'
import { bareForm, editDistance, mayBeWithin, signatureOf, tailsOf } from '../../src/core/profile/names'
import { parseItems, parseList } from '../../src/core/profile/parse'
import { generator } from '../support/random'

function indexOf(
  names: string[],
  { ids = names.map((_, i) => `id${i}`), popularity = names.map(() => 1) } = {},
): NameIndex {
  const index = new NameIndex()
  index.add(0, names, ids)
  index.setPopularity(popularity)
  return index
}
const match = (index: NameIndex, name: string, more = {}) => index.match([entryOf(1, name, more)])[0]
const rowsOf = (index: NameIndex, name: string, more = {}) => match(index, name, more).rows

const BOOKS = [
  'Dune (Dune Chronicles #1)',
  'Dune Messiah (Dune Chronicles #2)',
  'The Hobbit',
  'The Hobbit: Graphic Novel',
  'Selected Poems',
  'Selected Poems',
  'Saga (Saga, #1)',
  'Saga (Saga, #2)',
  'Les Misérables',
  "The Hitchhiker's Guide to the Galaxy",
  '1984',
  'Grind // Dust',
]

describe('matching', () => {
  const books = indexOf(BOOKS)

  it('goes from the strongest evidence to the weakest', () => {
    expect(match(books, 'id2')).toMatchObject({ rows: [2], how: 'id' })
    expect(match(books, 'The Hobbit')).toMatchObject({ rows: [2], how: 'name' })
    expect(match(books, 'les miserables')).toMatchObject({ rows: [8], how: 'name' })
    expect(match(books, 'The Hitchhiker’s guide to the galaxy!')).toMatchObject({ rows: [9], how: 'spelling' })
    expect(match(books, 'Dune')).toMatchObject({ rows: [0], how: 'short name' })
    expect(match(books, 'Hobbit, The')).toMatchObject({ rows: [3, 2].sort(), how: 'short name' })
    expect(match(books, 'Grind')).toMatchObject({ rows: [11], how: 'short name' })
    expect(match(books, 'Dune by Frank Herbert')).toMatchObject({ rows: [0], how: 'part' })
    expect(match(books, 'Frank Herbert - Dune Messiah')).toMatchObject({ rows: [1], how: 'part' })
  })

  it('never guesses between two that fit equally well', () => {
    expect(rowsOf(books, 'Selected Poems')).toEqual([4, 5])
    expect(rowsOf(books, 'Saga')).toEqual([6, 7])
    expect(rowsOf(books, 'Saga (Saga Volume 2)')).toEqual([7])
    expect(rowsOf(books, 'Saga (5)')).toEqual([])
  })

  it('tells entities of one name apart by their creator, and keeps all where creators are unknown', () => {
    const creators = [['Allen Ginsberg'], ['W.H. Auden', 'Edward Mendelson'], []]
    const narrowed = (rows: number[], by: string) => narrowedBy(rows, by, (row) => creators[row])
    expect(narrowed([0, 1, 2], 'Ginsberg, Allen')).toEqual([0])
    expect(narrowed([0, 1], 'W. H. Auden')).toEqual([1])
    expect(narrowed([0, 1], 'Emily Dickinson')).toEqual([])
    expect(narrowed([0, 1, 2], 'Emily Dickinson')).toEqual([0, 1, 2])
    expect(narrowed([0, 1], '?')).toEqual([0, 1])
  })

  it('trusts the id of another service only where the name agrees', () => {
    const index = indexOf(['Lord of the Flies', 'Charlotte’s Web'], { ids: ['7624', '59'] })
    expect(rowsOf(index, 'Lord of the Flies', { id: '59' })).toEqual([0])
    expect(rowsOf(index, "Charlotte's Web", { id: '59' })).toEqual([1])
    expect(index.match([entryOf(1, null, { id: '59' })])[0].rows).toEqual([1])
    expect(rowsOf(index, 'A book that is not here', { id: '59' })).toEqual([])
  })

  it('lets the rest of the list say whether 1984 is an id or a name', () => {
    const index = indexOf(['1984', 'Dune', 'Ubik'], { ids: ['7', '1984', '12'] })
    expect(index.match(['1984', 'Ubik'].map((name, i) => entryOf(i, name))).map(({ rows }) => rows)).toEqual([[0], [2]])
    expect(index.match(['1984', '7', '12'].map((name, i) => entryOf(i, name))).map(({ rows }) => rows)).toEqual([
      [1],
      [0],
      [2],
    ])
  })

  it('takes the whole line where what looks like a rating or a count belongs to the name', () => {
    const index = indexOf(['7 Wonders', 'Wonders', 'ratio 4/5', 'a:5'])
    expect(rowsOf(index, 'Wonders', { whole: '7 Wonders' })).toEqual([0])
    expect(rowsOf(index, 'Wonders', { whole: '8 Wonders' })).toEqual([1])
    expect(index.read(parseItems('a:5')).matches[0].rows).toEqual([3])
  })

  it('finds paths by their end if there is one of it, or one clearly in front', () => {
    const index = indexOf(['numpy.asarray', 'jax.numpy.asarray', 'torch.nn.Linear', 'a.load', 'b.load', 'vuejs/core'], {
      popularity: [900, 100, 5, 30, 20, 1],
    })
    expect(match(index, 'asarray')).toMatchObject({ rows: [0], how: 'path' })
    expect(rowsOf(index, 'nn.Linear')).toEqual([2])
    expect(rowsOf(index, 'load')).toEqual([3, 4])
    expect(rowsOf(index, 'core')).toEqual([5])
    expect(tailsOf('a::b.c')).toEqual(['b.c', 'c'])
    expect(tailsOf('No path. At all')).toEqual([])
  })

  it('offers near names for what it cannot find, and takes none of them by itself', () => {
    expect(match(books, 'Duen Messiah')).toEqual({ rows: [], how: null, guesses: [1] })
    expect(match(books, 'Hitchhikers Guide').guesses).toEqual([9])
    expect(match(books, 'Saga (5)').guesses).toEqual([6, 7])
    expect(match(books, 'Something else entirely')).toEqual({ rows: [], how: null, guesses: [] })
  })

  it('reads one line with commas as one name where there is such a name', () => {
    const index = indexOf(['The Good, the Bad and the Ugly', 'Dune', 'The Good'])
    expect(index.read(parseList('The Good, the Bad and the Ugly')).matches.map(({ rows }) => rows)).toEqual([[0]])
    expect(index.read(parseList('Dune, The Good')).matches.map(({ rows }) => rows)).toEqual([[1], [2]])
  })

  it('takes the artists of a table of songs where the atlas knows artists and no songs', () => {
    const index = indexOf(['Massive Attack', 'Portishead', 'Tricky'])
    const { list, matches } = index.read(
      parseList('Track,Artist\nTeardrop,Massive Attack\nAngel,Massive Attack\nGlory Box,Portishead'),
    )
    expect(list.entries.map(({ name }) => name)).toEqual(['Massive Attack', 'Portishead'])
    expect(matches.map(({ rows }) => rows)).toEqual([[0], [1]])
  })
})

describe('names', () => {
  it('has short forms that are worked out by hand', () => {
    expect(
      [
        'Dune: A Novel',
        'The Hobbit (Illustrated)',
        'Matrix, The',
        'Fire // Ice',
        'A',
        '(500) Days of Summer',
        '???',
      ].map(bareForm),
    ).toEqual(['dune', 'hobbit', 'matrix', 'fire', 'a', '500 days of summer', '???'])
  })

  it('measures edits as the plain recursion does, up to its limit', () => {
    const slow = (a: string, b: string): number => {
      if (a === '' || b === '') return a.length + b.length
      const drop = Math.min(
        slow(a.slice(1), b) + 1,
        slow(a, b.slice(1)) + 1,
        slow(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
      )
      return a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0]
        ? Math.min(drop, slow(a.slice(2), b.slice(2)) + 1)
        : drop
    }
    const random = generator(3)
    const word = () => Array.from({ length: Math.floor(random() * 6) }, () => 'abc'[Math.floor(random() * 3)]).join('')
    for (let round = 0; round < 400; round++) {
      const [a, b] = [word(), word()]
      for (const limit of [0, 1, 2, 3])
        expect(editDistance(a, b, limit), `${a} ${b} ${limit}`).toBe(Math.min(limit + 1, slow(a, b)))
    }
  })

  it('has signatures that no name within reach falls through', () => {
    const random = generator(9)
    const letter = () => String.fromCharCode(97 + Math.floor(random() * 26))
    for (let round = 0; round < 3000; round++) {
      const before = Array.from({ length: 4 + Math.floor(random() * 20) }, letter)
      const after = [...before]
      const edits = 1 + Math.floor(random() * 3)
      for (let e = 0; e < edits; e++) {
        const at = Math.floor(random() * (after.length - 1))
        const kind = random()
        if (kind < 0.25) after.splice(at, 1)
        else if (kind < 0.5) after.splice(at, 0, letter())
        else if (kind < 0.75) after[at] = letter()
        else [after[at], after[at + 1]] = [after[at + 1], after[at]]
      }
      const [a, b] = [before.join(''), after.join('')]
      expect(mayBeWithin(edits, ...signatureOf(a), ...signatureOf(b)), `${a} ${b}`).toBe(true)
    }
  })

  it('finds every name within reach that a full comparison finds, and matches 100 names against 100,000 quickly', () => {
    const random = generator(21)
    const word = () =>
      Array.from(
        { length: 3 + Math.floor(random() * 7) },
        () => 'aaeeeiioulnrsttdcmpghbyfvkwzxjq'[Math.floor(random() * 31)],
      ).join('')
    const all = Array.from({ length: 100_000 }, () => `${word()} ${word()}`)
    const index = indexOf(all)
    const asked = Array.from({ length: 100 }, () => {
      const name = all[Math.floor(random() * all.length)]
      return name.slice(0, 3) + 'x' + name.slice(4)
    })
    const before = performance.now()
    const found = index.match(asked.map((name, i) => entryOf(i, name)))
    expect(performance.now() - before).toBeLessThan(4000) // measured 0.5 s
    for (const [i, { rows, guesses }] of found.entries()) {
      if (rows.length > 0 || i >= 8) continue
      const nearest = Math.min(...all.map((name) => editDistance(asked[i], name, 3)))
      expect(guesses.map((row) => editDistance(asked[i], all[row], 3))[0], asked[i]).toBe(nearest)
    }
  })
})
