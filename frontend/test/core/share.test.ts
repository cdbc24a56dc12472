import { describe, expect, it } from 'vitest'
import { addressOf, embedCode } from '../../src/core/url/share'
import { readParts } from '../../src/core/url/state'

const page = { origin: 'https://example.org', pathname: '/maps/books/', search: '?manifest=x&embed&items=a,b' }
const parts = new Map([
  ['select', 'a&b "c"'],
  ['f', 'year:>2010'],
])

describe('sharing', () => {
  it('gives an address with all parts, without what belongs to this visit', () => {
    const address = addressOf(page, parts)
    expect(address).toMatch(/^https:\/\/example\.org\/maps\/books\/\?manifest=x#/)
    expect(readParts(new URL(address).hash)).toEqual(parts)
    expect(addressOf({ ...page, search: '' }, new Map())).toBe('https://example.org/maps/books/')
    expect(addressOf({ ...page, search: '?embedded=1' }, new Map(), true)).toBe(
      'https://example.org/maps/books/?embed&embedded=1',
    )
  })

  it('gives code that says the same once it is parsed', () => {
    const address = addressOf(page, parts, true)
    const code = embedCode(address, 'Books & "more" <b>', { width: null, height: 480 })
    expect(code).not.toContain('<b>')
    const attribute = (name: string) =>
      new RegExp(` ${name}="([^"]*)"`)
        .exec(code)![1]
        .replace(/&quot;/g, '"')
        .replace(/&lt;/g, '<')
        .replace(/&amp;/g, '&')
    expect([attribute('src'), attribute('title'), attribute('width'), attribute('height')]).toEqual([
      address,
      'Books & "more" <b>',
      '100%',
      '480',
    ])
  })
})
