/** Names made to fit: shortened where they say least. */

/** A name is cut before a word rather than in it where so much of the room is still used. */
const LEAST_KEPT = 0.6

/**
 * At most `max` characters. A path (`fontTools.ttLib.tables.otTables.PairSet`) keeps its first part and its end, which is
 * what tells it from its siblings; other names are cut at the end, before a word where they can be.
 */
export function shorten(name: string, max: number): string {
  if (name.length <= max) return name
  const separator = /\s/.test(name) ? null : (name.match(/[./:\\]/)?.[0] ?? null)
  if (!separator) {
    const cut = name.slice(0, max - 1)
    const space = name[max - 1] === ' ' ? -1 : cut.lastIndexOf(' ')
    return `${(space > max * LEAST_KEPT ? cut.slice(0, space) : cut).trimEnd()}…`
  }
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
