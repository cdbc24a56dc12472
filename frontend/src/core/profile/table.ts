/** Tables: comma, semicolon, tab or bar between the cells, quotes around them as spreadsheets write them. */
import { emptyList, entryOf, ratingOf, numberOf, type ParsedList } from './entry'

export const SEPARATORS = ['\t', ';', ',', '|'] as const

export interface Row {
  /** 1-based line where the row begins; a quoted cell may hold line breaks. */
  line: number
  cells: string[]
}

/** Never fails: a quote that is not closed ends with its line. */
export function readRows(text: string, separator: string): Row[] {
  const rows: Row[] = []
  let line = 1
  for (let at = 0; at < text.length;) {
    const row: Row = { line, cells: [] }
    for (;;) {
      const [cell, end] = readCell(text, at, separator)
      row.cells.push(cell)
      for (let i = at; i < end; i++) if (text.charCodeAt(i) === 10) line++
      at = end
      if (text[at] !== separator) break
      at++
    }
    if (row.cells.some((cell) => cell !== '')) rows.push(row)
    at++ // the line break
    line++
  }
  return rows
}

function readCell(text: string, begin: number, separator: string): [cell: string, end: number] {
  let at = begin
  while (text[at] === ' ') at++
  const quoted = text[at] === '"' ? readQuoted(text, at, separator) : null
  if (quoted) return quoted
  let end = begin
  while (end < text.length && text[end] !== separator && text[end] !== '\n') end++
  return [text.slice(begin, end).trim(), end]
}

/** A review may fill a cell; a quote that opens and never closes must not swallow the file. */
const LONGEST_CELL = 20_000

/** Null where no quote closes the cell: then the first one is part of the text. */
function readQuoted(text: string, open: number, separator: string): [cell: string, end: number] | null {
  for (let at = open + 1, last = Math.min(text.length, open + LONGEST_CELL); at < last; at++) {
    if (text[at] !== '"') continue
    if (text[at + 1] === '"') {
      at++
      continue
    }
    let end = at + 1
    while (text[end] === ' ' || text[end] === '\r') end++
    if (end < text.length && text[end] !== separator && text[end] !== '\n') return null
    return [
      text
        .slice(open + 1, at)
        .replaceAll('""', '"')
        .replace(/\s+/g, ' ')
        .trim(),
      end,
    ]
  }
  return null
}

type Role = 'id' | 'name' | 'by' | 'rating' | 'count' | 'shelf'

/** Headers by meaning, the more telling first: of `My Rating` and `Average Rating` the first is the visitor's own. */
const HEADERS: Record<Role, RegExp[]> = {
  name: [
    /^(title|name|label)$/,
    /^(card ?name|card|track ?name|song|track|artist ?name|book ?title|movie|film|game|item|entity|package|repository|repo|full ?name|original ?title|primary ?title)$/,
  ],
  id: [/^(id|key|identifier|slug|uri)$/, /^(entity|item|row)[ _]?id$/],
  by: [
    /^(author|authors|artist|artists|artist ?name\(?s?\)?|album ?artist|creator|director|directors|owner|by)$/,
    /^(primary )?author.*$/,
  ],
  rating: [
    /^(my|your|own|user)[ _]?(rating|score|stars)$/,
    /^(rating|score|stars|grade|points|mark|note|bewertung)$/,
    /^(rating|score|stars)\b.*$/,
  ],
  count: [/^(count|quantity|qty|amount|copies|number|plays|play ?count|anzahl|n)$/],
  shelf: [/^(exclusive[ _]shelf|shelf|status)$/],
}

export function rolesOf(cells: string[]): Partial<Record<Role, number>> {
  const titles = cells.map((cell) => cell.toLowerCase().replace(/[_-]+/g, ' ').trim())
  const roles: Partial<Record<Role, number>> = {}
  for (const role of Object.keys(HEADERS) as Role[]) {
    for (const pattern of HEADERS[role]) {
      const found = titles.findIndex((title, column) => pattern.test(title) && !Object.values(roles).includes(column))
      if (found < 0) continue
      roles[role] = found
      break
    }
  }
  // A list of artists has an artist for a name, a list of users' repositories not.
  if (roles.name === undefined && roles.by !== undefined && roles.id === undefined) {
    roles.name = roles.by
    delete roles.by
  }
  return roles
}

