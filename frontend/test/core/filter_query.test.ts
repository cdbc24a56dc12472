import { describe, expect, it } from 'vitest'
import { conditionsOf, formatQuery, parseQuery, type Clause, type QueryField } from '../../src/core/filter/query'
import { dayOf } from '../../src/core/fields/days'
import { range, type Range } from '../../src/core/filter/range'
import { generator } from '../support/random'

const fields: QueryField[] = [
  { name: 'year', label: 'First published', type: 'year' },
  { name: 'rating', label: 'Rating', type: 'number' },
  { name: 'last_seen', label: 'Last seen', type: 'date' },
  { name: 'genre', label: 'Genre', type: 'category' },
  { name: 'tags', label: 'Tags', type: 'list' },
  { name: 'coastal', label: 'On the coast', type: 'boolean' },
  { name: 'odd name: "x"', label: 'Ödd', type: 'number' },
  { name: 'is', label: 'Is it', type: 'boolean' },
]
const parse = (text: string) => parseQuery(text, fields)
const only = (text: string): Clause => {
  const { clauses, words, errors } = parse(text)
  expect([errors, words, clauses.length], text).toEqual([[], [], 1])
  return clauses[0]
}
const ranged = (field: string, ranges: Range[], more: Partial<Clause> = {}) => ({
  kind: 'range',
  field,
  ranges,
  unknown: false,
  not: false,
  ...more,
})

describe('the language', () => {
  it.each<[string, Range]>([
    ['year:2010', range(2010, 2010)],
    ['year:>2010', range(2010, Infinity, true)],
    ['year:>=2010', range(2010, Infinity)],
    ['year:<2010', range(-Infinity, 2010, false, true)],
    ['year:≤-44', range(-Infinity, -44)],
    ['year:2001..2010', range(2001, 2010)],
    ['year:2010..2001', range(2001, 2010)],
    ['year:2001-2010', range(2001, 2010)],
    ['YEAR:2001..', range(2001, Infinity)],
    ['"first published":..2001', range(-Infinity, 2001)],
    ['FirstPublished:..', range(-Infinity, Infinity)],
    ['rating:3.5..<4', range(3.5, 4, false, true)],
    ['rating:>1.5k', range(1500, Infinity, true)],
    ['rating:1,234,567', range(1234567, 1234567)],
    ['last-seen:2010', range(dayOf(2010, 1, 1), dayOf(2010, 12, 31))],
    ['lastseen:2012-02', range(dayOf(2012, 2, 1), dayOf(2012, 2, 29))],
    ['last_seen:>2010', range(dayOf(2010, 12, 31), Infinity, true)],
    ['last_seen:2010-05-31..2011', range(dayOf(2010, 5, 31), dayOf(2011, 12, 31))],
  ])('reads %s', (text, expected) => {
    expect(only(text)).toMatchObject({ kind: 'range', ranges: [expected], not: false, unknown: false })
  })

  it('reads values, lists, yes and no, and what is unknown', () => {
    expect(only('genre:"hip hop"|rock')).toEqual({
      kind: 'values',
      field: 'genre',
      values: ['hip hop', 'rock'],
      all: false,
      unknown: false,
      not: false,
    })
    expect(only('-tags:live&solo')).toEqual({
      kind: 'values',
      field: 'tags',
      values: ['live', 'solo'],
      all: true,
      unknown: false,
      not: true,
    })
    expect(only('genre:"?"|?')).toEqual({
      kind: 'values',
      field: 'genre',
      values: ['?'],
      all: false,
      unknown: true,
      not: false,
    })
    expect(only('coastal:no')).toEqual({ kind: 'flags', field: 'coastal', flags: [false], unknown: false, not: false })
    expect(only('-is:coastal')).toEqual({ kind: 'flags', field: 'coastal', flags: [true], unknown: false, not: true })
    expect(only('"is":yes')).toMatchObject({ field: 'is' })
    for (const text of ['year:?', 'is:unknown(year)', '-has:year'])
      expect(only(text)).toEqual(ranged('year', [], { unknown: true }))
    for (const text of ['-year:?', 'has:year'])
      expect(only(text)).toEqual(ranged('year', [], { unknown: true, not: true }))
    expect(only('year:>2010|?')).toEqual(ranged('year', [range(2010, Infinity, true)], { unknown: true }))
    expect(only('id:a|"b c"')).toEqual({ kind: 'ids', ids: ['a', 'b c'], not: false })
  })

  it('takes the rest as words of the name', () => {
    const query = parse('blue "hip hop" -live /^the\\/ [a-z]+/gi year:>2010')
    expect(query.words).toEqual(['blue', 'hip hop'])
    expect(query.clauses).toEqual([
      { kind: 'name', text: 'live', not: true },
      { kind: 'regex', source: '^the\\/ [a-z]+', flags: 'i', not: false },
      ranged('year', [range(2010, Infinity, true)]),
    ])
    expect(conditionsOf(query)).toHaveLength(5)
    for (const text of ['std::vector', 'https://example.org', 'Wars: hope', 'a - b', '/usr/bin', 'C++', 'year'])
      expect(parse(text).errors, text).toEqual([])
    expect(parse('std::vector Wars: hope').words).toEqual(['std::vector', 'Wars:', 'hope'])
  })

  it.each([
    ['foo:bar x', 'field', 'No field is called “foo”.', 0, 7],
    ['x yaer:2010', 'field', 'No field is called “yaer”. Did you mean “year”?', 2, 11],
    ['year:abc', 'value', '“abc” is not a year.', 5, 8],
    ['rating:1|x..2', 'value', '“x..2” is not a number.', 9, 13],
    ['lastseen:2010-13', 'value', '“2010-13” is not a date.', 9, 16],
    ['lastseen:2011-02-29', 'value', 'is not a date', 9, 19],
    ['coastal:maybe', 'value', '“maybe” is neither yes nor no.', 8, 13],
    ['is:genre', 'value', '“is:” asks for yes or no', 0, 8],
    ['tags:a|b&c', 'syntax', 'Use either | (any of these) or &', 5, 10],
    ['genre:R&B', 'syntax', 'Genre has a single value', 6, 9],
    ['/(/', 'value', 'This pattern cannot be read: unterminated group.', 0, 3],
    ['genre:"hip', 'syntax', 'This quotation mark is never closed.', 6, 10],
    ['year:', 'value', 'Say what First published should be', 0, 5],
  ])('explains %s', (text, kind, message, from, to) => {
    const [error] = parse(text).errors
    expect(error).toMatchObject({ kind, from, to })
    expect(error.message).toContain(message)
  })
})

