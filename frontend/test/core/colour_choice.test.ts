import { describe, expect, it } from 'vitest'
import { formatChoice, parseChoice } from '../../src/core/colour/choice'
import { encodeField, PLAIN_OPTIONS, type ColourOptions } from '../../src/core/colour/encode'
import { rampBins, rampPosition, rampValue, type RampScale } from '../../src/core/colour/ramp'
import type { Dictionary } from '../../src/core/data/bundle'
import { Crossfilter } from '../../src/core/filter/crossfilter'
import { brushClause, brushed, clauseFor, includedIn, type Checklist, type Entry } from '../../src/core/filter/entries'
import type { FieldData, NumberSummary } from '../../src/core/filter/fields'
import { matchRows } from '../../src/core/filter/match'
import type { FieldClause } from '../../src/core/filter/query'
import { range } from '../../src/core/filter/range'
import { SLOT } from '../../src/core/gl/look'
import { generator } from '../support/random'

const random = generator(21)
const int = (n: number) => Math.floor(random() * n)
const coin = () => random() < 0.5

function numbers(values: number[], more: Partial<NumberSummary> = {}): Extract<FieldData, { kind: 'numbers' }> {
  const known = values.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b)
  const quantiles = Array.from({ length: 21 }, (_, i) => known[Math.round((i / 20) * (known.length - 1))])
  return {
    kind: 'numbers',
    values: Float32Array.from(values),
    summary: { type: 'number', min: known[0], max: known.at(-1)!, quantiles, integer: false, scale: 'linear', ...more },
  }
}
const dictionary: Dictionary = Array.from({ length: 14 }, (_, i) => [`value ${i}`, 100 - i])

describe('a choice of colour', () => {
  it('is written short and read back', () => {
    for (const key of ['none', 'region', 'field:year', 'field:a~log', 'field:~', 'field:c5']) {
      for (const scale of [null, 'linear', 'log', 'quantile'] as const) {
        for (const clip of [0, 1, 5] as const) {
          for (const top of [5, 10] as const) {
            const choice = { key, scale, clip, top }
            const text = formatChoice(choice)
            if (key !== 'field:a~log') expect(parseChoice(text)).toEqual(choice)
          }
        }
      }
    }
    expect(formatChoice({ key: 'field:year', ...PLAIN_OPTIONS })).toBe('field:year')
    expect(parseChoice('field:year~nonsense')).toEqual({ key: 'field:year~nonsense', ...PLAIN_OPTIONS })
  })
})

describe('a ramp', () => {
  const samples = {
    even: () => random() * 50,
    skewed: () => Math.exp(random() * 10),
    zeros: () => (coin() ? 0 : random() ** 4 * 900),
  }
  it.each(Object.keys(samples) as (keyof typeof samples)[])(
    'is the same backwards, and its bars lie where their values do (%s)',
    (name) => {
      const data = numbers(Array.from({ length: 400 }, samples[name]))
      for (const scale of ['linear', 'log', 'quantile'] as RampScale[]) {
        if (scale === 'quantile' && name === 'zeros') continue // half of all values at one place
        const [position, value] = [rampPosition(data.summary, scale), rampValue(data.summary, scale)]
        for (let t = 0; t <= 1; t += 0.05) expect(position(value(t))).toBeCloseTo(t, 6)
        const { bins, at } = rampBins(data.summary, scale)
        expect(at).toHaveLength(bins.edges.length)
        for (let i = 1; i < at.length; i++) {
          expect(bins.edges[i]).toBeGreaterThan(bins.edges[i - 1])
          expect(at[i]).toBeGreaterThan(at[i - 1])
        }
        expect([at[0], at.at(-1)]).toEqual([0, 1])
      }
    },
  )

  it.each([
    [0, 0],
    [1, 1],
    [5, 5],
  ] as [ColourOptions['clip'], number][])('clips %d percent at each end and says so', (clip, percent) => {
    const values = Array.from({ length: 2001 }, (_, i) => i - 1000)
    const data = numbers([...values, NaN], { integer: true })
    const { slots, legend, grouping } = encodeField(data, { ...PLAIN_OPTIONS, scale: 'linear', clip })
    if (legend.kind !== 'ramp') throw new Error(legend.kind)
    const ends = values.filter((_, row) => slots[row] === 0 || slots[row] === SLOT.ramp - 1).length
    expect(Math.abs(ends - 2001 * 0.02 * percent)).toBeLessThan(12)
    expect(legend.ticks[0].text!.startsWith('≤')).toBe(clip > 0)
    expect(legend.ticks.at(-1)!.text!.startsWith('≥')).toBe(clip > 0)
    expect(legend.unknown).toBe(1)
    const counts = new Crossfilter(2002).tally(grouping!)
    expect(counts.reduce((a, b) => a + b)).toBe(2002)
    expect(counts.at(-1)).toBe(1)
  })
})

