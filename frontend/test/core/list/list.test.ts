import { describe, expect, it } from 'vitest'
import type { NumberSummary } from '../../../src/core/filter/fields'
import { byImportance, passing } from '../../../src/core/list/order'
import { valueText } from '../../../src/core/list/values'
import { generator } from '../../support/random'

describe('the order of the list', () => {
  it('is by falling value, equal ones by row, unknown ones last, as a plain sort has it', () => {
    const random = generator(3)
    for (let round = 0; round < 50; round++) {
      const values = Float32Array.from({ length: 1 + Math.floor(random() * 60) }, () =>
        random() < 0.1 ? NaN : Math.round((random() - 0.3) * 8) * (random() < 0.5 ? 1 : 1e6),
      )
      const plain = [...values.keys()].sort(
        (a, b) =>
          (Number.isNaN(values[b]) ? -Infinity : values[b]) - (Number.isNaN(values[a]) ? -Infinity : values[a]) ||
          a - b,
      )
      // NaN minus NaN is NaN, which `||` turns into the order of rows.
      expect([...byImportance(values, values.length)]).toEqual(plain)
    }
  })

  it('is the one of rows where nothing says more', () => {
    expect([...byImportance(null, 3)]).toEqual([0, 1, 2])
  })

  it('keeps to what passes a filter', () => {
    expect([...passing(Uint32Array.from([3, 1, 2, 0]), Uint8Array.from([1, 0, 0, 1]))]).toEqual([3, 0])
    expect([...passing(Uint32Array.from([3, 1]), null)]).toEqual([3, 1])
  })
})

describe('a value in the list', () => {
  const summary = (type: NumberSummary['type']): NumberSummary => ({
    type,
    min: 0,
    max: 1,
    quantiles: [],
    integer: false,
    scale: 'linear',
  })

  it.each([
    [
      'a number with its unit',
      valueText({ kind: 'numbers', values: Float32Array.from([1234.5]), summary: summary('number') }, 0, 'kg'),
      '1,235 kg',
    ],
    ['a year', valueText({ kind: 'numbers', values: Float32Array.from([1984]), summary: summary('year') }, 0), '1984'],
    [
      'a date',
      valueText({ kind: 'numbers', values: Float32Array.from([365]), summary: summary('date') }, 0),
      '1971-01-01',
    ],
    [
      'an unknown number',
      valueText({ kind: 'numbers', values: Float32Array.from([NaN]), summary: summary('number') }, 0, 'kg'),
      '',
    ],
    [
      'a category',
      valueText(
        {
          kind: 'codes',
          codes: Uint16Array.from([1, 65535]),
          dictionary: [
            ['a', 1],
            ['b', 1],
          ],
        },
        0,
      ),
      'b',
    ],
    [
      'no category',
      valueText(
        {
          kind: 'codes',
          codes: Uint16Array.from([1, 65535]),
          dictionary: [
            ['a', 1],
            ['b', 1],
          ],
        },
        1,
      ),
      '',
    ],
    ['a truth', valueText({ kind: 'booleans', values: Uint8Array.from([1]) }, 0), 'Yes'],
    ['an unknown truth', valueText({ kind: 'booleans', values: Uint8Array.from([255]) }, 0), ''],
    [
      'a long list',
      valueText(
        {
          kind: 'lists',
          lists: { starts: Uint32Array.from([0, 4]), codes: Uint16Array.from([0, 1, 0, 1]) },
          dictionary: [
            ['a', 1],
            ['b', 1],
          ],
        },
        0,
      ),
      'a, b, a and 1 more',
    ],
  ])('is %s', (_, found, expected) => {
    expect(found).toBe(expected)
  })
})
