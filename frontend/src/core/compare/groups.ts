/**
 * Groups worth a look when two maps are compared: rows side by side on one map that
 *   moved   went together to another place,
 *   split   lie apart from each other on the other map,
 *   joined  come from far apart to the same place.
 * Each is a connected component of the neighbour graph of one map, over rows that changed alike.
 */
import type { Layer } from '../gl/renderer'
import type { Movement } from './movement'
import { NONE } from './point_tree'

export type GroupKind = 'moved' | 'split' | 'joined'

export interface Group {
  kind: GroupKind
  rows: Uint32Array
  /** Mean distance its rows moved, in shares of the map's width. */
  moved: number
  /** Mean share of their neighbours that its rows keep. */
  kept: number
  score: number
}

export interface GroupInput {
  a: Layer
  b: Layer
  movement: Movement
  /** `k` neighbours per row on either map, for the first `kept.length` rows; others take no part. */
  near: [Uint32Array, Uint32Array]
  k: number
  kept: Float32Array
}

const LEAST_ROWS = 8
const MOST_SHARE = 0.12
/** Shares of the map's width. */
const LEAST_MOVE = 0.05
const GREAT_MOVE = 0.4
/** Steps of two neighbours that went together differ by less than this share of the shorter one. */
const ALIKE = 0.3
const MOST_KEPT = 1 / 3
/** A group that lies together is smaller than this; one that lies apart is this many times as large as together. */
const TOGETHER = 0.1
const APART = 2.5

export function suggestGroups(input: GroupInput, limit: number): Group[] {
  const groups = [...movedGroups(input), ...tornGroups(input, 'split'), ...tornGroups(input, 'joined')].sort(
    (x, y) => y.score - x.score,
  )
  const chosen: Group[] = []
  const taken = new Uint8Array(input.kept.length)
  for (const group of groups) {
    if (chosen.length === limit) break
    if (chosen.filter(({ kind }) => kind === group.kind).length > limit / 2) continue // room for what changed otherwise
    const known = group.rows.reduce((count, row) => count + taken[row], 0)
    if (known > group.rows.length / 3) continue // the same rows told in other words
    for (const row of group.rows) taken[row] = 1
    chosen.push(group)
  }
  return chosen
}

function movedGroups({ movement, near, k, kept }: GroupInput): Group[] {
  const rows = kept.length
  const { shares, steps } = movement
  const least = Math.max(LEAST_MOVE, quantile(shares.subarray(0, rows), 0.5))
  const alike = (i: number, j: number) => {
    const apart = Math.hypot(
      steps[3 * i] - steps[3 * j],
      steps[3 * i + 1] - steps[3 * j + 1],
      steps[3 * i + 2] - steps[3 * j + 2],
    )
    return apart < ALIKE * Math.min(shares[i], shares[j])
  }
  return components(near[0], k, (row) => row < rows && shares[row] >= least, alike, rows * MOST_SHARE).flatMap(
    (members): Group[] => {
      const mean = [0, 1, 2].map((axis) => average(members, (row) => steps[3 * row + axis]))
      const length = Math.hypot(...mean)
      const spread = average(members, (row) =>
        Math.hypot(steps[3 * row] - mean[0], steps[3 * row + 1] - mean[1], steps[3 * row + 2] - mean[2]),
      )
      const consistency = 1 - spread / (length || 1)
      if (length < LEAST_MOVE || consistency < 0.5) return []
      return [groupOf('moved', members, { movement, kept }, consistency * Math.min(1, length / GREAT_MOVE))]
    },
  )
}

/** `split`: together on a, apart on b; `joined` is the same the other way round. */
function tornGroups({ a, b, movement, near, k, kept }: GroupInput, kind: 'split' | 'joined'): Group[] {
  const rows = kept.length
  const [here, there, list] = kind === 'split' ? [a, b, near[0]] : [b, a, near[1]]
  const most = Math.min(MOST_KEPT, quantile(kept, 0.3))
  return components(
    list,
    k,
    (row) => row < rows && kept[row] <= most,
    () => true,
    rows * MOST_SHARE,
  ).flatMap((members): Group[] => {
    const [together, apart] = [radiusOf(here, members), radiusOf(there, members)]
    if (together > TOGETHER || apart < Math.max(APART * together, LEAST_MOVE)) return []
    const consistency = 1 - together / apart
    return [
      groupOf(
        kind,
        members,
        { movement, kept },
        consistency * (1 - average(members, (row) => kept[row])) * Math.min(1, apart / GREAT_MOVE),
      ),
    ]
  })
}

function groupOf(
  kind: GroupKind,
  members: number[],
  { movement, kept }: Pick<GroupInput, 'movement' | 'kept'>,
  change: number,
): Group {
  return {
    kind,
    rows: Uint32Array.from(members).sort(),
    moved: average(members, (row) => movement.shares[row]),
    kept: average(members, (row) => kept[row]),
    score: Math.sqrt(members.length) * change, // the root: a group ten times as large is not ten times as interesting
  }
}

/**
 * Connected components of the rows that take part; two neighbours are joined where `alike`. A component of more than
 * `most` rows is parted by asking for ever nearer neighbours; what still does not part is no group but a landscape.
 */
function components(
  near: Uint32Array,
  k: number,
  takesPart: (row: number) => boolean,
  alike: (i: number, j: number) => boolean,
  most: number,
): number[][] {
  const rows = near.length / k
  const found: number[][] = []
  let candidates = Array.from({ length: rows }, (_, row) => row).filter(takesPart)
  for (let reach = k; reach >= 2 && candidates.length >= LEAST_ROWS; reach = Math.floor(reach / 2)) {
    const inside = new Uint8Array(rows)
    for (const row of candidates) inside[row] = 1
    const parent = Uint32Array.from({ length: rows }, (_, row) => row)
    const root = (row: number): number => {
      while (parent[row] !== row) row = parent[row] = parent[parent[row]]
      return row
    }
    for (const row of candidates) {
      for (let i = row * k; i < row * k + reach; i++) {
        const other = near[i]
        if (other !== NONE && other < rows && inside[other] && alike(row, other)) parent[root(row)] = root(other)
      }
    }
    const byRoot = new Map<number, number[]>()
    for (const row of candidates) {
      const at = root(row)
      const members = byRoot.get(at)
      if (members) members.push(row)
      else byRoot.set(at, [row])
    }
    candidates = []
    for (const members of byRoot.values()) {
      if (members.length > Math.max(most, 2 * LEAST_ROWS)) for (const row of members) candidates.push(row)
      else if (members.length >= LEAST_ROWS) found.push(members)
    }
  }
  return found
}

function average(members: number[], value: (row: number) => number): number {
  let sum = 0
  for (const row of members) sum += value(row)
  return sum / members.length
}

/** Mean distance from the middle, in shares of the map's width. */
function radiusOf(layer: Layer, members: number[]): number {
  const place = (row: number, axis: number) => ((layer.positions[4 * row + axis] / 65535) * layer.scale[axis]) / 2
  const middle = [0, 1, 2].map((axis) => average(members, (row) => place(row, axis)))
  return average(members, (row) =>
    Math.hypot(place(row, 0) - middle[0], place(row, 1) - middle[1], place(row, 2) - middle[2]),
  )
}

/** The value below which a share of the known values lies. */
export function quantile(values: Float32Array, share: number): number {
  const known = values.filter((v) => !Number.isNaN(v)).sort()
  return known.length > 0 ? known[Math.min(known.length - 1, Math.floor(share * known.length))] : NaN
}
