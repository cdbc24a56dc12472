import { describe, expect, it } from 'vitest'
import { choose, NEAR, type PictureView } from '../../src/core/pictures/choose'
import { Sheets } from '../../src/core/pictures/sheets'

/** Points on a square lattice, `pitch` px apart; the lower the row, the better known. */
function lattice(across: number, pitch: number, more: Partial<PictureView> = {}): PictureView {
  const rows = Uint32Array.from({ length: across * across }, (_, row) => row)
  return {
    inView: rows,
    order: rows.slice().reverse(),
    width: across * pitch,
    height: across * pitch,
    zoom: 2,
    at: (row) => ({ x: (row % across) * pitch, y: Math.floor(row / across) * pitch }),
    sheetOf: (row) => Math.floor(row / 256),
    named: [],
    before: [],
    ...more,
  }
}

describe('which pictures a map shows', () => {
  it('none when all is seen, unless there are few', () => {
    expect(choose(lattice(40, 20, { zoom: 1 })).rows).toEqual([])
    expect(choose(lattice(10, 80, { zoom: 1 })).rows).toHaveLength(100)
    expect(choose(lattice(10, 80, { inView: new Uint32Array(0) })).rows).toEqual([])
  })

  it('nearer, the best known that do not touch each other', () => {
    const view = lattice(40, 20)
    const { rows, size } = choose(view)
    expect(rows.length).toBeGreaterThan(20)
    expect(rows[0]).toBe(0)
    for (const a of rows)
      for (const b of rows) {
        const [p, q] = [view.at(a), view.at(b)]
        if (a !== b) expect(Math.max(Math.abs(p.x - q.x), Math.abs(p.y - q.y))).toBeGreaterThan(size)
      }
  })

  it('those that were shown stay while they are in view', () => {
    const before = choose(lattice(40, 20)).rows
    const view = lattice(40, 20, { before: [777, ...before] })
    expect(choose(view).rows).toContain(777)
    expect(choose({ ...view, inView: view.inView.filter((row) => row !== 777) }).rows).not.toContain(777)
  })

  it('few where a name stands', () => {
    const rect = { left: 0, top: 0, right: 400, bottom: 100 }
    const view = lattice(40, 20, { named: [rect] })
    const places = choose(view).rows.map((row) => view.at(row))
    expect(places.length).toBeGreaterThan(20)
    expect(places.filter(({ x, y }) => x < rect.right && y < rect.bottom)).toEqual([])
  })

  it('all from near, the best known on top, larger where there is room', () => {
    const close = choose(lattice(10, 30))
    expect(close.rows).toHaveLength(100)
    expect(close.rows.at(-1)).toBe(0)
    expect(choose(lattice(10, 90)).size).toBeGreaterThan(close.size)
    expect(choose(lattice(Math.floor(Math.sqrt(NEAR)), 1)).size).toBeGreaterThanOrEqual(24)
  })

  it('never from more sheets than a page can hold', () => {
    const sheetOf = (row: number) => row
    expect(choose(lattice(20, 60, { sheetOf })).rows).toHaveLength(40)
    expect(choose(lattice(40, 60, { sheetOf })).rows).toHaveLength(24)
  })
})

describe('sheets of pictures', () => {
  const make = (most: number) => {
    const [loads, closed]: [string[], string[]] = [[], []]
    const sheets = new Sheets(
      { field: 'p', side: 8, across: 2, sheets: { path: 'sheets', bytes: 1 } },
      {
        list: () =>
          Promise.resolve(
            Array.from({ length: 6 }, (_, i) => (i === 5 ? null : { path: i === 4 ? 'broken' : `${i}`, bytes: 1 })),
          ),
        load: ({ path }) => {
          loads.push(path)
          if (path === 'broken') return Promise.reject(new Error('gone'))
          const image = { close: () => void closed.push(path) } as unknown as ImageBitmap
          return Promise.resolve({ image, filled: (place) => place !== 3 })
        },
        arrived: () => {},
      },
      most,
    )
    const seen = async (row: number) => {
      for (let i = 0; i < 8 && sheets.of(row) === undefined; i++) await new Promise((done) => setTimeout(done))
      return sheets.of(row)
    }
    return { sheets, seen, loads, closed }
  }

  it('are loaded once, when a row of theirs is looked at', async () => {
    const { seen, loads } = make(10)
    expect(await seen(6)).toMatchObject({ x: 0, y: 8, side: 8 })
    expect(await seen(5)).toMatchObject({ x: 8, y: 0 })
    expect(await seen(7)).toBeNull() // has none
    expect(loads).toEqual(['1'])
  })

  it('are put away when others take their place, the longest unused first, and come again', async () => {
    const { sheets, seen, loads, closed } = make(2)
    await seen(0)
    await seen(4)
    await seen(0)
    await seen(8)
    expect(closed).toEqual(['1'])
    expect(sheets.held).toBe(2)
    expect(await seen(4)).toBeTruthy()
    expect(loads).toEqual(['0', '1', '2', '1'])
  })

  it('that are missing or empty are asked for once at most', async () => {
    const { seen, loads } = make(2)
    expect(await seen(16)).toBeNull()
    expect(await seen(17)).toBeNull()
    expect(await seen(20)).toBeNull()
    expect(loads).toEqual(['broken'])
  })
})
