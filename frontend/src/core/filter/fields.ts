/** What can be filtered and coloured by: every column, the regions of the shown map, and how it tears its points. */
import type { Bundle, Dictionary, Region } from '../data/bundle'
import type { Lists } from '../data/decode'
import { columnOf, type Manifest, type NumberColumn, type Projection } from '../data/manifest'
import { fieldNamed, type QueryField } from './query'

export interface FilterField extends QueryField {
  unit?: string
  /** Region and distortion belong to the shown projection; columns are the same in all. */
  source: 'column' | 'region' | 'distortion'
}

export type NumberSummary = Pick<NumberColumn, 'type' | 'min' | 'max' | 'quantiles' | 'integer' | 'scale'>

/** Values per row; NaN, codes beyond the dictionary, 255 and empty lists are unknown. */
export type FieldData =
  | { kind: 'numbers'; values: Float32Array; summary: NumberSummary }
  | { kind: 'codes'; codes: Uint16Array; dictionary: Dictionary }
  | { kind: 'booleans'; values: Uint8Array }
  | { kind: 'lists'; lists: Lists; dictionary: Dictionary }

export const UNKNOWN_CODE = 65535

export function fieldsOf(manifest: Manifest, projection: Projection | null): FilterField[] {
  const fields: FilterField[] = manifest.columns.map(({ name, label, type, unit }) => ({
    name,
    label,
    type,
    unit,
    source: 'column',
  }))
  const free = (name: string, other: string) => (fieldNamed(name, fields) ? other : name)
  if (projection?.regions && projection.region_rows) {
    const name = free('region', 'map_region')
    fields.push({ name, label: name === 'region' ? 'Region' : 'Region of the map', type: 'list', source: 'region' })
  }
  if (projection?.distortion)
    fields.push({
      name: free('distortion', 'map_distortion'),
      label: 'Torn from its neighbours',
      unit: '%',
      type: 'number',
      source: 'distortion',
    })
  return fields
}

export async function loadField(bundle: Bundle, field: FilterField, projection: Projection): Promise<FieldData> {
  if (field.source === 'distortion') return distortionData(await bundle.distortion(projection))
  if (field.source === 'region') {
    const [regions, rows] = await Promise.all([bundle.regions(projection), bundle.regionRows(projection)])
    return regionLists(regions, rows)
  }
  const column = columnOf(bundle.manifest, field.name)!
  const data = await bundle.column(column)
  return data.kind === 'numbers' ? { ...data, summary: column as NumberColumn } : data
}

/** 0 … 255 as 0 … 100 %. */
export function distortionData(distortion: Uint8Array): FieldData {
  const values = Float32Array.from(distortion, (v) => v / 2.55)
  const sorted = distortion.slice().sort()
  const quantiles = Array.from(
    { length: 21 },
    (_, i) => (sorted[Math.round((i / 20) * (sorted.length - 1))] ?? 0) / 2.55,
  )
  return {
    kind: 'numbers',
    values,
    summary: { type: 'number', min: 0, max: 100, quantiles, integer: false, scale: 'linear' },
  }
}

/** Regions lie in regions: a row belongs to its finest one and to all that hold it. */
export function regionLists(regions: Region[], rows: Uint16Array): FieldData {
  const { codeOf, dictionary } = countedNames(regions, rows, (region) => ancestry(regions, region))
  const chains = regions.map((_, region) => [
    ...new Set(ancestry(regions, region).map((r) => codeOf.get(regions[r].name)!)),
  ])
  const starts = new Uint32Array(rows.length + 1)
  for (let row = 0; row < rows.length; row++) starts[row + 1] = starts[row] + (chains[rows[row]]?.length ?? 0)
  const codes = new Uint16Array(starts[rows.length])
  for (let row = 0; row < rows.length; row++) if (chains[rows[row]]) codes.set(chains[rows[row]], starts[row])
  return { kind: 'lists', lists: { starts, codes }, dictionary }
}

/** The coarsest region of each row: a handful of large ones, fit to be colours. */
export function regionCodes(regions: Region[], rows: Uint16Array): Extract<FieldData, { kind: 'codes' }> {
  const top = (region: number) => ancestry(regions, region).slice(-1)
  const { codeOf, dictionary } = countedNames(regions, rows, top)
  const tops = regions.map((_, region) => codeOf.get(regions[top(region)[0]].name)!)
  return { kind: 'codes', codes: Uint16Array.from(rows, (region) => tops[region] ?? UNKNOWN_CODE), dictionary }
}

/** The region itself, what holds it, and so on; a circle in broken data ends it. */
function ancestry(regions: Region[], region: number): number[] {
  const chain: number[] = []
  for (
    let at: number | null = region;
    at !== null && regions[at] && !chain.includes(at);
    at = regions[at].parent ?? null
  )
    chain.push(at)
  return chain
}

function countedNames(
  regions: Region[],
  rows: Uint16Array,
  chain: (region: number) => number[],
): { codeOf: Map<string, number>; dictionary: Dictionary } {
  const own = new Uint32Array(regions.length)
  for (const region of rows) if (region < regions.length) own[region]++
  const counts = new Map<string, number>()
  regions.forEach((_, region) => {
    for (const name of new Set(chain(region).map((r) => regions[r].name)))
      counts.set(name, (counts.get(name) ?? 0) + own[region])
  })
  const dictionary: Dictionary = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
  return { codeOf: new Map(dictionary.map(([name], code) => [name, code])), dictionary }
}
