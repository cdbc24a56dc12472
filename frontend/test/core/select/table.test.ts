import { describe, expect, it } from 'vitest'
import { fileName, toCsv, toJson, type Table } from '../../../src/core/select/table'
import { parseCsv } from '../../support/csv'
import { generator } from '../../support/random'

const table: Table = {
  fields: ['tags', 'year', 'coastal', 'note'],
  rows: [
    { id: '1', name: 'Plain', values: [['a', 'b'], -5, true, null] },
    { id: '2', name: 'Comma, "quoted"', values: [[], 1999, false, 'two\r\nlines'] },
    { id: '-3.5', name: '=HYPERLINK("http://evil")', values: [['@SUM(1)'], null, null, '+1-1'] },
    { id: '4', name: ' kept ', values: [null, 0.25, null, '\tcmd'] },
  ],
}

describe('CSV', () => {
  it('is read back as it was, by columns', () => {
    const [header, plain, quoted, , spaced] = parseCsv(toCsv(table))
    expect(header).toEqual(['id', 'name', 'tags', 'year', 'coastal', 'note'])
    expect(plain).toEqual(['1', 'Plain', 'a; b', '-5', 'true', ''])
    expect(quoted).toEqual(['2', 'Comma, "quoted"', '', '1999', 'false', 'two\r\nlines'])
    expect(spaced.slice(0, 2)).toEqual(['4', ' kept '])
  })

  it('holds no text that a spreadsheet would run, and leaves numbers alone', () => {
    const cells = parseCsv(toCsv(table)).slice(1).flat()
    for (const text of cells) expect(text).not.toMatch(/^[=@\t\r]|^[+-](?![\d.]+$)/)
    expect(cells).toContain(`'=HYPERLINK("http://evil")`)
    expect(cells).toContain('-3.5')
  })

  it('begins with a byte order mark only for Excel', () => {
    expect(toCsv(table, { excel: true }).charCodeAt(0)).toBe(0xfeff)
    expect(toCsv(table).startsWith('id,name')).toBe(true)
  })

  it.each([1, 2, 3])('keeps any text (seed %i)', (seed) => {
    const random = generator(seed)
    const letters = ['a', ',', '"', '\n', ';', ' ', 'é', '😀', '1']
    const text = () =>
      `x${Array.from({ length: Math.floor(random() * 8) }, () => letters[Math.floor(random() * letters.length)]).join('')}`
    const rows = Array.from({ length: 20 }, () => ({ id: text(), name: text(), values: [text()] }))
    expect(parseCsv(toCsv({ fields: ['f'], rows })).slice(1)).toEqual(
      rows.map(({ id, name, values }) => [id, name, values[0]]),
    )
  })
})

describe('JSON', () => {
  it('keeps every value as it is, also where a field is called name', () => {
    const named: Table = { fields: ['name', 'tags'], rows: [{ id: '7', name: 'Shown', values: ['Stored', ['=1']] }] }
    expect(JSON.parse(toJson(named))).toEqual([{ id: '7', name: 'Shown', _name: 'Stored', tags: ['=1'] }])
  })
})

describe('names of files', () => {
  it('come from the atlas, without what a file system dislikes', () => {
    expect(fileName(['mtg', 'Blüten: a/b "c"'], 'csv')).toBe('mtg-bluten-a-b-c.csv')
    expect(fileName(['東京', ''], 'json')).toBe('東京.json')
    expect(fileName(['///'], 'png')).toBe('atlas.png')
  })
})
