/** Names made to fit: shortened where they say least. */

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
