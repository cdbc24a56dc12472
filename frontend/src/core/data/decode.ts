/**
 * Decoders of the bundle's binary files; the writer is atlas_assets/stages/bundle/bundle.py.
 * Each checks the length before it reads, and returns fresh arrays that share nothing with the input.
 */
import { BundleError } from './errors'

function expectLength(bytes: Uint8Array, expected: number, what: string): void {
  if (bytes.length !== expected) {
    throw new BundleError(
      `${what}: ${bytes.length} bytes, expected ${expected}. The file is damaged or belongs to another build; build the site again.`,
    )
  }
}

export function expectRows(found: number, expected: number, what: string): void {
  if (found !== expected) {
    throw new BundleError(
      `${what}: ${found} lines, expected ${expected}. The file is damaged or belongs to another build; build the site again.`,
    )
  }
}

/** Refuses places in a list of `length` that are beyond its end; `none` stands for no place. */
export function expectPlaces(places: Uint16Array | Uint32Array, length: number, none: number, what: string): void {
  for (let i = 0; i < places.length; i++) {
    if (places[i] >= length && places[i] !== none) {
      throw new BundleError(
        `${what} names entry ${places[i]} of ${length}. The file is damaged or belongs to another build; build the site again.`,
      )
    }
  }
}

/** Values whose bytes lie in planes (all first bytes, then all second bytes, …), least significant first. */
function joinPlanes(bytes: Uint8Array, width: number): Uint8Array {
  const rows = bytes.length / width
  const joined = new Uint8Array(bytes.length)
  for (let plane = 0; plane < width; plane++) {
    for (let row = 0, from = plane * rows; row < rows; row++) joined[row * width + plane] = bytes[from + row]
  }
  return joined
}

/**
 * `u16-delta-split`: per dimension the low bytes, then the high bytes, of zigzag-coded differences modulo 2^16.
 * Writes row r to `into[4 * (first + r) …]`: x, y, z and one lane of padding, the layout of the GPU buffer; z stays 0 in 2-D.
 */
export function decodePositions(bytes: Uint8Array, dims: 2 | 3, rows: number, into: Uint16Array, first: number): void {
  expectLength(bytes, dims * 2 * rows, `positions for ${rows} rows in ${dims}-D`)
  for (let dim = 0; dim < dims; dim++) {
    const low = dim * 2 * rows
    const high = low + rows
    let q = 0
    for (let row = 0; row < rows; row++) {
      const zigzag = bytes[low + row] | (bytes[high + row] << 8)
      q = (q + ((zigzag >>> 1) ^ -(zigzag & 1))) & 0xffff
      into[4 * (first + row) + dim] = q
    }
  }
}

/** `f32-split`; NaN = unknown. */
export function decodeNumbers(bytes: Uint8Array, rows: number, what: string): Float32Array {
  expectLength(bytes, rows * 4, what)
  return new Float32Array(joinPlanes(bytes, 4).buffer)
}

export const UNKNOWN_CODE = 65535

/** `codes-u8` and `codes-u16`; unknown = 65535 in both, whatever the width on disk. */
export function decodeCodes(
  bytes: Uint8Array,
  rows: number,
  encoding: 'codes-u8' | 'codes-u16',
  what: string,
): Uint16Array {
  if (encoding === 'codes-u16') {
    expectLength(bytes, rows * 2, what)
    return new Uint16Array(joinPlanes(bytes, 2).buffer)
  }
  expectLength(bytes, rows, what)
  return Uint16Array.from(bytes, (code) => (code === 255 ? UNKNOWN_CODE : code))
}

/** `bool-u8`: 0, 1, 255 = unknown. */
export function decodeBooleans(bytes: Uint8Array, rows: number, what: string): Uint8Array {
  expectLength(bytes, rows, what)
  return bytes.slice()
}

export interface Lists {
  /** Row r holds codes[starts[r] … starts[r + 1]). */
  starts: Uint32Array
  codes: Uint16Array
}

/** `list-u16`: one length byte per row, then all codes. */
export function decodeLists(bytes: Uint8Array, rows: number, what: string): Lists {
  if (bytes.length < rows) expectLength(bytes, rows, what)
  const starts = new Uint32Array(rows + 1)
  for (let row = 0; row < rows; row++) starts[row + 1] = starts[row] + bytes[row]
  expectLength(bytes, rows + 2 * starts[rows], what)
  return { starts, codes: new Uint16Array(joinPlanes(bytes.subarray(rows), 2).buffer) }
}

/** Newline-joined texts of one bucket. */
export function decodeTexts(bytes: Uint8Array, rows: number, what: string): string[] {
  const texts = new TextDecoder().decode(bytes).split('\n')
  if (texts.length === rows + 1 && texts[rows] === '') texts.pop()
  expectRows(texts.length, rows, what)
  return texts
}

export interface NeighbourShard {
  k: number
  rows: number
  /** rows × k bundle rows; 0xFFFFFFFF = none. */
  indices: Uint32Array
  similarity: Float32Array
  shared: Uint32Array | null
}

export const NO_NEIGHBOUR = 0xffffffff

export function decodeNeighbours(bytes: Uint8Array, rows: number, k: number, shared: boolean): NeighbourShard {
  const size = rows * k
  expectLength(bytes, size * 4 * (shared ? 3 : 2), `neighbours for ${rows} rows`)
  const copy = bytes.slice().buffer // aligned to 4 bytes, which a view into a download need not be
  return {
    k,
    rows,
    indices: new Uint32Array(copy, 0, size),
    similarity: new Float32Array(copy, size * 4, size),
    shared: shared ? new Uint32Array(copy, size * 8, size) : null,
  }
}

/** A list as JSON; `isOne` tells what may be in it. */
export function decodeList<T>(bytes: Uint8Array, what: string, isOne: (entry: unknown) => boolean): T[] {
  let list: unknown
  try {
    list = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new BundleError(`${what} is not readable as JSON. The file is damaged; build the site again.`)
  }
  if (!Array.isArray(list) || !list.every(isOne))
    throw new BundleError(`${what} holds something else than it should. The file is damaged; build the site again.`)
  return list as T[]
}
