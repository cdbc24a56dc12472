import { describe, expect, it } from 'vitest'
import type { ColumnData } from '../../../src/core/data/bundle'
import { rowSet } from '../../../src/core/select/rows'
import {
  chanceOfAtLeast,
  examine,
  logLikelihood,
  population,
  rank,
  type NumberTrait,
  type Trait,
  type TraitColumn,
  type ValueTrait,
} from '../../../src/core/select/traits'
import { generator } from '../../support/random'

function traitsOf(columns: TraitColumn[], set: Uint32Array, n: number, passes: Uint8Array | null): Trait[] {
  const among = population(set, n, passes)
  return rank(columns.map((column) => examine(column, set, among)))
}
const choose = (n: number, k: number): number => (k < 0 || k > n ? 0 : k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k)
const category = (name: string, codes: number[], values: string[]): TraitColumn => ({
  name,
  label: name,
  type: 'category',
  data: {
    kind: 'codes',
    codes: Uint16Array.from(codes),
    dictionary: values.map((value, code) => [value, codes.filter((c) => c === code).length]),
  },
})
const number = (name: string, values: number[]): TraitColumn => ({
  name,
  label: name,
  type: 'number',
  data: { kind: 'numbers', values: Float32Array.from(values) },
})
const list = (name: string, rows: number[][], values: string[]): TraitColumn => {
  const starts = Uint32Array.from([0, ...rows.map((_, row) => rows.slice(0, row + 1).flat().length)])
  const data: ColumnData = {
    kind: 'lists',
    lists: { starts, codes: Uint16Array.from(rows.flat()) },
    dictionary: values.map((value) => [value, 0]),
  }
  return { name, label: name, type: 'list', data }
}

describe('the chance of drawing a value at least as often', () => {
  it('is the sum of the hypergeometric terms', () => {
    for (const [size, all, total] of [
      [4, 5, 12],
      [7, 3, 20],
      [10, 15, 30],
      [1, 1, 2],
      [12, 9, 14],
    ]) {
      for (let k = 0; k <= Math.min(size, all); k++) {
        let naive = 0
        for (let x = k; x <= Math.min(size, all); x++)
          naive += (choose(all, x) * choose(total - all, size - x)) / choose(total, size)
        expect(chanceOfAtLeast(k, size, all, total)).toBeCloseTo(naive, 9)
      }
    }
  })

  it('holds for a million rows', () => {
    expect(chanceOfAtLeast(50_000, 100_000, 500_000, 1_000_000)).toBeCloseTo(0.5, 2)
    expect(chanceOfAtLeast(90, 100, 10_000, 1_000_000)).toBeLessThan(1e-100)
  })

  it('G² is nothing where the set is like the rest', () => {
    expect(logLikelihood(10, 100, 100, 1000)).toBeCloseTo(0, 9)
    expect(logLikelihood(40, 100, 100, 1000)).toBeGreaterThan(logLikelihood(20, 100, 100, 1000))
  })
})

