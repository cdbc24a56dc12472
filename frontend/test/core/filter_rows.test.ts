import { describe, expect, it } from 'vitest'
import { Crossfilter, type Grouping } from '../../src/core/filter/crossfilter'
import { regionCodes, regionLists, type FieldData, type NumberSummary } from '../../src/core/filter/fields'
import {
  assignBins,
  axisTicks,
  binIndex,
  binsOf,
  placeOf,
  placesOf,
  rangeBetween,
  scalesFor,
  type Scale,
} from '../../src/core/filter/histogram'
import { codesNamed, matchRows } from '../../src/core/filter/match'
import type { FieldClause } from '../../src/core/filter/query'
import { dayOf } from '../../src/core/fields/days'
import { range } from '../../src/core/filter/range'
import type { Region } from '../../src/core/data/bundle'
import type { Dictionary } from '../../src/core/data/bundle'
import { generator } from '../support/random'

const random = generator(5)
const int = (n: number) => Math.floor(random() * n)
const coin = () => random() < 0.5
const pick = <T>(list: readonly T[]): T => list[int(list.length)]

const dictionary: Dictionary = ['Jazz', 'jazz', 'Café', 'hip hop', 'hop', 'rock'].map((value, i) => [value, 10 - i])

/** A row as plain values, null = unknown: what the reference works on. */
interface Row {
  number: number | null
  category: string | null
  list: string[]
  flag: boolean | null
}

function table(n: number): { rows: Row[]; data: Record<keyof Row, FieldData> } {
  const rows = Array.from({ length: n }, (): Row => ({
    number: random() < 0.2 ? null : int(20) / 4,
    category: random() < 0.2 ? null : pick(dictionary)[0],
    list: Array.from({ length: int(4) }, () => pick(dictionary)[0]).filter((value, i, all) => all.indexOf(value) === i),
    flag: random() < 0.2 ? null : coin(),
  }))
  const code = (value: string) => dictionary.findIndex(([name]) => name === value)
  const starts = new Uint32Array(n + 1)
  rows.forEach((row, i) => (starts[i + 1] = starts[i] + row.list.length))
  const summary: NumberSummary = { type: 'number', min: 0, max: 5, quantiles: [], integer: false, scale: 'linear' }
  return {
    rows,
    data: {
      number: { kind: 'numbers', values: Float32Array.from(rows, (row) => row.number ?? NaN), summary },
      category: {
        kind: 'codes',
        codes: Uint16Array.from(rows, (row) => (row.category === null ? 65535 : code(row.category))),
        dictionary,
      },
      list: {
        kind: 'lists',
        lists: { starts, codes: Uint16Array.from(rows.flatMap((row) => row.list.map(code))) },
        dictionary,
      },
      flag: { kind: 'booleans', values: Uint8Array.from(rows, (row) => (row.flag === null ? 255 : Number(row.flag))) },
    },
  }
}

function anyClause(): FieldClause {
  const base = { unknown: coin(), not: coin() }
  const field = pick(['number', 'category', 'list', 'flag'] as const)
  if (field === 'number') {
    const ends = () => {
      const [a, b] = [int(24) / 4 - 0.5, int(24) / 4 - 0.5].sort((x, y) => x - y)
      return pick([range(a, b, coin(), coin()), range(a, Infinity, coin()), range(-Infinity, b, false, coin())])
    }
    return { kind: 'range', field, ranges: Array.from({ length: int(3) }, ends), ...base }
  }
  if (field === 'flag') return { kind: 'flags', field, flags: pick([[], [true], [false], [false, true]]), ...base }
  const values = Array.from({ length: int(3) }, () => pick(dictionary)[0])
  return { kind: 'values', field, values, all: field === 'list' && coin(), ...base }
}

function satisfies(row: Row, clause: FieldClause): boolean {
  const value = row[clause.field as keyof Row]
  const missing = value === null || (Array.isArray(value) && value.length === 0)
  const inner = missing
    ? clause.unknown
    : clause.kind === 'range'
      ? clause.ranges.some(
          (r) =>
            (value as number) >= r.from &&
            (value as number) <= r.to &&
            !(r.fromOpen && value === r.from) &&
            !(r.toOpen && value === r.to),
        )
      : clause.kind === 'flags'
        ? clause.flags.includes(value as boolean)
        : clause.all && Array.isArray(value)
          ? clause.values.length > 0 && clause.values.every((wanted) => value.includes(wanted))
          : clause.values.some((wanted) => (Array.isArray(value) ? value.includes(wanted) : value === wanted))
  return inner !== clause.not
}