describe('what is written', () => {
  const random = generator(11)
  const int = (n: number) => Math.floor(random() * n)
  const pick = <T>(list: readonly T[]): T => list[int(list.length)]
  const coin = () => random() < 0.5
  const TEXTS = [
    'jazz',
    'hip hop',
    'R&B',
    'a|b',
    '?',
    '',
    '"quoted"',
    'back\\slash',
    '-minus',
    '/slash/',
    'colon:x',
    'é–ñ',
    '>5',
    'is:x',
    'x..y',
    '..',
    '日本 語',
  ]
  const number = () => pick([0, 1, -3, 2010, 3.25, -0.001, 1e21, 1e-9, 123456789])
  const anyRange = (date: boolean): Range => {
    const value = () => (date ? dayOf(1900 + int(200), 1 + int(12), 1 + int(28)) : number())
    const [a, b] = [value(), value()].sort((x, y) => x - y)
    return pick([
      range(a, a),
      range(a, b, coin(), coin()),
      range(a, Infinity, coin()),
      range(-Infinity, b, false, coin()),
      range(-Infinity, Infinity),
      range(dayOf(1990, 1, 1), dayOf(1990 + int(3), 12, 31)),
    ])
  }
  const many = <T>(make: () => T, least = 0) => Array.from({ length: least + int(3) }, make)
  const clause = (): Clause => {
    const not = coin()
    const field = pick(fields)
    const kind = int(8)
    if (kind === 0) return { kind: 'name', text: pick(TEXTS.filter((t) => t !== '')), not: true }
    if (kind === 1)
      return { kind: 'regex', source: pick(['a b', '^x$', '\\/', '(a|b)+', '[" ]']), flags: pick(['', 'i', 'iu']), not }
    if (kind === 2) return { kind: 'ids', ids: many(() => pick(TEXTS), 1), not }
    if (kind === 3) return { kind: 'set', key: pick(TEXTS), not }
    const unknown = coin()
    if (field.type === 'boolean')
      return {
        kind: 'flags',
        field: field.name,
        flags: unknown ? pick([[], [true], [false, true]]) : [coin()],
        unknown,
        not,
      }
    if (field.type === 'category' || field.type === 'list') {
      const values = many(() => pick(TEXTS), unknown ? 0 : 1)
      return {
        kind: 'values',
        field: field.name,
        values,
        all: field.type === 'list' && values.length > 1 && coin(),
        unknown,
        not,
      }
    }
    const ranges = many(() => anyRange(field.type === 'date'), unknown ? 0 : 1)
    return { kind: 'range', field: field.name, ranges, unknown, not }
  }

  it('is read back as the same filter, and written the same again', () => {
    for (let round = 0; round < 3000; round++) {
      const clauses = many(clause, 1)
      const words = many(() => pick(TEXTS.filter((t) => t !== '')))
      const text = formatQuery(clauses, fields, words)
      const back = parse(text)
      expect(back.errors, text).toEqual([])
      expect(back.clauses, text).toEqual(clauses)
      expect(back.words, text).toEqual(words)
      expect(formatQuery(back.clauses, fields, back.words)).toBe(text)
    }
  })

  it('never throws, whatever is typed, and points into the text', () => {
    const signs = [...'/"|&:->=.<?()[]*+\\ ', 'year', 'tags', '20', 'is', 'id', 'é']
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: 1 + int(14) }, () => pick(signs)).join('')
      for (const { from, to } of parse(text).errors) {
        expect(from).toBeGreaterThanOrEqual(0)
        expect(to).toBeGreaterThanOrEqual(from)
        expect(to).toBeLessThanOrEqual(text.length)
      }
    }
  })

  it('is short where it can be', () => {
    expect(
      formatQuery(parse('"first published":2001..2010 genre:"jazz"|rock last_seen:2001..2004').clauses, fields),
    ).toBe('year:2001..2010 genre:jazz|rock last_seen:2001..2004')
  })
})
