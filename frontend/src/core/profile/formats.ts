/** Lists that a program wrote or reads: decks, playlists, JSON, requirements, Python code. Each returns null for a text that is not its kind. */
import { emptyList, entryOf, numberOf, ratingOf, type ParsedList } from './entry'
import { rolesOf } from './table'

type Parse = (lines: string[], text: string) => ParsedList | null

const share = (lines: string[], pattern: RegExp) =>
  lines.filter((line) => pattern.test(line)).length / Math.max(1, lines.length)
const filled = (lines: string[]) => lines.filter((line) => line.trim() !== '')

// ---- Decks

const COPIES = /^(?:SB:\s*)?\[?(\d{1,3})\]?\s*[x×]?\s+(\S.*)$/i
const DECK_HEADING =
  /^(?:(?:main ?)?deck|main ?board|side ?board|commander|companion|maybe ?board|tokens?|about|lands?|creatures?|spells?|instants?|sorcer(?:y|ies)|artifacts?|enchantments?|planeswalkers?)\b[^a-z]*(?:\(\d+\))?:?$/i
/** Set, collector's number and foil mark, as Arena, Moxfield and Archidekt add them. */
const PRINTING =
  /\s+(?:[([][A-Z0-9]{2,6}[)\]])(?:\s+[\w★-]+)?(?:\s+\*[A-Z]+\*)?(?:\s+\[.*\])?(?:\s+\^.*\^)?\s*$|\s+\*[A-Z]+\*\s*$/

export const parseDeck: Parse = (lines) => {
  const cards = filled(lines).filter((line) => !isDeckComment(line.trim()))
  if (share(cards, COPIES) < 0.6 || share(cards, /^\s*\d+\s*[.)]/) > 0.3) return null
  const list = emptyList('a deck list')
  lines.forEach((raw, i) => {
    const line = raw.trim()
    if (line === '' || isDeckComment(line)) return
    const [, copies, rest] = COPIES.exec(line) ?? [null, null, line]
    const name = rest.replace(PRINTING, '').trim() || rest
    list.entries.push(
      entryOf(i + 1, name, { whole: line === name ? null : line, count: copies === null ? null : Number(copies) }),
    )
  })
  return list
}

function isDeckComment(line: string): boolean {
  return line.startsWith('//') || line.startsWith('#') || DECK_HEADING.test(line) || /^name\s+\S/i.test(line)
}

// ---- Playlists

