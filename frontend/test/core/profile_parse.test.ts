import { describe, expect, it } from 'vitest'
import type { ParsedList } from '../../src/core/profile/entry'
import { parseItems, parseList } from '../../src/core/profile/parse'
import { generator } from '../support/random'

const names = (list: ParsedList) => list.entries.map((entry) => entry.name ?? entry.id)
const rated = (list: ParsedList) => list.entries.map((entry) => [entry.name, entry.rating])

describe('lines', () => {
  it('takes one name per line, without bullets, numbers, boxes, quotes and headings', () => {
    const list = parseList(
      '# Read in 2024\n- Dune\n* Hyperion\n\n1. Foundation\n2) Ubik\n- [x] Solaris\n“Roadside Picnic”,\n// later\n--\n',
    )
    expect(names(list)).toEqual(['Dune', 'Hyperion', 'Foundation', 'Ubik', 'Solaris', 'Roadside Picnic'])
    expect(list.unreadable).toEqual([{ line: 10, text: '--', reason: 'no name in this line' }])
    expect(list.entries.map((entry) => entry.line)).toEqual([2, 3, 5, 6, 7, 8])
  })

  it('reads ratings that say what they are, and keeps numbers that are names', () => {
    const list = parseList('Dune 5/5\nHyperion (4/5)\nUbik ★★★½☆\nSolaris: 3.5/5\n1984\nCatch-22\n7 Wonders\nApollo 13')
    expect(rated(list)).toEqual([
      ['Dune', 5],
      ['Hyperion', 4],
      ['Ubik', 3.5],
      ['Solaris', 3.5],
      ['1984', null],
      ['Catch-22', null],
      ['7 Wonders', null],
      ['Apollo 13', null],
    ])
    expect(list.outOf).toBe(5)
  })

  it('takes bare numbers for ratings where nearly every line ends in one', () => {
    expect(rated(parseList('Dune: 9\nHyperion: 8\nUbik: 7,5'))).toEqual([
      ['Dune', 9],
      ['Hyperion', 8],
      ['Ubik', 7.5],
    ])
    expect(parseList('Apollo 13: 8\nDune: 9\nUbik: 7').entries[0].whole).toBe('Apollo 13: 8')
  })

  it('splits a single line at commas, and remembers that it may be one name', () => {
    const list = parseList('Dune, Hyperion, "The Good, the Bad"')
    expect(names(list)).toEqual(['Dune', 'Hyperion', 'The Good, the Bad'])
    expect(list.oneLine).toBe('Dune, Hyperion, "The Good, the Bad"')
    expect(names(parseList('a, b; c'))).toEqual(['a, b', 'c'])
  })

  it('leaves titles with commas whole', () => {
    const titles = ['The Lion, the Witch and the Wardrobe', 'Goodbye, Columbus', 'Dune']
    expect(names(parseList(titles.join('\n')))).toEqual(titles)
  })
})

