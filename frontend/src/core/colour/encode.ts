/** A field -> one palette slot per row, and the legend that explains the slots. */
import type { ColumnData, Dictionary } from '../data/bundle'
import type { Column, NumberColumn } from '../data/manifest'
import { SLOT } from '../gl/look'
import type { PaletteKind } from './palettes'

export interface LegendEntry {
  slot: number
  label: string
  count: number
}

export type Legend =
  | { kind: 'entries'; entries: LegendEntry[]; note: string | null }
  | { kind: 'ramp'; scale: RampScale; ticks: { at: number; value: number }[]; unknown: number }

export interface Encoding {
  slots: Uint8Array
  palette: PaletteKind
  legend: Legend
}

export type RampScale = 'linear' | 'log' | 'quantile'

const TOP = 10

/** Position 0 … 1 of a value on the ramp; monotone. Values outside the domain take its ends. */
export function rampPosition(column: Pick<NumberColumn, 'min' | 'max' | 'quantiles'>, scale: RampScale): (value: number) => number {
  const { min, max, quantiles } = column
  if (!(max > min)) return () => 0.5
  if (scale === 'log') {
    // Shifted so that zero and negative values have a place too.
    const shift = min > 0 ? 0 : 1 - min
    const [low, span] = [Math.log(min + shift), Math.log(max + shift) - Math.log(min + shift)]
    return (v) => clamp01((Math.log(Math.max(min, v) + shift) - low) / span)
  }
  if (scale === 'quantile' && quantiles.length > 1) {
    const last = quantiles.length - 1
    return (v) => {
      if (v <= quantiles[0]) return 0
      if (v >= quantiles[last]) return 1
      let low = 0
      let high = last
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if (quantiles[middle] <= v) low = middle
        else high = middle
      }
      return (low + (v - quantiles[low]) / (quantiles[high] - quantiles[low])) / last
    }
  }
  return (v) => clamp01((v - min) / (max - min))
}

/**
 * Log where the writer says so; otherwise quantiles when a few far-out values would leave everything else in one
 * colour, and linear when not.
 */
export function scaleFor(column: NumberColumn): RampScale {
  if (column.scale === 'log') return 'log'
  const { min, max, quantiles } = column
  if (quantiles.length < 21 || !(max > min)) return 'linear'
  return (quantiles[18] - quantiles[2]) / (max - min) < 0.35 ? 'quantile' : 'linear'
}

function clamp01(v: number): number {
  return Math.min(1, Math.max(0, v))
}

export function encodeColumn(column: Column, data: ColumnData): Encoding {
  if (data.kind === 'numbers') return encodeNumbers(column as NumberColumn, data.values)
  if (data.kind === 'booleans') return encodeBooleans(data.values)
  if (data.kind === 'codes') return encodeCodes(data.codes, data.dictionary, null)
  // A row of a list field is coloured by its most common value, so that the legend's big groups are whole.
  const { starts, codes } = data.lists
  const commonest = Uint16Array.from({ length: starts.length - 1 }, (_, row) => {
    let best = 65535
    for (let i = starts[row]; i < starts[row + 1]; i++) best = Math.min(best, codes[i])
    return best
  })
  return encodeCodes(commonest, data.dictionary, 'Coloured by the most common of its values.')
}

function encodeNumbers(column: NumberColumn, values: Float32Array): Encoding {
  const scale = scaleFor(column)
  const position = rampPosition(column, scale)
  let unknown = 0
  const slots = Uint8Array.from(values, (v) => {
    if (Number.isNaN(v)) {
      unknown++
      return SLOT.unknown
    }
    return Math.round(position(v) * (SLOT.ramp - 1))
  })
  return { slots, palette: 'ramp', legend: { kind: 'ramp', scale, ticks: ticksOf(column, scale), unknown } }
}

/** Five values spread over the ramp, each at its own place. */
function ticksOf(column: NumberColumn, scale: RampScale): { at: number; value: number }[] {
  const { min, max, quantiles } = column
  if (!(max > min)) return [{ at: 0.5, value: min }]
  const position = rampPosition(column, scale)
  const values =
    scale === 'quantile' ? [0, 5, 10, 15, 20].map((i) => quantiles[i])
    : scale === 'log' ? logTicks(min, max)
    : [0, 0.25, 0.5, 0.75, 1].map((t) => min + t * (max - min))
  const rounded = column.integer ? values.map(Math.round) : values
  return [...new Set(rounded)].map((value) => ({ at: position(value), value }))
}

function logTicks(min: number, max: number): number[] {
  const ticks = [min]
  for (let power = Math.ceil(Math.log10(Math.max(1, min + 1))); 10 ** power < max; power++) ticks.push(10 ** power)
  ticks.push(max)
  const inner = ticks.slice(1, -1)
  const thinned = inner.length <= 3 ? inner : [0, 1, 2].map((i) => inner[Math.round((i * (inner.length - 1)) / 2)])
  // A power of ten next to an end would be printed over it.
  const span = Math.log((max + 1) / (Math.max(0, min) + 1))
  return [min, ...thinned.filter((t) => Math.log((t + 1) / (Math.max(0, min) + 1)) > 0.14 * span && Math.log((max + 1) / (t + 1)) > 0.2 * span), max]
}

function encodeBooleans(values: Uint8Array): Encoding {
  const counts = [0, 0, 0]
  const slots = Uint8Array.from(values, (v) => {
    counts[v > 1 ? 2 : v]++
    return v > 1 ? SLOT.unknown : v
  })
  const entries: LegendEntry[] = [
    { slot: 1, label: 'Yes', count: counts[1] },
    { slot: 0, label: 'No', count: counts[0] },
  ]
  return { slots, palette: 'boolean', legend: { kind: 'entries', entries: withUnknown(entries, counts[2]), note: null } }
}

function encodeCodes(codes: Uint16Array, dictionary: Dictionary, note: string | null): Encoding {
  const counts = new Uint32Array(dictionary.length)
  let unknown = 0
  let other = 0
  const slots = Uint8Array.from(codes, (code) => {
    if (code >= dictionary.length) {
      unknown++
      return SLOT.unknown
    }
    counts[code]++
    if (code < TOP) return code
    other++
    return SLOT.other
  })
  const entries: LegendEntry[] = dictionary.slice(0, TOP).map(([label], code) => ({ slot: code, label, count: counts[code] }))
  if (other > 0) entries.push({ slot: SLOT.other, label: `${dictionary.length - TOP} others`, count: other })
  return { slots, palette: 'category', legend: { kind: 'entries', entries: withUnknown(entries, unknown), note } }
}

function withUnknown(entries: LegendEntry[], unknown: number): LegendEntry[] {
  return unknown > 0 ? [...entries, { slot: SLOT.unknown, label: 'Unknown', count: unknown }] : entries
}

/** How far the map tears each row from its neighbours: 0 faithful … 255 torn. */
export function encodeDistortion(distortion: Uint8Array): Encoding {
  const slots = Uint8Array.from(distortion, (v) => Math.round((v / 255) * (SLOT.ramp - 1)))
  return {
    slots,
    palette: 'distortion',
    legend: { kind: 'ramp', scale: 'linear', ticks: [{ at: 0, value: 0 }, { at: 1, value: 1 }], unknown: 0 },
  }
}
