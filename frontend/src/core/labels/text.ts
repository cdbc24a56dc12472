/** Names made to fit: shortened where they say least, broken where they may be. */

/**
 * At most `max` characters. A path (`fontTools.ttLib.tables.otTables.PairSet`) keeps its first part and its end, which is
 * what tells it from its siblings; other names are cut at the end.
 */
export function shorten(name: string, max: number): string {
  if (name.length <= max) return name
  const separator = /\s/.test(name) ? null : (name.match(/[./:\\]/)?.[0] ?? null)
  if (!separator) return `${name.slice(0, max - 1).trimEnd()}…`
  const parts = name.split(separator)
  const last = parts.at(-1)!
  if (last.length >= max - 2) return `…${last.slice(-(max - 1))}`
  const tail = [last]
  const room = max - parts[0].length - 1
  for (let i = parts.length - 2; i > 0; i--) {
    if ([parts[i], ...tail].join(separator).length > room) break
    tail.unshift(parts[i])
  }
  const end = tail.join(separator)
  return end.length <= room ? `${parts[0]}…${end}` : `…${end}`
}

/** Words and nothing else: what may be set in capitals. Names of code, with dots, slashes or both cases in a word, may not. */
const WORDS = /^[\p{Lu}\p{Ll}][\p{Ll}\p{M}’']*(?:[ ,&–-]+[\p{Lu}\p{Ll}][\p{Ll}\p{M}’']*)*$/u

/** The lines of the name of a region; the coarsest as a cartographer sets a country. */
export function regionLines(name: string, level: number, max: number): string[] {
  const lines = inLines(name, max)
  return level === 0 && WORDS.test(name) ? lines.map((line) => line.toLocaleUpperCase()) : lines
}

/** One line per part of a double name; a part that is too long in two of similar length, broken at a space. */
export function inLines(name: string, max: number): string[] {
  if (name.length <= max) return [name]
  const dot = name.indexOf(' · ')
  if (dot > 0) return [...halves(name.slice(0, dot), max), ...halves(name.slice(dot + 3), max)]
  return halves(name, max)
}

function halves(part: string, max: number): string[] {
  if (part.length <= max) return [part]
  const spaces = [...part.matchAll(/ /g)].map((match) => match.index)
  if (spaces.length === 0) return [shorten(part, max)]
  const middle = spaces.reduce((best, at) =>
    Math.abs(at - part.length / 2) < Math.abs(best - part.length / 2) ? at : best,
  )
  return [shorten(part.slice(0, middle), max), shorten(part.slice(middle + 1), max)]
}
