/** Text that a visitor pasted or dropped -> what it names, whatever the program it comes from. Never throws; unreadable lines are reported. */
import { emptyList, entryOf, ratingOf, type ParsedList } from './entry'
import { parseDeck, parseJson, parsePlaylist, parsePython, parseRequirements } from './formats'
import { bareSeparator, headerSeparator, parseBareTable, parseTable } from './table'

/** Longest list that is read; more is a data set, not somebody's list. */
export const MAX_ENTRIES = 50_000

export function parseList(raw: string): ParsedList {
  const text = raw
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\0/g, '')
    .replace(/[\n ]+$/, '')
  if (text.trim() === '') return emptyList('nothing')
  const list = read(text)
  if (list.entries.length > MAX_ENTRIES) {
    list.skipped.push({
      reason: `beyond the first ${MAX_ENTRIES.toLocaleString('en')}`,
      count: list.entries.length - MAX_ENTRIES,
    })
    list.entries.length = MAX_ENTRIES
  }
  return list
}

/** Longest line that the patterns below are let loose on; no name is longer. */
const LONGEST_LINE = 500

function read(text: string): ParsedList {
  const lines = text.split('\n').map((line) => line.slice(0, LONGEST_LINE))
  const headed = headerSeparator(text.trimStart())
  for (const parse of [parseJson, parsePlaylist]) {
    const list = parse(lines, text)
    if (list) return list
  }
  if (headed) return parseTable(text.trimStart(), headed)
  for (const parse of [parsePython, parseRequirements, parseDeck]) {
    const list = parse(lines, text)
    if (list) return list
  }
  const bare = lines.length > 1 ? bareSeparator(text) : null
  return bare ? parseBareTable(text, bare) : parseLines(lines)
}

// ---- One name per line

const BULLET = /^(?:[-*+•‣▪◦·–—]\s+(?:\[[ xX]\]\s+)?|\[[ xX]\]\s+|\(?\d{1,4}[.)]\s+|>\s+)/
const HEADING = /^(?:#{1,6}\s|\/\/|={3,}|-{3,}$|\*{3,}$)/
/** A rating that says so itself, at the end of a line. */
const TELLING =
  /^(.*?\S)[\s:,;|–—-]*[\s:,;(|[–—-]((?:\d+(?:[.,]\d+)?\s*(?:\/|out of)\s*(?:5|10|100)|\d+(?:[.,]\d+)?\s*(?:stars?|%)|[★⭐✩☆✭✮🌟️½]+))[)\]]?$/iu
/** A bare number at the end: a rating only where nearly every line has one. */
const TRAILING = /^(.*?\S)\s*(?:[:=|]|\s[-–—]+|\s)\s*(-?\d+(?:[.,]\d+)?)$/u

function parseLines(raw: string[]): ParsedList {
  const lines = raw.map((line) => line.trim())
  const list = emptyList('a list of names')
  const filled = lines.filter((line) => line !== '' && !HEADING.test(line))
  if (filled.length === 1) return parseInline(filled[0], lines.indexOf(filled[0]) + 1)
  const numbered = filled.filter((line) => TRAILING.test(line)).length
  const ratings = numbered >= 3 && numbered >= 0.8 * filled.length
  lines.forEach((line, i) => {
    if (line === '' || HEADING.test(line)) return
    addLine(list, line, i + 1, ratings)
  })
  return list
}

const NAMES = /[\p{L}\p{N}\p{S}]/u

function addLine(list: ParsedList, line: string, number: number, numbersAreRatings: boolean): void {
  const item = unquoted(line.replace(BULLET, ''))
  if (!NAMES.test(item)) {
    list.unreadable.push({ line: number, text: line.slice(0, 60), reason: 'no name in this line' })
    return
  }
  const parts = TELLING.exec(item) ?? (numbersAreRatings ? TRAILING.exec(item) : null)
  const rated = parts && ratingOf(parts[2])
  if (rated?.outOf) list.outOf ??= rated.outOf
  const stem = rated ? unquoted(parts![1].replace(/[\s([]+$/, '')) : ''
  const name = NAMES.test(stem) ? stem : item
  list.entries.push(
    entryOf(number, name, {
      whole: name === line ? null : unquoted(line),
      rating: name === item ? null : (rated?.rating ?? null),
    }),
  )
}

/** `Dune, Hyperion, Foundation` on one line. */
function parseInline(line: string, number: number): ParsedList {
  const list = emptyList('a list of names')
  const parts = splitItems(line)
  if (parts.length === 1) addLine(list, line, number, false)
  else {
    for (const part of parts) addLine(list, part, number, false)
    list.oneLine = line
  }
  return list
}

/** Splits at semicolons if there are any, else at commas; neither inside double quotes. */
export function splitItems(text: string): string[] {
  const outside = text.replace(/"[^"]*"/g, '')
  const separator = outside.includes('\t') ? '\t' : outside.includes(';') ? ';' : ','
  const parts: string[] = []
  let begin = 0
  let quoted = false
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '"') quoted = !quoted
    if (at < text.length && (quoted || text[at] !== separator)) continue
    parts.push(text.slice(begin, at).trim())
    begin = at + 1
  }
  const items = parts.filter((part) => part !== '')
  return items.length > 0 ? items : [text]
}

/** `?items=a,b:4,"c, d"`: ids or names, each with a rating if it likes. */
export function parseItems(value: string): ParsedList {
  const list = emptyList('a list of names')
  if (value.trim() === '') return emptyList('nothing')
  splitItems(value).forEach((item, i) => {
    const parts = /^(.*\S)\s*:\s*(-?\d+(?:\.\d+)?)$/.exec(item)
    if (parts) list.entries.push(entryOf(i + 1, unquoted(parts[1]), { whole: item, rating: Number(parts[2]) }))
    else list.entries.push(entryOf(i + 1, unquoted(item)))
  })
  return list
}

function unquoted(text: string): string {
  const inner = /^(["'“”«‘`])(.+)["'“”»’`][,;]?$/su.exec(text.trim())
  return inner && inner[2].trim() !== '' && !inner[2].includes(inner[1])
    ? inner[2].trim()
    : text.trim().replace(/[,;]$/, '')
}
