import { describe, expect, it } from 'vitest'
import { packIds, unpackIds } from '../../../src/core/select/ids'

const odd = ['a,b', '100%', '%2C', '~tilde', '', 'ünïcödé', 'line\nbreak', 'a&b=c#d', '😀']

describe('ids in a link', () => {
  it('a few stay readable', async () => {
    expect(await packIds(['town-7', 'town-12'])).toBe('town-7,town-12')
  })

  it.each([0, 1, 2, odd.length])('come back as they were, %i odd ones', async (count) => {
    expect(await unpackIds(await packIds(odd.slice(0, count)))).toEqual(odd.slice(0, count))
  })

  it('many come back as they were, in far less room', async () => {
    const ids = [...odd, ...Array.from({ length: 5000 }, (_, i) => `numpy.core.module_${i}`)]
    const text = await packIds(ids)
    expect(text).toMatch(/^~[\w-]+$/) // nothing that a link must escape
    expect(text.length).toBeLessThan(ids.join().length / 4)
    expect(await unpackIds(text)).toEqual(ids)
  })

  it('a text that was cut off is refused, not half read', async () => {
    const text = await packIds(Array.from({ length: 500 }, (_, i) => `town-${i * 7}`))
    expect(await unpackIds(text.slice(0, -40))).toBeNull()
    expect(await unpackIds('~!!')).toBeNull()
    expect(await unpackIds('town-1,tow%E')).toBeNull()
  })
})