describe('tables', () => {
  it('finds name and rating by their headers, whatever stands between the cells', () => {
    for (const separator of [',', ';', '\t', '|']) {
      const text =
        ['Year', 'Title', 'My Score', 'Average rating'].join(separator) +
        '\r\n' +
        ['1965', '"Dune, ""the book"""', '9', '4.2'].join(separator).replaceAll(',', separator === ',' ? ',' : ',')
      expect(rated(parseList(text)), separator).toEqual([['Dune, "the book"', 9]])
    }
  })

  it('reads a Goodreads library: own ratings, 0 = none, to-read left out', () => {
    const list = parseList(
      [
        'Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,Publisher,Binding,Exclusive Shelf,My Review',
        '234225,"Dune (Dune Chronicles, #1)",Frank Herbert,"Herbert, Frank",,"=""0441172717""","=""9780441172719""",5,4.26,Ace,Paperback,read,"Long.\nVery long, and ""quoted""."',
        '77566,"Hyperion (Hyperion Cantos, #1)",Dan Simmons,"Simmons, Dan",,"=""""","=""""",0,4.25,,,read,',
        '1,"Ulysses",James Joyce,"Joyce, James",,"=""""","=""""",0,3.7,,,to-read,',
      ].join('\n'),
    )
    expect(list.format).toBe('a Goodreads library')
    expect(list.entries.map(({ name, by, rating, id, line }) => ({ name, by, rating, id, line }))).toEqual([
      { name: 'Dune (Dune Chronicles, #1)', by: 'Frank Herbert', rating: 5, id: null, line: 2 },
      { name: 'Hyperion (Hyperion Cantos, #1)', by: 'Dan Simmons', rating: null, id: null, line: 4 },
    ])
    expect(list.skipped).toEqual([{ reason: 'planned, not yet yours', count: 1 }])
    expect(list.outOf).toBe(5)
  })

  it('reads exports of other services', () => {
    expect(
      rated(parseList('Date,Name,Year,Letterboxd URI,Rating\n2020-01-01,Alien,1979,https://boxd.it/29Q4,4.5')),
    ).toEqual([['Alien', 4.5]])
    expect(
      rated(
        parseList(
          'Const,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating\ntt0078748,9,2020-01-01,Alien,https://www.imdb.com/title/tt0078748/,Movie,8.5',
        ),
      ),
    ).toEqual([['Alien', 9]])
    expect(
      parseList('Track URI,Track Name,Artist Name(s)\nspotify:track:1,Teardrop,Massive Attack').entries[0],
    ).toMatchObject({ name: 'Teardrop', by: 'Massive Attack' })
    expect(names(parseList('Artist,Plays\nMassive Attack,120\nPortishead,88'))).toEqual([
      'Massive Attack',
      'Portishead',
    ])
    expect(parseList('id;count\na1;3\n;4').unreadable).toEqual([{ line: 3, text: '4', reason: 'no name in this row' }])
  })

  it('reads tables without a header where a column holds numbers; years are no ratings', () => {
    expect(rated(parseList('Dune\t5\nHyperion\t4\nUbik\t'))).toEqual([
      ['Dune', 5],
      ['Hyperion', 4],
      ['Ubik', null],
    ])
    expect(rated(parseList('"Dune, part one",8\nHyperion,9'))).toEqual([
      ['Dune, part one', 8],
      ['Hyperion', 9],
    ])
    expect(rated(parseList('Dune,1965\nHyperion,1989'))).toEqual([
      ['Dune', null],
      ['Hyperion', null],
    ])
  })
})

describe('what programs write', () => {
  it('reads decks', () => {
    const list = parseList(
      'About\nName Burn\n\nDeck\n4 Lightning Bolt\n1x Sol Ring (C21) 123\n2 Fire // Ice\n10 Mountain (UNF) 240 *F*\n// tests\nSideboard\nSB: 3 Pyroblast\nLands (17)\n1 _____ Goblin [Sticker]',
    )
    expect(list.format).toBe('a deck list')
    expect(list.entries.map(({ name, count }) => [name, count])).toEqual([
      ['Lightning Bolt', 4],
      ['Sol Ring', 1],
      ['Fire // Ice', 2],
      ['Mountain', 10],
      ['Pyroblast', 3],
      ['_____ Goblin [Sticker]', 1],
    ])
  })

  it('does not take numbered lists or numbers in names for decks', () => {
    expect(parseList('1. Dune\n2. Ubik').format).toBe('a list of names')
    expect(parseList('12 Monkeys\nDune\nUbik').entries[0].name).toBe('12 Monkeys')
  })

  it('reads JSON of every common shape', () => {
    expect(names(parseList('["Dune", 42, ""]'))).toEqual(['Dune', '42'])
    expect(parseList('[{"title": "Dune", "rating": 5, "author": ["Frank Herbert"]}, {"id": "b7"}, {}]')).toMatchObject({
      entries: [
        { name: 'Dune', rating: 5, by: 'Frank Herbert' },
        { id: 'b7', name: null },
      ],
      unreadable: [{ line: 3 }],
    })
    expect(rated(parseList('{"numpy.asarray": 5, "torch.nn": 1}'))).toEqual([
      ['numpy.asarray', 5],
      ['torch.nn', 1],
    ])
    expect(names(parseList('{"version": 2, "items": [{"name": "Dune"}]}'))).toEqual(['Dune'])
    expect(names(parseList('{"name": "Dune"}\n{"name": "Ubik"}'))).toEqual(['Dune', 'Ubik'])
    expect(parseList('[Dune\nUbik').entries).toHaveLength(2)
  })

  it('reads playlists', () => {
    const list = parseList(
      '#EXTM3U\n#EXTINF:254,Massive Attack - Teardrop\n/music/a.mp3\n#EXTINF:1,\n\nmusic/02 - Glory%20Box.flac',
    )
    expect(list.format).toBe('a playlist')
    expect(list.entries.map(({ name, by }) => [name, by])).toEqual([
      ['Teardrop', 'Massive Attack'],
      ['Glory Box', null],
    ])
  })

  it('reads requirements', () => {
    const list = parseList(
      '# base\nnumpy==1.26.4\nscipy>=1.10,<2\nrequests[socks] ~= 2.31 ; python_version > "3.8"  # http\n-r more.txt\ntorch',
    )
    expect(list.format).toBe('requirements')
    expect(names(list)).toEqual(['numpy', 'scipy', 'requests', 'torch'])
  })

  it('reads imports and resolves what the code below uses', () => {
    const list = parseList(
      'import os.path, numpy as np\nfrom torch.nn import (\n    Linear,  # dense\n    Conv2d as C,\n)\nfrom .local import thing\n\nx = np.linalg.norm(C(3).weight)\nprint(os.path.join("a.b", x.shape))',
    )
    expect(list.format).toBe('Python code')
    expect(names(list)).toEqual([
      'os.path',
      'numpy',
      'torch.nn.Linear',
      'torch.nn.Conv2d',
      'numpy.linalg.norm',
      'os.path.join',
    ])
  })
})