describe('what a set has in common', () => {
  it.each([1, 2, 3, 4, 5, 6])('counts as a naive count does (seed %i)', (seed) => {
    const random = generator(seed)
    const n = 400
    const values = ['a', 'b', 'c', 'd', 'e']
    const set = rowSet(Array.from({ length: 40 }, () => Math.floor(random() * n)))
    const inSet = new Set(set)
    const codes = Array.from({ length: n }, (_, row) =>
      random() < 0.15 ? 65535 : inSet.has(row) && random() < 0.6 ? 4 : Math.floor(random() * 5),
    )
    const lists = Array.from({ length: n }, (_, row) =>
      values.map((_, code) => code).filter((code) => random() < (inSet.has(row) && code === 2 ? 0.8 : 0.2)),
    )
    const passes = Uint8Array.from({ length: n }, () => (random() < 0.7 ? 1 : 0))
    const among = Array.from({ length: n }, (_, row) => row).filter((row) => passes[row] || inSet.has(row))
    const traits = traitsOf(
      [category('kind', codes, values), list('tags', lists, values)],
      set,
      n,
      passes,
    ) as ValueTrait[]
    expect(traits.map((t) => `${t.column} ${t.value}`)).toContain('kind e')
    expect(traits.map((t) => `${t.column} ${t.value}`)).toContain('tags c')
    for (const { column, value, count, share, overall } of traits) {
      const has = (row: number) =>
        column === 'tags'
          ? lists[row].includes(values.indexOf(value!))
          : value === null
            ? codes[row] === 65535
            : codes[row] === values.indexOf(value)
      expect(count).toBe([...set].filter(has).length)
      expect(share).toBeCloseTo(count / set.length, 12)
      expect(overall).toBeCloseTo(among.filter(has).length / among.length, 12)
    }
    expect(traits.map((t) => t.evidence)).toEqual(traits.map((t) => t.evidence).sort((a, b) => b - a))
  })

  it('does not speak where there is only chance: at most one of 100 random sets of any size shows anything', () => {
    const random = generator(99)
    const n = 2000
    const values = Array.from({ length: 50 }, (_, i) => `v${i}`)
    const columns = [
      category(
        'skewed',
        Array.from({ length: n }, () => Math.floor(random() ** 3 * 50)),
        values,
      ),
      category(
        'rare',
        Array.from({ length: n }, (_, row) => row >> 1),
        Array.from({ length: n / 2 }, (_, i) => `r${i}`),
      ),
      number(
        'size',
        Array.from({ length: n }, () => Math.exp(4 * random())),
      ),
      number(
        'steps',
        Array.from({ length: n }, () => Math.floor(random() * 3)),
      ),
    ]
    let spoke = 0
    for (let trial = 0; trial < 100; trial++) {
      const size = 2 + Math.floor(random() ** 2 * 300)
      const set = rowSet(Array.from({ length: size }, () => Math.floor(random() * n)))
      if (traitsOf(columns, set, n, null).length > 0) spoke++
    }
    expect(spoke).toBeLessThanOrEqual(2)
  })

  it('finds numbers that lie higher, says where, and that they are not known', () => {
    const n = 500
    const values = Array.from({ length: n }, (_, row) =>
      row % 5 === 0 && row >= 100 ? NaN : row < 50 ? 900 + row : row,
    )
    const set = rowSet(Array.from({ length: 50 }, (_, row) => row))
    const [trait] = traitsOf([number('year', values)], set, n, null) as NumberTrait[]
    expect(trait).toMatchObject({ kind: 'number', column: 'year', median: 925, quartiles: [912, 937] })
    const known = values.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b)
    expect(trait.overall).toBe(known[Math.floor(known.length / 2)])
    const gaps = rowSet(values.flatMap((v, row) => (Number.isNaN(v) ? [row] : [])))
    expect(traitsOf([number('year', values)], gaps, n, null)).toMatchObject([{ kind: 'value', value: null, share: 1 }])
  })

  it('says what is nearly absent, once, where nothing else of the field stands out', () => {
    const codes = Array.from({ length: 1000 }, (_, row) => (row < 300 ? 0 : 1 + (row % 20)))
    const values = ['big', ...Array.from({ length: 20 }, (_, i) => `small${i}`)]
    const set = rowSet(Array.from({ length: 200 }, (_, i) => 300 + i * 3))
    const traits = traitsOf([category('kind', codes, values)], set, 1000, null) as ValueTrait[]
    expect(traits).toMatchObject([{ value: 'big', share: 0 }])
  })

  it('says the same only once where two fields hold the same', () => {
    const codes = Array.from({ length: 300 }, (_, row) => row % 6)
    const values = ['a', 'b', 'c', 'd', 'e', 'f']
    const set = rowSet(codes.flatMap((code, row) => (code === 2 ? [row] : [])))
    expect(
      traitsOf([category('kind', codes, values), category('region', codes, values)], set, 300, null),
    ).toMatchObject([{ column: 'kind', value: 'c' }])
  })

  it('has nothing to say of everything, of one and of none', () => {
    const column = category('kind', [0, 0, 1, 1], ['a', 'b'])
    for (const rows of [[], [1], [0, 1, 2, 3]]) expect(traitsOf([column], rowSet(rows), 4, null)).toEqual([])
  })
})
