import { describe, expect, it } from 'vitest'
import type { NumberTrait, ValueTrait } from '../../../src/core/select/traits'
import { countText, faithfulnessText, percent, reasonText, traitText } from '../../../src/core/select/words'

const value: ValueTrait = {
  kind: 'value',
  column: 'genre',
  label: 'Genre',
  value: 'jazz',
  count: 31,
  share: 0.62,
  overall: 0.042,
  evidence: 80,
}
const number: NumberTrait = {
  kind: 'number',
  column: 'year',
  label: 'Year',
  type: 'year',
  median: 1994,
  overall: 1978,
  quartiles: [1990, 1999],
  evidence: 30,
}
const files: [string, string] = ['file', 'files']

describe('words', () => {
  it('shares', () => {
    expect([0, 0.0002, 0.004, 0.042, 0.095, 0.618, 0.9996, 1].map(percent)).toEqual([
      '0 %',
      'under 0.1 %',
      '0.4 %',
      '4.2 %',
      '9.5 %',
      '62 %',
      'over 99 %',
      '100 %',
    ])
  })

  it('counts one and many', () => {
    expect(countText(1, files)).toBe('1 file')
    expect(countText(1200, files)).toBe('1,200 files')
  })

  it('what a set has in common', () => {
    expect(traitText(value, 50)).toEqual({ what: 'jazz', how: '62 % of these, 4.2 % of all' })
    expect(traitText({ ...value, value: null, count: 50, share: 1 }, 50)).toEqual({
      what: 'Genre: not known',
      how: 'all of these, 4.2 % of all',
    })
    expect(traitText({ ...value, count: 1, share: 0.02, overall: 0.4 }, 50).how).toBe('only 2 % of these, 40 % of all')
    expect(traitText({ ...value, label: 'On the coast', value: 'Yes' }, 50).what).toBe('On the coast: yes')
    expect(traitText(number, 50)).toEqual({
      what: 'Year: 1994',
      how: 'typical here, half of them 1990 to 1999; 1978 over all',
    })
    expect(traitText({ ...number, type: 'date', median: 20000, overall: 0, quartiles: [20000, 20000] }, 9).what).toBe(
      'Year: Oct 2024',
    )
  })

  it('why two are neighbours', () => {
    expect(reasonText({ row: 1, similarity: 0.214, shared: 1 }, 'jaccard', files)).toBe(
      'seen together in 1 file, overlap 21 %',
    )
    expect(reasonText({ row: 1, similarity: 0.214, shared: 132 }, 'npmi', files)).toBe(
      'seen together in 132 files, similarity 0.21',
    )
    expect(reasonText({ row: 1, similarity: 34.2, shared: 5 }, 'lift', files)).toBe(
      'seen together in 5 files, 34 times as often as by chance',
    )
    expect(reasonText({ row: 1, similarity: 12, shared: 12 }, 'count', files)).toBe('seen together in 12 files')
    expect(reasonText({ row: 1, similarity: 0.91, shared: null }, 'cosine', files)).toBe('similarity 0.91')
  })

  it('how well the map keeps the neighbours', () => {
    expect(faithfulnessText(9, 1, 2)).toBe('This map keeps 9 of its 12 nearest right beside it; 2 lie far away.')
    expect(faithfulnessText(12, 0, 0)).toBe('This map keeps all 12 of its nearest right beside it.')
    expect(faithfulnessText(0, 2, 1)).toBe('This map keeps none of its 3 nearest right beside it; 1 lies far away.')
    expect(faithfulnessText(1, 0, 0)).toBe('This map keeps its nearest right beside it.')
  })
})
