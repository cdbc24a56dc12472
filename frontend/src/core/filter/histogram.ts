/**
 * Bins of what is measured. All bins are drawn equally wide, so the edges alone carry the scale: even steps,
 * steps that grow (log), or steps that hold equally many (quantile).
 */
import { measureOf } from '../fields'
import { evenEdges } from '../fields/steps'
import type { NumberSummary } from './fields'
import { range, type Range } from './range'

export type Scale = 'linear' | 'log' | 'quantile'

export interface Bins {
  /** Bin i holds edges[i] ≤ value < edges[i + 1]; the last one holds its upper edge too. */
  edges: number[]
  /** The first (last) bin holds a long tail, so that the others are not squeezed: "before 1900". */
  below: boolean
  above: boolean
  integer: boolean
}

const MOST = 40
const LOG_STEPS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.25, 1.6, 2, 2.5, 3, 4, 5, 6, 8]]

/** Where a log scale can be had: it needs values that are not negative. */
export function scalesFor({ min, max }: NumberSummary): Scale[] {
  return min >= 0 && max > min ? ['linear', 'log', 'quantile'] : ['linear', 'quantile']
}

/** Log where the writer says so or where a few large values dwarf the rest; else even steps. */
export function histogramScale({ type, min, max, quantiles, scale }: NumberSummary): Scale {
  if (scale === 'log') return 'log'
  const skewed =
    !measureOf(type).moment &&
    min >= 0 &&
    quantiles.length > 20 &&
    max > 50 * Math.max(quantiles[10], max / 1e6) &&
    quantiles[19] > 8 * Math.max(quantiles[10], 1e-9)
  return skewed ? 'log' : 'linear'
}

export function binsOf(summary: NumberSummary, scale: Scale, most = MOST): Bins {
  const { min, max, quantiles } = summary
  const measure = measureOf(summary.type)
  const integer = summary.integer || measure.moment
  if (!(max > min))
    return { edges: [min, integer ? min + 1 : min + (Math.abs(min) || 1) * 1e-3], below: false, above: false, integer }
  if (scale === 'quantile' && quantiles.length > 2)
    return { edges: quantileEdges(quantiles, integer), below: false, above: false, integer }
  if (scale === 'log' && min >= 0)
    return { edges: logEdges(min, max, quantiles, integer, most), below: false, above: false, integer }
  const { low, high } = bulk(summary)
  const edges = measure.edges?.(low, high, most) ?? evenEdges(low, high, integer, most)
  const below = low > min && edges[0] > min
  const above = high < max && edges[edges.length - 1] <= max
  if (below) edges.unshift(min)
  if (above) edges.push(integer ? max + 1 : max)
  return { edges, below, above, integer }
}

/** Where nearly all values lie; the whole range unless a tail would take most of the room. */
function bulk({ min, max, quantiles }: NumberSummary): { low: number; high: number } {
  if (quantiles.length < 21) return { low: min, high: max }
  const reach = 0.4 * (quantiles[19] - quantiles[1])
  if (reach <= 0) return { low: min, high: max }
  const [low, high] = [quantiles[1] - reach, quantiles[19] + reach]
  const room = quantiles[19] - quantiles[1] + 2 * reach
  return { low: low - min > 0.25 * room ? low : min, high: max - high > 0.25 * room ? high : max }
}

function logEdges(min: number, max: number, quantiles: number[], integer: boolean, most: number): number[] {
  // Zero has no place on a log scale: it gets a bin of its own, up to the first step.
  const positive = quantiles.find((q) => q > 0) ?? max
  const low = min > 0 ? min : integer ? 1 : Math.max(positive, max / 1e6)
  const edgesWith = (steps: number[]) => {
    const edges: number[] = []
    for (let power = Math.floor(Math.log10(low)); ; power++) {
      for (const step of steps) {
        const edge = integer ? Math.round(step * 10 ** power) : Number((step * 10 ** power).toPrecision(3))
        if (edges.length === 0 || edge > edges[edges.length - 1]) {
          if (edges.length > 0 && edge <= low) edges.pop()
          edges.push(edge)
        }
        if (integer ? edge > max : edge >= max) return edges
      }
    }
  }
  const fitting =
    [...LOG_STEPS]
      .reverse()
      .map(edgesWith)
      .find((edges) => edges.length <= most) ?? edgesWith([1])
  return min > 0 || fitting[0] <= 0 ? fitting : [0, ...fitting]
}

function quantileEdges(quantiles: number[], integer: boolean): number[] {
  const edges = quantiles.map((q) => (integer ? Math.ceil(q) : q))
  if (integer) edges[edges.length - 1] = Math.floor(quantiles[quantiles.length - 1]) + 1
  const distinct = edges.filter((edge, i) => i === 0 || edge > edges[i - 1])
  return distinct.length > 1 ? distinct : [distinct[0], distinct[0] + 1]
}

/** The bin of a value; values outside go to the ends. */
export function binIndex(edges: readonly number[], value: number): number {
  let low = 0
  let high = edges.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (edges[middle] <= value) low = middle
    else high = middle
  }
  return low
}

/** The bin of each row; rows without a value get the number of bins. */
export function assignBins(values: Float32Array, { edges }: Bins): Uint16Array {
  const bins = new Uint16Array(values.length)
  const rounded = edges.map(Math.fround)
  for (let row = 0; row < values.length; row++)
    bins[row] = values[row] !== values[row] ? edges.length - 1 : binIndex(rounded, values[row])
  return bins
}

/** Where a value lies on the axis, in bins from the left: 2.5 = in the middle of the third. */
export function placeOf({ edges }: Bins, value: number): number {
  const last = edges.length - 1
  if (value <= edges[0]) return 0
  if (value >= edges[last]) return last
  const bin = binIndex(edges, value)
  return bin + (value - edges[bin]) / (edges[bin + 1] - edges[bin])
}

/** The range of the bins between two edges (numbers of edges, from the left); the outermost edges leave it open. */
export function rangeBetween({ edges, integer }: Bins, first: number, last: number): Range {
  const end = edges.length - 1
  const from = first <= 0 ? -Infinity : edges[first]
  const to = last >= end ? Infinity : integer ? edges[last] - 1 : edges[last]
  return range(from, to, false, !integer)
}

/** Where the ends of a range lie on the axis, in bins. */
export function placesOf(bins: Bins, { from, to }: Range): [number, number] {
  const end = bins.edges.length - 1
  return [
    from === -Infinity ? 0 : placeOf(bins, from),
    to === Infinity ? end : placeOf(bins, bins.integer ? to + 1 : to),
  ]
}

/** Edges to print below the axis: the ends and a few between, well apart. */
export function axisTicks({ edges, below, above }: Bins, most = 4): { place: number; value: number }[] {
  const first = below ? 1 : 0
  const last = edges.length - 1 - (above ? 1 : 0)
  const steps = Math.max(1, Math.min(most - 1, last - first))
  const places = Array.from({ length: steps + 1 }, (_, i) => Math.round(first + (i * (last - first)) / steps))
  return [...new Set(places)].map((place) => ({ place, value: edges[place] }))
}