describe('clauses', () => {
  it('let the same rows pass as a reading row by row', () => {
    for (let round = 0; round < 400; round++) {
      const { rows, data } = table(1 + int(60))
      const clause = anyClause()
      const passes = new Uint8Array(rows.length)
      expect(matchRows(clause, data[clause.field as keyof Row], passes)).toBeNull()
      expect([...passes], JSON.stringify(clause)).toEqual(rows.map((row) => Number(satisfies(row, clause))))
    }
  })

  it('name values exactly, else but for case and accents, else by a part', () => {
    const names = (text: string) => codesNamed(dictionary, text).map((code) => dictionary[code][0])
    expect(names('jazz')).toEqual(['jazz'])
    expect(names('JAZZ')).toEqual(['Jazz', 'jazz'])
    expect(names('cafe')).toEqual(['Café'])
    expect(names('hop')).toEqual(['hop'])
    expect(names('ho')).toEqual(['hip hop', 'hop'])
    expect(names('polka')).toEqual([])
    const { rows, data } = table(50)
    const passes = new Uint8Array(50)
    const clause: FieldClause = {
      kind: 'values',
      field: 'category',
      values: ['polka', 'rock'],
      all: false,
      unknown: false,
      not: false,
    }
    expect(matchRows(clause, data.category, passes)).toBe('No value is called “polka”.')
    expect([...passes]).toEqual(rows.map((row) => Number(row.category === 'rock')))
  })

  it('mean the number that is written, although values are stored in single precision', () => {
    const passes = new Uint8Array(2)
    const data: FieldData = {
      kind: 'numbers',
      values: Float32Array.of(4.02, 4.03),
      summary: { type: 'number', min: 4.02, max: 4.03, quantiles: [], integer: false, scale: 'linear' },
    }
    matchRows({ kind: 'range', field: 'v', ranges: [range(4.02, 4.02)], unknown: false, not: false }, data, passes)
    expect([...passes]).toEqual([1, 0])
  })
})

describe('conditions together', () => {
  it('agree with a reading row by row, whatever is set, changed and removed', () => {
    for (let round = 0; round < 60; round++) {
      const { rows, data } = table(1 + int(80))
      const filter = new Crossfilter(rows.length)
      const slots = new Map<number, FieldClause>()
      for (let step = 0; step < 8; step++) {
        const slot = pick([0, 1, 2, 7, 15])
        if (random() < 0.3) {
          slots.delete(slot)
          filter.remove(slot)
        } else {
          const clause = anyClause()
          slots.set(slot, clause)
          const passes = new Uint8Array(rows.length)
          matchRows(clause, data[clause.field as keyof Row], passes)
          filter.set(slot, passes)
        }
        const passing = (row: Row, except: number[]) =>
          [...slots].every(([s, clause]) => except.includes(s) || satisfies(row, clause))
        const { passes, count } = filter.result()
        expect([...passes]).toEqual(rows.map((row) => Number(passing(row, []))))
        expect(count).toBe(rows.filter((row) => passing(row, [])).length)
        expect(filter.active).toBe(slots.size > 0)
        const except = [slot].filter(coin)
        const kept = rows.filter((row) => passing(row, except))
        const { codes } = data.category as Extract<FieldData, { kind: 'codes' }>
        const byCategory: Grouping = { groups: dictionary.length, of: codes }
        expect([...filter.tally(byCategory, except)]).toEqual([
          ...dictionary.map(([name]) => kept.filter((row) => row.category === name).length),
          kept.filter((row) => row.category === null).length,
        ])
        const { lists } = data.list as Extract<FieldData, { kind: 'lists' }>
        expect([...filter.tally({ groups: dictionary.length, lists }, except)]).toEqual([
          ...dictionary.map(([name]) => kept.filter((row) => row.list.includes(name)).length),
          kept.filter((row) => row.list.length === 0).length,
        ])
      }
    }
  })
})

function summaryOf(values: number[], more: Partial<NumberSummary> = {}): NumberSummary {
  const sorted = [...values].sort((a, b) => a - b)
  const quantiles = Array.from({ length: 21 }, (_, i) => sorted[Math.round((i / 20) * (sorted.length - 1))])
  return {
    type: 'number',
    min: sorted[0],
    max: sorted.at(-1)!,
    quantiles,
    integer: values.every(Number.isInteger),
    scale: 'linear',
    ...more,
  }
}

