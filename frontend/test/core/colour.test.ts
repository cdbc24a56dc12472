import { describe, expect, it } from 'vitest'
import { encodeColumn, encodeDistortion, rampPosition, scaleFor, type RampScale } from '../../src/core/colour/encode'
import { contrast, fromOklab, parseHex, ramp, readable, toOklab, type Rgb } from '../../src/core/colour/oklab'
import { paletteFor, type Scheme } from '../../src/core/colour/palettes'
import type { CategoryColumn, ListColumn, NumberColumn } from '../../src/core/data/manifest'
import { drawingOrder, plainSizes, scatter, sizesFrom, SLOT } from '../../src/core/gl/look'
import { pointStyle } from '../../src/core/gl/density'
import { generator } from '../support/random'

const file = { path: 'x', bytes: 1 }
const files = [file]
function numberColumn(values: number[], more: Partial<NumberColumn> = {}): NumberColumn {
  const known = values.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b)
  const quantiles = Array.from({ length: 21 }, (_, i) => known[Math.round((i / 20) * (known.length - 1))])
  return {
    name: 'v',
    label: 'V',
    type: 'number',
    files,
    nulls: 0,
    encoding: 'f32-split',
    min: known[0],
    max: known.at(-1)!,
    integer: false,
    scale: 'linear',
    quantiles,
    ...more,
  }
}
const backgrounds: Record<Scheme, Rgb> = { dark: [13, 17, 23], light: [247, 248, 250] }

describe('ramps', () => {
  it.each<RampScale>(['linear', 'log', 'quantile'])('are monotone and stay within 0 and 1 (%s)', (scale) => {
    const random = generator(2)
    for (const low of [-50, 0, 3]) {
      const column = numberColumn(Array.from({ length: 300 }, () => low + random() ** 4 * 1000))
      const position = rampPosition(column, scale)
      const values = Array.from({ length: 200 }, () => low - 20 + random() * 1100).sort((a, b) => a - b)
      const at = values.map(position)
      for (let i = 0; i < at.length; i++) {
        expect(at[i] >= 0 && at[i] <= 1).toBe(true)
        if (i > 0) expect(at[i]).toBeGreaterThanOrEqual(at[i - 1])
      }
      expect(position(column.min)).toBe(0)
      expect(position(column.max)).toBeCloseTo(1, 9)
    }
  })

  it('spread equally many over each step by quantiles', () => {
    const values = Array.from({ length: 1000 }, (_, i) => 2 ** (i / 50))
    const position = rampPosition(numberColumn(values), 'quantile')
    expect(values.filter((v) => position(v) < 0.5).length).toBeCloseTo(500, -1)
  })

  it('are chosen by how far a few values lie out', () => {
    const even = Array.from({ length: 200 }, (_, i) => i)
    expect(scaleFor(numberColumn(even))).toBe('linear')
    expect(scaleFor(numberColumn([...even, 1e6]))).toBe('quantile')
    expect(scaleFor(numberColumn(even, { scale: 'log' }))).toBe('log')
  })

  it('have a colour for a field with a single value', () => {
    const encoding = encodeColumn(numberColumn([4, 4, 4]), { kind: 'numbers', values: Float32Array.from([4, 4, 4]) })
    expect(new Set(encoding.slots).size).toBe(1)
    expect(encoding.legend).toMatchObject({ ticks: [{ at: 0.5, value: 4 }] })
  })

  it('show unknown values apart, with their count', () => {
    const encoding = encodeColumn(numberColumn([1, 2, NaN]), {
      kind: 'numbers',
      values: Float32Array.from([1, NaN, 2]),
    })
    expect([...encoding.slots]).toEqual([0, SLOT.unknown, SLOT.ramp - 1])
    expect(encoding.legend).toMatchObject({ unknown: 1 })
  })

  it('grow evenly in lightness', () => {
    const lightness = ramp(['#3f4e92', '#21918c', '#fde725'], 50).map((c) => toOklab(c)[0])
    for (let i = 1; i < 50; i++) expect(lightness[i]).toBeGreaterThan(lightness[i - 1] - 0.004)
  })
})

describe('categories', () => {
  const column: CategoryColumn = {
    name: 'c',
    label: 'C',
    type: 'category',
    files,
    nulls: 1,
    encoding: 'codes-u8',
    dictionary: file,
    cardinality: 14,
  }
  const dictionary = Array.from({ length: 14 }, (_, i) => [`v${i}`, 14 - i] as [string, number])

  it('show the ten largest, the others together, and unknown; all rows are counted', () => {
    const codes = Uint16Array.from([0, 0, 9, 10, 13, 65535])
    const { slots, legend } = encodeColumn(column, { kind: 'codes', codes, dictionary })
    expect([...slots]).toEqual([0, 0, 9, SLOT.other, SLOT.other, SLOT.unknown])
    if (legend.kind !== 'entries') throw new Error(legend.kind)
    expect(legend.entries.map((e) => e.count).reduce((a, b) => a + b)).toBe(6)
    expect(legend.entries.at(-2)).toEqual({ slot: SLOT.other, label: '4 others', count: 2, group: 10 })
    expect(legend.entries.at(-1)).toEqual({ slot: SLOT.unknown, label: 'Unknown', count: 1, group: 11 })
  })

  it('of lists take the least common value of each row that has a colour', () => {
    const list = { ...column, type: 'list', encoding: 'list-u16' } as ListColumn
    const lists = { starts: Uint32Array.from([0, 3, 3, 4]), codes: Uint16Array.from([7, 3, 12, 12]) }
    expect([...encodeColumn(list, { kind: 'lists', lists, dictionary }).slots]).toEqual([7, SLOT.unknown, SLOT.other])
  })

  it('yes, no and unknown', () => {
    const { slots, legend } = encodeColumn(
      { name: 'b', label: 'B', type: 'boolean', encoding: 'bool-u8', files, nulls: 1 },
      { kind: 'booleans', values: Uint8Array.from([1, 0, 255, 1]) },
    )
    expect([...slots]).toEqual([1, 0, SLOT.unknown, 1])
    expect(legend).toMatchObject({
      entries: [
        { label: 'Yes', count: 2 },
        { label: 'No', count: 1 },
        { label: 'Unknown', count: 1 },
      ],
    })
  })

  it('distortion runs from faithful to torn', () => {
    expect([...encodeDistortion(Uint8Array.from([0, 255])).slots]).toEqual([0, SLOT.ramp - 1])
  })
})

