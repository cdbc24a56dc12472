import { describe, expect, it } from 'vitest'
import type { Region } from '../../src/core/data/bundle'
import { regionsFound, valuesFound, type NamedDictionary } from '../../src/core/search/places'

const region = (name: string, size: number, level = 0): Region => ({
  name,
  size,
  level,
  x: 0,
  y: 0,
  parent: null,
  priority: 0,
})

describe('a search', () => {
  it('finds regions by the beginning of a word, the same name once, the larger first', () => {
    const regions = [
      region('Old forests', 9),
      region('Forest towns', 4, 1),
      region('Forest towns', 7),
      region('Sea', 99),
    ]
    const found = regionsFound(' FOREST ', regions)
    expect(found.map(({ region: { name, size } }) => [name, size])).toEqual([
      ['Forest towns', 7],
      ['Old forests', 9],
    ])
    expect(found[1].marks).toEqual([4, 10])
    expect(regionsFound('f', regions)).toEqual([])
    expect(regionsFound('rest', regions)).toEqual([])
  })

  it('finds values of fields, the same before those that begin so, the frequent first', () => {
    const dictionaries: NamedDictionary[] = [
      [
        'tags',
        [
          ['graphic-novels', 300],
          ['novels', 40],
          ['novels-2', 50],
        ],
      ],
      ['series', [['Novels of the Sea', 3]]],
    ]
    expect(valuesFound('novels', dictionaries).map(({ field, value }) => `${field}:${value}`)).toEqual([
      'tags:novels',
      'tags:novels-2',
      'series:Novels of the Sea',
    ])
    expect(valuesFound('graphic', dictionaries)).toMatchObject([{ value: 'graphic-novels', count: 300 }])
  })
})
