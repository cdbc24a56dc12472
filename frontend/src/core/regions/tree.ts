/** The regions of a map as the tree that they are: what lies in what, which one a row is in, and which rows one has. */
import type { Region } from '../data/bundle'

export const NONE = 65535

export interface Node {
  /** Place of the region in the list. */
  place: number
  region: Region
  children: Node[]
}

/** The coarsest regions with those inside them, larger ones first. */
export function treeOf(regions: readonly Region[]): Node[] {
  const nodes = regions.map((region, place): Node => ({ place, region, children: [] }))
  const roots: Node[] = []
  for (const node of nodes) (node.region.parent === null ? roots : nodes[node.region.parent].children).push(node)
  for (const siblings of [roots, ...nodes.map(({ children }) => children)])
    siblings.sort((a, b) => b.region.size - a.region.size || a.place - b.place)
  return roots
}

/** From the coarsest region to this one; empty for none. */
export function pathTo(regions: readonly Region[], place: number): number[] {
  const path: number[] = []
  for (let at: number | null = place < regions.length ? place : null; at !== null; at = regions[at].parent)
    path.unshift(at)
  return path
}

/** The rows of a region and of all inside it; `finest`: the finest region of each row. */
export function rowsOf(regions: readonly Region[], finest: Uint16Array, place: number): Uint32Array {
  const inside = regions.map((_, at) => pathTo(regions, at).includes(place))
  const rows: number[] = []
  for (let row = 0; row < finest.length; row++) if (inside[finest[row]]) rows.push(row)
  return Uint32Array.from(rows)
}
