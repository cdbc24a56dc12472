import { describe, expect, it } from 'vitest'
import { played, shownAt, spanOf } from '../../src/core/time/player'

const summary = (min: number, early: number, max: number) => ({
  type: 'year',
  min,
  max,
  quantiles: [min, early, ...Array.from({ length: 19 }, () => max)],
  integer: true,
  scale: 'linear' as const,
})

describe('a time that moves over a field', () => {
  it('goes from the first value to the last, without a far past that hardly anything is of', () => {
    expect(spanOf(summary(1958, 1961, 2026))).toEqual({ from: 1958, to: 2026 })
    expect(spanOf(summary(-1750, 1900, 2017))).toEqual({ from: 1900, to: 2017 })
  })

  it('shows a window that begins at the one end and stops at the other', () => {
    const span = { from: 1900, to: 2000 }
    expect(shownAt(span, 0, 'window', 0.1)).toMatchObject({ from: 1900, to: 1910 })
    expect(shownAt(span, 0.5, 'window', 0.1)).toMatchObject({ from: 1945, to: 1955 })
    expect(shownAt(span, 1, 'window', 0.1)).toMatchObject({ from: 1990, to: 2000 })
    expect(shownAt({ from: 2000, to: 2003 }, 0, 'window', 0.1)).toMatchObject({ from: 2000, to: 2001 })
  })

  it('or all until then, what is before the span included', () => {
    expect(shownAt({ from: 1900, to: 2000 }, 0.25, 'growing', 0.1)).toMatchObject({ from: -Infinity, to: 1925 })
  })

  it('takes as long as it is told, however many frames there are', () => {
    let at = 0
    for (let i = 0; i < 99; i++) at = played(at, 100, 10_000).at
    expect(at).toBeCloseTo(0.99)
    expect(played(at, 200, 10_000)).toEqual({ at: 1, over: true })
  })
})