/** The separator of a table whose first line names its columns, or null. */
export function headerSeparator(text: string): string | null {
  const end = text.indexOf('\n')
  const first = end < 0 ? text : text.slice(0, end)
  for (const separator of SEPARATORS) {
    const [row] = readRows(first, separator)
    if (!row || (row.cells.length < 2 && separator !== ',')) continue
    const roles = rolesOf(row.cells)
    if ((roles.name !== undefined || roles.id !== undefined) && (row.cells.length > 1 || end > 0)) return separator
  }
  return null
}

const NOT_MINE = /^(to[ -]read|want[ -]to[ -](read|watch|play)|plan[ -]to[ -](read|watch|play)|wish ?list|planned)$/i

export function parseTable(text: string, separator: string): ParsedList {
  const rows = readRows(text, separator)
  const header = rows.shift()!.cells
  const roles = rolesOf(header)
  const goodreads = header.includes('My Rating') && header.includes('Title')
  const list = emptyList(goodreads ? 'a Goodreads library' : 'a table')
  let planned = 0
  for (const { line, cells } of rows) {
    const cell = (role: Role) => (roles[role] === undefined ? '' : plainCell(cells[roles[role]!] ?? ''))
    if (NOT_MINE.test(cell('shelf'))) {
      planned++
      continue
    }
    const [id, name] = [cell('id') || null, cell('name') || null]
    if (id === null && name === null) {
      list.unreadable.push({ line, text: cells.join(' ').trim(), reason: 'no name in this row' })
      continue
    }
    const rated = ratingOf(cell('rating'))
    if (rated?.outOf) list.outOf ??= rated.outOf
    // Goodreads writes 0 for a book that was not rated.
    const rating = rated && !(goodreads && rated.rating === 0) ? rated.rating : null
    list.entries.push(entryOf(line, name, { id, by: cell('by') || null, rating, count: numberOf(cell('count')) }))
  }
  if (planned > 0) list.skipped.push({ reason: 'planned, not yet yours', count: planned })
  if (goodreads && list.entries.some((entry) => entry.rating !== null)) list.outOf = 5
  return list
}

/** `="0441172717"` is how exports keep a spreadsheet from eating the zeros. */
function plainCell(cell: string): string {
  return /^="?(.*?)"?$/.exec(cell)?.[1] ?? cell
}

/** The separator of a table without header: nearly all lines have the same number of cells and one column holds numbers. */
export function bareSeparator(text: string): string | null {
  for (const separator of SEPARATORS) if (bareColumns(readRows(text, separator))) return separator
  return null
}

interface Bare {
  name: number
  /** -1 where the numbers are years. */
  rating: number
  width: number
}

const isYear = (cell: string) => /^(1[0-9]|20)\d\d$/.test(cell)

function bareColumns(rows: Row[]): Bare | null {
  const widths = new Map<number, number>()
  for (const { cells } of rows) widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1)
  const [width, count] = [...widths].sort((a, b) => b[1] - a[1])[0] ?? [0, 0]
  if (width < 2 || width > 12 || count < 0.8 * rows.length) return null
  const numeric = Array.from({ length: width }, (_, column) => {
    const cells = rows.filter((row) => row.cells.length === width).map((row) => row.cells[column])
    return (
      cells.filter((cell) => cell === '' || ratingOf(cell) !== null).length >= 0.8 * cells.length &&
      cells.some((cell) => ratingOf(cell))
    )
  })
  const name = numeric.findIndex((is) => !is)
  if (name < 0 || !numeric.includes(true)) return null
  const years = numeric.map((_, column) => rows.every(({ cells }) => !cells[column] || isYear(cells[column])))
  return { name, rating: numeric.findLastIndex((is, column) => is && !years[column]), width }
}

export function parseBareTable(text: string, separator: string): ParsedList {
  const rows = readRows(text, separator)
  const columns = bareColumns(rows)!
  const list = emptyList('a table')
  for (const { line, cells } of rows) {
    const fits = cells.length === columns.width
    const name = fits ? plainCell(cells[columns.name]) : cells.join(`${separator} `)
    if (name === '') {
      list.unreadable.push({ line, text: cells.join(' ').trim(), reason: 'no name in this row' })
      continue
    }
    const rated = fits && columns.rating >= 0 ? ratingOf(cells[columns.rating]) : null
    if (rated?.outOf) list.outOf ??= rated.outOf
    list.entries.push(entryOf(line, name, { rating: rated?.rating ?? null }))
  }
  return list
}
