/** The parts of a file that is cut into row buckets, put together. */
import type { ColumnData } from './column'
import type { Lists } from './decode'

/** `parts` one after the other in `into`, which has room for all of them. */
export function joinArrays<T extends Uint8Array | Uint16Array | Uint32Array | Float32Array>(parts: T[], into: T): T {
  let at = 0
  for (const part of parts) {
    into.set(part, at)
    at += part.length
  }
  return into
}

/** Parts of one column, all of one kind, as the column of all `rows`. A single part is returned as it is. */
export function joinColumns(parts: ColumnData[], rows: number): ColumnData {
  const [first] = parts
  if (parts.length === 1) return first
  switch (first.kind) {
    case 'numbers':
      return {
        kind: 'numbers',
        values: joinArrays(
          parts.map((part) => (part as typeof first).values),
          new Float32Array(rows),
        ),
      }
    case 'booleans':
      return {
        kind: 'booleans',
        values: joinArrays(
          parts.map((part) => (part as typeof first).values),
          new Uint8Array(rows),
        ),
      }
    case 'codes':
      return {
        kind: 'codes',
        codes: joinArrays(
          parts.map((part) => (part as typeof first).codes),
          new Uint16Array(rows),
        ),
        dictionary: first.dictionary,
      }
    case 'lists':
      return {
        kind: 'lists',
        lists: joinLists(
          parts.map((part) => (part as typeof first).lists),
          rows,
        ),
        dictionary: first.dictionary,
      }
  }
}

function joinLists(parts: Lists[], rows: number): Lists {
  const starts = new Uint32Array(rows + 1)
  let row = 0
  let at = 0
  for (const part of parts) {
    for (let i = 1; i < part.starts.length; i++) starts[++row] = at + part.starts[i]
    at += part.codes.length
  }
  return {
    starts,
    codes: joinArrays(
      parts.map((part) => part.codes),
      new Uint16Array(at),
    ),
  }
}