describe('palettes', () => {
  it.each<Scheme>(['dark', 'light'])('stand out from the background (%s)', (scheme) => {
    for (const kind of ['ramp', 'category', 'boolean', 'distortion'] as const) {
      const palette = paletteFor(kind, scheme)
      const used = kind === 'category' ? 10 : kind === 'boolean' ? 2 : SLOT.ramp
      for (const slot of [...Array(used).keys(), SLOT.other, SLOT.plain]) {
        const colour = [...palette.slice(slot * 4, slot * 4 + 3)] as Rgb
        expect(contrast(colour, backgrounds[scheme]), `${kind} ${slot}`).toBeGreaterThan(1.7)
      }
    }
  })

  it('turn an accent into one that can be read (WCAG AA)', () => {
    for (const hex of ['#ffff00', '#000000', '#ffffff', '#e8833a', '#3355ff']) {
      for (const background of Object.values(backgrounds))
        expect(contrast(readable(parseHex(hex)!, background, 4.5), background)).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('convert to OKLab and back', () => {
    for (const c of [
      [0, 0, 0],
      [255, 255, 255],
      [18, 130, 200],
      [255, 0, 0],
    ] as Rgb[])
      expect(fromOklab(toOklab(c))).toEqual(c)
  })
})

describe('points', () => {
  it('grow with popularity, partly logarithmic: the median is well above the least', () => {
    const spread = Array.from({ length: 21 }, (_, i) => i * 500)
    const sizes = sizesFrom(Float32Array.from([0, 1, 100, 10000, NaN]), 0, 10000, spread)
    expect([...sizes].slice(0, 4)).toEqual([...sizes].slice(0, 4).sort((a, b) => a - b))
    expect([sizes[0], sizes[3], sizes[4]]).toEqual([0, 255, 0])
    expect(sizes[2] / 255).toBeGreaterThan(100 / 10000 + 0.1)
  })

  it('are plain where nearly all are equally popular', () => {
    const flat = Array.from({ length: 21 }, (_, i) => (i < 3 ? 8 : 95 + i / 4))
    expect(sizesFrom(Float32Array.from([8, 95, 100]), 8, 100, flat)).toEqual(plainSizes(3))
  })

  it('are drawn least important first, every row once', () => {
    const order = [...drawingOrder(Uint8Array.from([5, 200, 5, 0]), 4)]
    expect([order[0], order[3], new Set(order).size]).toEqual([3, 1, 4])
    expect([...drawingOrder(Uint8Array.from([9, 1, 255]), 2)]).toEqual([1, 0])
    for (const n of [1, 2, 7, 100, 1009]) expect(new Set(drawingOrder(new Uint8Array(n), n)).size).toBe(n)
  })

  it('spread ties over the map, so that a prefix is a fair sample and labels do not crowd a corner', () => {
    const last = drawingOrder(new Uint8Array(1000), 1000).slice(-50)
    for (let quarter = 0; quarter < 4; quarter++)
      expect(last.filter((row) => Math.floor(row / 250) === quarter).length).toBeGreaterThan(8)
    const ranks = Array.from({ length: 1000 }, (_, row) => scatter(row))
    expect(ranks.every((rank) => rank >= 0 && rank < 1)).toBe(true)
    const first = ranks
      .map((rank, row) => [rank, row])
      .sort((a, b) => a[0] - b[0])
      .slice(0, 50)
    for (let quarter = 0; quarter < 4; quarter++)
      expect(first.filter(([, row]) => Math.floor(row / 250) === quarter).length).toBeGreaterThan(8)
  })

  it('get smaller and fainter in a crowd, larger when zoomed in', () => {
    const few = pointStyle(1000, 600_000, 1)
    const many = pointStyle(1_000_000, 600_000, 1)
    const zoomed = pointStyle(1_000_000, 600_000 * 400, 20)
    expect(many.minPx).toBeLessThan(few.minPx)
    expect(many.opacity).toBeLessThan(few.opacity)
    expect(zoomed.minPx).toBeGreaterThan(many.minPx)
    expect(zoomed.opacity).toBeGreaterThan(many.opacity)
    expect(many.minPx).toBeGreaterThan(1)
    expect(zoomed.maxPx).toBeLessThan(40)
  })
})