describe('a legend', () => {
  it('counts what its grouping counts, for every kind of field', () => {
    const rows = 300
    const starts = Uint32Array.from({ length: rows + 1 }, (_, i) => i * 2)
    const fields: FieldData[] = [
      {
        kind: 'codes',
        codes: Uint16Array.from({ length: rows }, () => (random() < 0.1 ? 65535 : int(14))),
        dictionary,
      },
      { kind: 'booleans', values: Uint8Array.from({ length: rows }, () => [0, 1, 255][int(3)]) },
      {
        kind: 'lists',
        lists: { starts, codes: Uint16Array.from({ length: rows * 2 }, (_, i) => (int(7) * 2 + (i % 2)) % 14) },
        dictionary,
      },
    ]
    for (const data of fields) {
      for (const top of [5, 10] as const) {
        const { legend, grouping, slots } = encodeField(data, { ...PLAIN_OPTIONS, top })
        if (legend.kind !== 'entries') throw new Error(legend.kind)
        const counts = new Crossfilter(rows).tally(grouping!)
        for (const entry of legend.entries) expect(counts[entry.group!], entry.label).toBe(entry.count)
        if (data.kind !== 'lists')
          for (const entry of legend.entries)
            expect(slots.filter((slot) => slot === entry.slot).length).toBe(entry.count)
        if (data.kind === 'codes') expect(legend.entries.filter(({ slot }) => slot < 240).length).toBe(top)
      }
    }
  })
})

describe('a checklist', () => {
  const flags: Checklist = { field: 'b', dictionary: null }
  const values: Checklist = { field: 'c', dictionary }
  const lists: [string, Checklist, Entry[]][] = [
    ['yes and no', flags, [1, 0, 'unknown']],
    ['a legend', values, [0, 1, 2, 3, 4, { from: 5 }, 'unknown']],
    ['a legend without unknown rows', values, [0, 1, 2, { from: 3 }]],
    ['all values', values, [...dictionary.keys(), 'unknown']],
  ]
  it.each(lists)('makes the condition that lets through what is ticked (%s)', (_, list, entries) => {
    for (let round = 0; round < 60; round++) {
      const chosen = new Set(entries.filter(coin))
      const clause = clauseFor(list, entries, chosen)
      if (chosen.size === 0 || chosen.size === entries.length) {
        expect(clause).toBeNull()
        continue
      }
      const included = includedIn(list, clause)
      for (const entry of entries)
        expect(included(entry), JSON.stringify([clause, entry])).toBe(chosen.has(entry) ? 'yes' : 'no')
      if (!list.dictionary) continue
      const codes = [...dictionary.keys(), 65535]
      const passes = new Uint8Array(codes.length)
      matchRows(clause!, { kind: 'codes', codes: Uint16Array.from(codes), dictionary }, passes)
      const others = entries.find((entry): entry is { from: number } => typeof entry === 'object')
      codes.forEach((code, row) => {
        const entry: Entry | undefined = code === 65535 ? 'unknown' : others && code >= others.from ? others : code
        if (entries.includes(entry!))
          expect(passes[row], `${code} ${JSON.stringify(clause)}`).toBe(Number(chosen.has(entry!)))
      })
    }
  })

  it('shows a condition that was typed, also where it says more than the list can', () => {
    const typed: FieldClause = {
      kind: 'values',
      field: 'c',
      values: ['VALUE 1', 'value 13'],
      all: false,
      unknown: false,
      not: false,
    }
    const included = includedIn(values, typed)
    expect([included(1), included(0), included({ from: 12 }), included({ from: 13 }), included('unknown')]).toEqual([
      'yes',
      'no',
      'some',
      'yes',
      'no',
    ])
  })
})

describe('a brush and its checkbox', () => {
  it('say a condition and read it again', () => {
    for (const state of [
      { range: range(1, 2), unknown: true, none: false },
      { range: range(1, Infinity), unknown: false, none: false },
      { range: null, unknown: false, none: false },
      { range: null, unknown: true, none: true },
      { range: null, unknown: true, none: false },
    ]) {
      expect(brushed(brushClause('f', state))).toEqual(state)
    }
    expect(brushed({ kind: 'range', field: 'f', ranges: [range(1, 2)], unknown: false, not: true })).toBeNull()
    expect(
      brushed({ kind: 'range', field: 'f', ranges: [range(1, 2), range(4, 5)], unknown: false, not: false }),
    ).toBeNull()
  })
})