export const parsePlaylist: Parse = (lines) => {
  if (!lines.some((line) => /^#EXT(?:M3U|INF)/i.test(line))) return null
  const list = emptyList('a playlist')
  let title: string | null = null
  lines.forEach((raw, i) => {
    const line = raw.trim()
    const info = /^#EXTINF:[^,]*,(.*)$/i.exec(line)
    if (info) title = info[1].trim()
    if (line === '' || line.startsWith('#')) return
    const text: string = title || fileStem(line)
    title = null
    if (text === '') {
      list.unreadable.push({ line: i + 1, text: line, reason: 'no title' })
      return
    }
    const [by, ...rest] = text.split(/\s+[-–—]\s+/)
    list.entries.push(
      rest.length > 0 ? entryOf(i + 1, rest.join(' - '), { text, whole: text, by }) : entryOf(i + 1, text),
    )
  })
  return list
}

function fileStem(path: string): string {
  let name = path.split(/[/\\]/).pop()!
  try {
    name = decodeURIComponent(name)
  } catch {
    // a per cent sign that is part of the title
  }
  return name
    .replace(/\.[a-z0-9]{2,4}$/i, '')
    .replace(/^\d{1,3}\s*[-.]\s+/, '')
    .replaceAll('_', ' ')
    .trim()
}

// ---- JSON

export const parseJson: Parse = (_, text) => {
  if (!/^[[{"]/.test(text.trimStart())) return null
  const value = readJson(text)
  if (value === undefined || typeof value === 'string') return null
  const list = emptyList('JSON')
  addJson(list, value)
  return list
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const lines = filled(text.split('\n'))
    try {
      return lines.length > 1 ? lines.map((line) => JSON.parse(line) as unknown) : undefined
    } catch {
      return undefined
    }
  }
}

function addJson(list: ParsedList, value: unknown): void {
  if (Array.isArray(value)) value.forEach((item, i) => addItem(list, item, i + 1))
  else if (typeof value === 'object' && value !== null) {
    const inner = Object.values(value).find((part) => Array.isArray(part))
    if (inner) return addJson(list, inner)
    Object.entries(value).forEach(([key, about], i) => {
      const number = typeof about === 'number' ? about : ratingIn(about)
      list.entries.push(entryOf(i + 1, key, { id: key, rating: Number.isFinite(number) ? number : null }))
    })
  }
}

function addItem(list: ParsedList, item: unknown, line: number): void {
  if (typeof item === 'string' || typeof item === 'number') {
    const name = String(item).trim()
    if (name !== '') list.entries.push(entryOf(line, name))
    else list.unreadable.push({ line, text: '""', reason: 'empty' })
    return
  }
  if (Array.isArray(item) && typeof item[0] === 'string' && item[0].trim() !== '') {
    list.entries.push(entryOf(line, item[0].trim(), { rating: typeof item[1] === 'number' ? item[1] : null }))
    return
  }
  const fields = typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.entries(item) : []
  const roles = rolesOf(fields.map(([key]) => key))
  const text = (role: 'id' | 'name' | 'by') => (roles[role] === undefined ? null : plain(fields[roles[role]!][1]))
  const [id, name] = [text('id'), text('name')]
  if (id === null && name === null)
    list.unreadable.push({ line, text: JSON.stringify(item).slice(0, 60), reason: 'no name or id in it' })
  else {
    const count = roles.count === undefined ? null : numberOf(String(fields[roles.count][1]))
    list.entries.push(entryOf(line, name, { id, by: text('by'), rating: ratingIn(item), count }))
  }
}

function plain(value: unknown): string | null {
  if (Array.isArray(value)) return plain(value[0])
  return (typeof value === 'string' && value.trim() !== '') || typeof value === 'number' ? String(value).trim() : null
}

function ratingIn(value: unknown): number | null {
  if (typeof value !== 'object' || value === null) return null
  const fields = Object.entries(value)
  const column = rolesOf(fields.map(([key]) => key)).rating
  return column === undefined ? null : (ratingOf(String(fields[column][1]))?.rating ?? null)
}

// ---- Python

const REQUIREMENT =
  /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:(===|[=~!<>]=|[<>])\s*[\w.*+!-]+(?:\s*,\s*[=~!<>]=?\s*[\w.*+!-]+)*)?\s*(?:;.*)?$/

export const parseRequirements: Parse = (lines) => {
  const rows = lines.map((raw) => raw.replace(/(^|\s)#.*$/, '').trim())
  const named = rows.filter((row) => row !== '' && !row.startsWith('-'))
  if (share(named, REQUIREMENT) < 0.9 || !named.some((row) => REQUIREMENT.exec(row)?.[2])) return null
  const list = emptyList('requirements')
  rows.forEach((row, i) => {
    const name = REQUIREMENT.exec(row)?.[1]
    if (name) list.entries.push(entryOf(i + 1, name))
    else if (row !== '' && !row.startsWith('-'))
      list.unreadable.push({ line: i + 1, text: row, reason: 'not a package' })
  })
  return list
}

const FROM = /^\s*from\s+([\w.]+)\s+import\s+\(?\s*([^()#]*)\)?/
const IMPORT = /^\s*import\s+([\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+(?:\s+as\s+\w+)?)*)\s*(?:#.*)?$/

/** The names that code uses, resolved through its imports: `np.asarray` after `import numpy as np` is `numpy.asarray`. */
export const parsePython: Parse = (lines, text) => {
  const imports = lines.filter((line) => FROM.test(line) || IMPORT.test(line)).length
  if (
    imports === 0 ||
    (imports < 0.6 * filled(lines).length && !/^\s*(def|class|if|for|return|print|with|@\w+|\w+\s*=)/m.test(text))
  )
    return null
  const used = new Map<string, number>()
  const full = new Map<string, string>()
  const use = (name: string, line: number) => void (used.has(name) || used.set(name, line))
  for (let i = 0; i < lines.length; i++) {
    let statement = lines[i]
    const begin = i
    if (/^\s*from\s.*import\s*\([^)]*$/.test(statement))
      while (i + 1 < lines.length && !statement.includes(')')) statement += ` ${lines[++i].replace(/#.*$/, '')}`
    const from = FROM.exec(statement)
    const plainly = from ? null : IMPORT.exec(statement)
    for (const part of (from?.[2] ?? plainly?.[1] ?? '').split(',')) {
      const [name, alias] = part.trim().split(/\s+as\s+/)
      if (!/^[\w.]+$/.test(name) || from?.[1].startsWith('.')) continue
      const whole = from ? `${from[1]}.${name}` : name
      use(whole, begin + 1)
      // `import os.path` binds os
      if (alias || from) full.set(alias ?? name, whole)
      else full.set(name.split('.')[0], name.split('.')[0])
    }
  }
  lines.forEach((line, i) => {
    if (FROM.test(line) || IMPORT.test(line)) return
    for (const [chain, head, tail] of line.replace(/#.*$/, '').matchAll(/(?<![\w.])(\w+)((?:\.\w+)+)/g)) {
      const whole = chain && full.get(head)
      if (whole) use(whole + tail, i + 1)
    }
  })
  const list = emptyList('Python code')
  for (const [name, line] of used) list.entries.push(entryOf(line, name))
  return list
}