describe('items of a link', () => {
  it('takes ids or names with ratings', () => {
    expect(rated(parseItems('a,b:4,"c, d":3.5,e:f'))).toEqual([
      ['a', null],
      ['b', 4],
      ['c, d', 3.5],
      ['e:f', null],
    ])
    expect(parseItems('a:1').entries[0].whole).toBe('a:1')
    expect(parseItems('  ').entries).toEqual([])
  })
})

describe('any text at all', () => {
  const pieces = [
    'Dune',
    '4 ',
    '"',
    '""',
    ',',
    ';',
    '\t',
    '|',
    '\n',
    '\r\n',
    '# ',
    '//',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ':',
    '5/5',
    '★',
    '½',
    '="',
    '"=',
    'title',
    'Rating',
    '#EXTINF:',
    'import ',
    'from a import ',
    '==',
    '(',
    ')',
    ' ',
    'ü',
    '進撃',
    '\0',
    '\uFEFF',
    '𝒟',
    '%E0%A4%A',
    '1.',
    'null',
    '\\',
    "'",
  ]

  it('never throws, and every entry and every unreadable line is one of the text', () => {
    const random = generator(11)
    for (let round = 0; round < 4000; round++) {
      const text = Array.from(
        { length: Math.floor(random() * 40) },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join('')
      const list = parseList(text)
      parseItems(text)
      const lines = text.split(/\r\n?|\n/).length
      for (const { line } of [...list.entries, ...list.unreadable])
        expect(line >= 1 && (line <= lines || list.format === 'JSON'), JSON.stringify(text)).toBe(true)
      for (const entry of list.entries) {
        expect(entry.name ?? entry.id, JSON.stringify(text)).toBeTruthy()
        expect(entry.rating === null || Number.isFinite(entry.rating)).toBe(true)
      }
    }
  })

  it('gives back any plain names that it was given, one by one', () => {
    const random = generator(5)
    const letters = 'abcdefghijklmnopqrstuvwxyzäéß進'
    for (let round = 0; round < 300; round++) {
      const word = () =>
        Array.from({ length: 2 + Math.floor(random() * 8) }, () => letters[Math.floor(random() * letters.length)]).join(
          '',
        )
      const wanted = Array.from({ length: 2 + Math.floor(random() * 20) }, () => `Q${word()} ${word()}`)
      expect(names(parseList(wanted.join('\n')))).toEqual(wanted)
      expect(names(parseList(`name,rating\n${wanted.map((name) => `"${name}",3`).join('\n')}`))).toEqual(wanted)
      expect(names(parseList(JSON.stringify(wanted)))).toEqual(wanted)
    }
  })

  it('stays fast on hostile text', () => {
    const before = performance.now()
    for (const unit of ['"', 'a "', ' ', '(', '★ ', '1 ', 'a,"', '- ', '""",'])
      parseList(unit.repeat(200_000 / unit.length))
    parseList('Dune\n'.repeat(60_000))
    expect(performance.now() - before).toBeLessThan(3000)
  })
})