describe('histograms', () => {
  const samples: [string, () => number, Partial<NumberSummary>][] = [
    ['even', () => random() * 7, {}],
    ['small whole', () => int(16), {}],
    ['skewed whole', () => Math.floor(Math.exp(random() * 12)), { scale: 'log' }],
    ['many zeros', () => (coin() ? 0 : Math.floor(random() ** 8 * 80_000)), {}],
    ['tiny', () => random() ** 6 * 1e-5, { scale: 'log' }],
    ['negative', () => (random() - 0.6) * 1e7, {}],
    ['years', () => (random() < 0.03 ? -int(1700) : 2017 - int(60)), { type: 'year' }],
    ['days of two months', () => 20_000 + int(60), { type: 'date' }],
    ['days of ten years', () => 18_000 + int(3650), { type: 'date' }],
    ['days of a century', () => -5000 + int(36_500), { type: 'date' }],
    ['one value', () => 4, {}],
    ['one value that is no whole', () => 0.5, {}],
  ]
  it.each(samples)(
    'count every value once, in growing bins, and brushes keep what they cover (%s)',
    (_, draw, more) => {
      const values = Array.from({ length: 500 }, () => Math.fround(draw()))
      const summary = summaryOf(values, more)
      for (const scale of scalesFor(summary) as Scale[]) {
        const bins = binsOf(summary, scale)
        const { edges } = bins
        const last = edges.length - 1
        expect(last).toBeLessThanOrEqual(43)
        for (let i = 1; i <= last; i++) expect(edges[i]).toBeGreaterThan(edges[i - 1])
        expect(edges[0]).toBeLessThanOrEqual(summary.min)
        expect(edges[last]).toBeGreaterThanOrEqual(summary.max)
        const assigned = assignBins(Float32Array.from([...values, NaN]), bins)
        expect(assigned[500]).toBe(last)
        const [low, high] = [int(last + 1), int(last + 1)].sort((a, b) => a - b)
        if (low === high) continue
        const brushed = rangeBetween(bins, low, high)
        const [a, b] = placesOf(bins, brushed)
        expect([a, b]).toEqual([low, high])
        const passes = new Uint8Array(500)
        matchRows(
          { kind: 'range', field: 'v', ranges: [brushed], unknown: false, not: false },
          { kind: 'numbers', values: Float32Array.from(values), summary },
          passes,
        )
        values.forEach((value, row) => {
          expect(assigned[row], `${value} in ${edges.join(' ')}`).toBe(binIndex(edges.map(Math.fround), value))
          expect(passes[row], `${value} in bin ${assigned[row]} of ${low}..${high}`).toBe(
            Number(assigned[row] >= low && assigned[row] < high),
          )
        })
        const places = values.map((value) => [value, placeOf(bins, value)]).sort((x, y) => x[0] - y[0])
        for (let i = 1; i < places.length; i++) expect(places[i][1]).toBeGreaterThanOrEqual(places[i - 1][1])
        for (const { place, value } of axisTicks(bins)) expect(edges[place]).toBe(value)
      }
    },
  )

  it('have a bar for each year of a few decades, and keep a long tail in one bar', () => {
    const years = Array.from({ length: 600 }, () => 1993 + int(34))
    expect(binsOf(summaryOf(years, { type: 'year' }), 'linear').edges).toEqual(
      Array.from({ length: 35 }, (_, i) => 1993 + i),
    )
    const old = binsOf(summaryOf([...years, -1750, 1300, 1600], { type: 'year' }), 'linear')
    expect([old.below, old.edges[0]]).toEqual([true, -1750])
    expect(old.edges[1]).toBeGreaterThan(1950)
  })

  it('begin months and years on their first day', () => {
    const { edges } = binsOf(
      summaryOf(
        Array.from({ length: 400 }, () => dayOf(2024, 1, 1) + int(900)),
        { type: 'date' },
      ),
      'linear',
    )
    for (const edge of edges) expect(new Date(edge * 86_400_000).getUTCDate()).toBe(1)
    expect(edges.length).toBeGreaterThan(25)
  })

  it('give zero a bar of its own on a log scale', () => {
    const { edges } = binsOf(summaryOf([0, 0, 1, 5, 60_000]), 'log')
    expect(edges.slice(0, 3)).toEqual([0, 1, 2])
  })
})

describe('regions', () => {
  const regions: Region[] = [
    { name: 'North', x: 0, y: 0, size: 0, level: 0, priority: 1, parent: null },
    { name: 'South', x: 0, y: 0, size: 0, level: 0, priority: 1, parent: null },
    { name: 'Isles', x: 0, y: 0, size: 0, level: 1, priority: 1, parent: 0 },
    { name: 'Capes', x: 0, y: 0, size: 0, level: 2, priority: 1, parent: 2 },
  ]
  const rows = Uint16Array.of(3, 3, 2, 1, 65535, 0)

  it('hold their finer ones, and are coloured by the coarsest', () => {
    const coarse = regionCodes(regions, rows)
    expect(coarse.dictionary).toEqual([
      ['North', 4],
      ['South', 1],
    ])
    expect([...coarse.codes]).toEqual([0, 0, 0, 1, 65535, 0])
    const passes = new Uint8Array(6)
    const clause = (value: string): FieldClause => ({
      kind: 'values',
      field: 'region',
      values: [value],
      all: false,
      unknown: false,
      not: false,
    })
    matchRows(clause('north'), regionLists(regions, rows), passes)
    expect([...passes]).toEqual([1, 1, 1, 0, 0, 1])
    matchRows(clause('Isles'), regionLists(regions, rows), passes)
    expect([...passes]).toEqual([1, 1, 1, 0, 0, 0])
  })
})
