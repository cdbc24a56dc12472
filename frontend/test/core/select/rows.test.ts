import { describe, expect, it } from 'vitest'
import { hasRow, intersect, invert, minus, rowSet, sameRows, toggle, union } from '../../../src/core/select/rows'
import { generator } from '../../support/random'

const sorted = (rows: Iterable<number>) => [...new Set(rows)].sort((a, b) => a - b)

describe('sets of rows', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('do what sets do (seed %i)', (seed) => {
    const random = generator(seed)
    const n = 1 + Math.floor(random() * 60)
    const draw = () => Array.from({ length: Math.floor(random() * n * 1.5) }, () => Math.floor(random() * n))
    const [p, q] = [draw(), draw()]
    const [a, b] = [rowSet(p), rowSet(q)]
    const [A, B] = [new Set(p), new Set(q)]
    const passes = Uint8Array.from({ length: n }, () => (random() < 0.6 ? 1 : 0))
    expect([...a]).toEqual(sorted(p))
    expect([...union(a, b)]).toEqual(sorted([...p, ...q]))
    expect([...minus(a, b)]).toEqual(sorted(p.filter((row) => !B.has(row))))
    expect([...intersect(a, b)]).toEqual(sorted(p.filter((row) => B.has(row))))
    expect([...toggle(a, b)]).toEqual(sorted([...p.filter((row) => !B.has(row)), ...q.filter((row) => !A.has(row))]))
    for (let row = -1; row <= n; row++) expect(hasRow(a, row)).toBe(A.has(row))
    const rows = Array.from({ length: n }, (_, row) => row)
    expect([...invert(a, n, null)]).toEqual(rows.filter((row) => !A.has(row)))
    expect([...invert(a, n, passes)]).toEqual(rows.filter((row) => !A.has(row) && passes[row]))
    expect(sameRows(toggle(toggle(a, b), b), a)).toBe(true)
    expect(sameRows(a, union(a, b))).toBe(minus(b, a).length === 0)
  })
})
