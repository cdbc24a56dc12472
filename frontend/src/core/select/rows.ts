/** Sets of rows as sorted Uint32Arrays without repeats. Nothing here changes its input. */

/** Any rows, in any order, repeated or not. */
export function rowSet(rows: Iterable<number>): Uint32Array {
  const sorted = Uint32Array.from(rows).sort()
  let kept = 0
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[kept++] = sorted[i]
  return sorted.slice(0, kept)
}

export function hasRow(set: Uint32Array, row: number): boolean {
  let low = 0
  let high = set.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (set[middle] < row) low = middle + 1
    else high = middle
  }
  return set[low] === row
}

/** One walk along both sets; keeps the rows only in a, in both, only in b, as asked. */
function merge(a: Uint32Array, b: Uint32Array, onlyA: boolean, both: boolean, onlyB: boolean): Uint32Array {
  const out = new Uint32Array((onlyA || both ? a.length : 0) + (onlyB ? b.length : 0))
  let n = 0
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (j >= b.length || a[i] < b[j]) {
      if (onlyA) out[n++] = a[i]
      i++
    } else if (i >= a.length || b[j] < a[i]) {
      if (onlyB) out[n++] = b[j]
      j++
    } else {
      if (both) out[n++] = a[i]
      i++
      j++
    }
  }
  return out.slice(0, n)
}

export const union = (a: Uint32Array, b: Uint32Array): Uint32Array => merge(a, b, true, true, true)
export const minus = (a: Uint32Array, b: Uint32Array): Uint32Array => merge(a, b, true, false, false)
export const intersect = (a: Uint32Array, b: Uint32Array): Uint32Array => merge(a, b, false, true, false)
/** Rows in one of both, not in the other. */
export const toggle = (a: Uint32Array, b: Uint32Array): Uint32Array => merge(a, b, true, false, true)

/** All of n rows that pass (null = all do) and are not in the set. */
export function invert(set: Uint32Array, n: number, passes: Uint8Array | null): Uint32Array {
  const out = new Uint32Array(n)
  let kept = 0
  for (let row = 0, at = 0; row < n; row++) {
    if (set[at] === row) at++
    else if (!passes || passes[row]) out[kept++] = row
  }
  return out.slice(0, kept)
}

export function sameRows(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((row, i) => row === b[i])
}
