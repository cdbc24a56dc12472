import { describe, expect, it } from 'vitest'
import { measureOf, showValue } from '../../src/core/fields'
import { formatBytes } from '../../src/core/format'

const field = (type: string, unit: string | null = null) => ({ name: 'f', label: 'F', type, unit })

describe('values', () => {
  it('link only to http and https, and never run a script', () => {
    expect(showValue(field('link'), 'https://www.example.org/a')).toEqual({
      kind: 'link',
      href: 'https://www.example.org/a',
      text: 'example.org/a',
    })
    for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', '//example.org', 'nonsense']) {
      expect(showValue(field('link'), bad)).toEqual({ kind: 'text', text: bad })
    }
  })

  it('show images only from https, or as data of a picture', () => {
    const inside = 'data:image/webp;base64,UklGRg+/=='
    expect(showValue(field('image'), 'https://example.org/a.png')).toMatchObject({ kind: 'image' })
    expect(showValue(field('image'), inside)).toEqual({ kind: 'image', src: inside })
    for (const bad of [
      'http://example.org/a.png',
      'data:image/svg+xml;base64,PHN2Zz4=',
      'data:text/html,x',
      'javascript:1',
    ])
      expect(showValue(field('image'), bad)).toBeNull()
  })

  it('read well: years without separators, dates in words, units, lists', () => {
    expect(showValue(field('year'), 1984)).toEqual({ kind: 'text', text: '1984' })
    expect(showValue(field('number', 'km'), 12345.678)).toEqual({ kind: 'text', text: '12,346 km' })
    expect(showValue(field('number'), 0.123456)).toEqual({ kind: 'text', text: '0.1235' })
    expect(showValue(field('date'), '2012-11-08')).toEqual({ kind: 'text', text: 'Nov 8, 2012' })
    expect(showValue(field('boolean'), false)).toEqual({ kind: 'text', text: 'No' })
    expect(showValue(field('list'), ['a', 'b'])).toEqual({ kind: 'list', items: ['a', 'b'] })
  })

  it('that are unknown are left out', () => {
    for (const value of [null, undefined, '', []]) expect(showValue(field('text'), value)).toBeNull()
  })
})

it('sizes and ticks are short', () => {
  expect([formatBytes(999), formatBytes(12_345), formatBytes(3_400_000)]).toEqual(['999 bytes', '12 kB', '3.4 MB'])
  expect([
    measureOf('year').tick(1999, Infinity),
    measureOf('date').tick(0, Infinity),
    measureOf('number').tick(25_000, Infinity),
    measureOf('number').tick(1.5, Infinity),
  ]).toEqual(['1999', '1970', '25K', '1.5'])
})
