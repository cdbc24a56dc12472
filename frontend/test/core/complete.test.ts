import { describe, expect, it } from 'vitest'
import type { Dictionary } from '../../src/core/data/bundle'
import { parseQuery, type QueryField } from '../../src/core/filter/query'
import { completions, fieldBeingTyped, isComplete, openings } from '../../src/core/search/complete'
import { interpret } from '../../src/core/search/interpret'

const FIELDS: QueryField[] = [
  { name: 'genre', label: 'Genre', type: 'category' },
  { name: 'tags', label: 'Tags of readers', type: 'list' },
  { name: 'year', label: 'First published', type: 'year' },
  { name: 'live', label: 'Live', type: 'boolean' },
  { name: 'size class', label: 'Size class', type: 'category' },
]
const GENRES: Dictionary = [
  ['Rock', 90],
  ['Hip hop', 50],
  ['Jazz', 40],
  ['Free jazz', 12],
  ['Acid jazz', 3],
  ['Böse "Ü"', 1],
  ['a|b', 1],
]

/** `|` stands for the cursor; the answers show it too. */
function offered(typed: string, dictionary: Dictionary | null = GENRES): string[] {
  const caret = typed.indexOf('^')
  const text = typed.replace('^', '')
  return completions(text, caret, FIELDS, dictionary).map(
    (one) => `${one.text.slice(0, one.caret)}^${one.text.slice(one.caret)}`,
  )
}

describe('completions', () => {
  it('offer fields by name and label', () => {
    expect(offered('ge^')).toEqual(['genre:^'])
    expect(offered('dune pub^')).toEqual(['dune year:^'])
    expect(offered('-tag^')).toEqual(['-tags:^'])
    expect(offered('size^')).toEqual(['"size class":^'])
    expect(offered('g^')).toEqual([])
    expect(offered('zzz^')).toEqual([])
  })

  it('offer values, those that begin so first, and quote what needs it', () => {
    expect(offered('genre:^').slice(0, 3)).toEqual(['genre:Rock ^', 'genre:"Hip hop" ^', 'genre:Jazz ^'])
    expect(offered('genre:ja^')).toEqual(['genre:Jazz ^', 'genre:"Free jazz" ^', 'genre:"Acid jazz" ^'])
    expect(offered('genre:jazz^')).toEqual(['genre:"Free jazz" ^', 'genre:"Acid jazz" ^'])
    expect(offered('genre:jazz|hi^')).toEqual(['genre:jazz|"Hip hop" ^'])
    expect(offered('genre:"free j^')).toEqual(['genre:"Free jazz" ^'])
    expect(offered('genre:"hip hop"|ro^ year:2010')).toEqual(['genre:"hip hop"|Rock^ year:2010'])
    expect(offered('"size class":ro^')).toEqual(['"size class":Rock ^'])
    expect(offered('live:y^')).toEqual(['live:yes ^'])
  })

  it('can be read by the query language', () => {
    for (const [value] of GENRES) {
      const [text] = offered(`genre:${value.slice(0, 2).replace(/[|"]/g, '')}^`).filter((one) =>
        one.includes(value.split('"')[0].slice(0, 3)),
      )
      const { clauses, errors } = parseQuery(text.replace('^', ''), FIELDS)
      expect([errors, clauses]).toEqual([
        [],
        [{ kind: 'values', field: 'genre', values: [value], all: false, unknown: false, not: false }],
      ])
    }
  })

  it('offer nothing inside of words, for numbers, and for fields that are not there', () => {
    expect(offered('ge^nre')).toEqual([])
    expect(offered('year:20^', null)).toEqual([])
    expect(offered('nothing:a^')).toEqual([])
    expect(offered('/ge^')).toEqual([])
  })

  it('know what is complete, and how to begin', () => {
    expect(
      ['genre:jazz', 'genre:"Hip hop', 'genre:ja', 'jazz'].map((text) => isComplete(text, text.length, GENRES)),
    ).toEqual([true, true, false, false])
    expect(openings(FIELDS).map((one) => one.text)).toEqual(['genre:', 'tags:', 'year:', 'live:', '"size class":'])
  })

  it('know whose values are needed', () => {
    expect(fieldBeingTyped('genre:ja', 8, FIELDS)?.name).toBe('genre')
    expect(fieldBeingTyped('x Label:a|b', 11, FIELDS)).toBeNull()
    expect(fieldBeingTyped('x tagsofreaders:a|b', 19, FIELDS)?.name).toBe('tags')
    expect(fieldBeingTyped('genre:ja ', 9, FIELDS)).toBeNull()
  })
})

describe('interpreting', () => {
  it('takes plain text as words, whatever is in it', () => {
    for (const text of ['dune', 'C++', 'Wars: A new hope', 'std::vector', 'foo:bar', '12" vinyl', 'the "quo'])
      expect(interpret(text, FIELDS)).toMatchObject({ kind: 'words', text })
    expect(interpret('  ', FIELDS).kind).toBe('nothing')
    expect(interpret('foo:bar', FIELDS).errors).toHaveLength(1)
  })

  it('takes fields, patterns, quotes and exclusions as a query', () => {
    expect(interpret('moon genre:jazz /^b/i -sun', FIELDS)).toMatchObject({
      kind: 'query',
      fields: [{ field: 'genre', values: ['jazz'] }],
      names: [
        { kind: 'name', text: 'moon', not: false },
        { kind: 'regex', source: '^b' },
        { kind: 'name', text: 'sun', not: true },
      ],
    })
    expect(interpret('"blue moon"', FIELDS)).toMatchObject({
      kind: 'query',
      names: [{ kind: 'name', text: 'blue moon' }],
    })
    expect(interpret('genre:jazz year:', FIELDS)).toMatchObject({ kind: 'query', errors: [{ kind: 'value' }] })
    expect(interpret('id:a|b', FIELDS)).toMatchObject({ kind: 'query', others: [{ kind: 'ids', ids: ['a', 'b'] }] })
  })
})
