/** A field -> one palette slot per row, and the legend that explains the slots. */
import type { ColumnData, Dictionary } from '../data/bundle'
import type { Column, NumberColumn } from '../data/manifest'
import { measureOf } from '../fields'
import type { Grouping } from '../filter/crossfilter'
import type { FieldData } from '../filter/fields'
import { assignBins, type Bins } from '../filter/histogram'
import { SLOT } from '../gl/look'
import { clipped, rampBins, rampPosition, rampTicks, scaleFor, type RampScale } from './ramp'
import type { PaletteKind } from './palettes'

export { rampPosition, scaleFor, type RampScale } from './ramp'

export interface LegendEntry {
  slot: number
  label: string
  count: number
  /** Its number in the encoding's grouping. */
  group?: number
}

/** Plain data, so that a picture or another page can be made of it. */
export type Legend =
  | { kind: 'entries'; entries: LegendEntry[]; note: string | null }
  /** `text`: what is printed at a tick; without it, its value. */
  | { kind: 'ramp'; scale: RampScale; ticks: { at: number; value: number; text?: string }[]; unknown: number }

export interface Encoding {
  slots: Uint8Array
  palette: PaletteKind
  legend: Legend
  /** Rows by entry of the legend, or by bar on its ramp; what they are counted by as a filter changes. */
  grouping?: Grouping
  /** Values of the entries; null = yes/no. */
  dictionary?: Dictionary | null
  /** Bars on the ramp: their edges as values and as places 0 … 1. */
  bars?: { bins: Bins; at: number[] }
}

/** What a person can choose about the colours of a field. */
export interface ColourOptions {
  /** null = the one that suits the values. */
  scale: RampScale | null
  /** Percent of the values at each end that take the colour of the end. */
  clip: 0 | 1 | 5
  /** Categories with a colour of their own. */
  top: 5 | 10
}

export const PLAIN_OPTIONS: ColourOptions = { scale: null, clip: 0, top: 10 }

export function encodeColumn(column: Column, data: ColumnData, options: ColourOptions = PLAIN_OPTIONS): Encoding {
  return encodeField(data.kind === 'numbers' ? { ...data, summary: column as NumberColumn } : data, options)
}

export function encodeField(data: FieldData, options: ColourOptions = PLAIN_OPTIONS): Encoding {
  if (data.kind === 'numbers') return encodeNumbers(data, options)
  if (data.kind === 'booleans') return encodeBooleans(data.values)
  if (data.kind === 'codes') return encodeCodes(data.codes, data.dictionary, options.top)
  return encodeLists(data, options.top)
}

function encodeNumbers(
  { values, summary }: Extract<FieldData, { kind: 'numbers' }>,
  { scale: wanted, clip }: ColourOptions,
): Encoding {
  const scale = wanted ?? scaleFor(summary)
  const domain = clipped(summary, clip, values)
  const position = rampPosition(domain, scale)
  let unknown = 0
  const slots = Uint8Array.from(values, (v) => {
    if (Number.isNaN(v)) {
      unknown++
      return SLOT.unknown
    }
    return Math.round(position(v) * (SLOT.ramp - 1))
  })
  const bars = rampBins(domain, scale)
  const span = domain.max - domain.min
  const measure = measureOf(summary.type)
  const ticks = rampTicks(domain, scale).map((tick) => {
    const sign = tick.at <= 0 && summary.min < domain.min ? '≤ ' : tick.at >= 1 && summary.max > domain.max ? '≥ ' : ''
    return { ...tick, text: sign + measure.tick(tick.value, span) }
  })
  return {
    slots,
    palette: 'ramp',
    bars,
    legend: {
      kind: 'ramp',
      scale,
      ticks: ticks.filter(({ text }, i) => i === 0 || text !== ticks[i - 1].text),
      unknown,
    },
    grouping: { groups: bars.bins.edges.length - 1, of: assignBins(values, bars.bins) },
  }
}

function encodeBooleans(values: Uint8Array): Encoding {
  const counts = [0, 0, 0]
  const slots = Uint8Array.from(values, (v) => {
    counts[v > 1 ? 2 : v]++
    return v > 1 ? SLOT.unknown : v
  })
  const entries: LegendEntry[] = [
    { slot: 1, label: 'Yes', count: counts[1], group: 1 },
    { slot: 0, label: 'No', count: counts[0], group: 0 },
  ]
  return {
    slots,
    palette: 'boolean',
    legend: { kind: 'entries', entries: withUnknown(entries, counts[2], 2), note: null },
    grouping: { groups: 2, of: Uint16Array.from(values) },
    dictionary: null,
  }
}

/** A dictionary of one value more than fits gets a colour for that one too. */
function coloursFor(dictionary: Dictionary, top: number): number {
  return dictionary.length === top + 1 && top < 10 ? top + 1 : Math.min(top, dictionary.length)
}

function encodeCodes(codes: Uint16Array, dictionary: Dictionary, top: number): Encoding {
  const own = coloursFor(dictionary, top)
  const others = dictionary.length - own
  const unknownGroup = own + (others > 0 ? 1 : 0)
  const counts = new Uint32Array(unknownGroup + 1)
  const slots = new Uint8Array(codes.length)
  const of = new Uint16Array(codes.length)
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]
    const group = code < own ? code : code < dictionary.length ? own : unknownGroup
    slots[row] = code < own ? code : code < dictionary.length ? SLOT.other : SLOT.unknown
    of[row] = group
    counts[group]++
  }
  return {
    slots,
    palette: 'category',
    legend: { kind: 'entries', entries: valueEntries(dictionary, own, counts), note: null },
    grouping: { groups: unknownGroup, of },
    dictionary,
  }
}

/**
 * A row of a list field is coloured by its most distinctive value that has a colour, which is the least common one: what
 * nearly every row has tells none of them apart. It is counted under each of its values that has a colour, or else under
 * the others.
 */
function encodeLists({ lists, dictionary }: Extract<FieldData, { kind: 'lists' }>, top: number): Encoding {
  const own = coloursFor(dictionary, top)
  const rows = lists.starts.length - 1
  const slots = new Uint8Array(rows).fill(SLOT.unknown)
  const starts = new Uint32Array(rows + 1)
  const codes = new Uint16Array(lists.codes.length)
  const unknownGroup = own + (dictionary.length > own ? 1 : 0)
  const counts = new Uint32Array(unknownGroup + 1)
  let end = 0
  for (let row = 0; row < rows; row++) {
    let best = -1 // codes come with the most common value first
    for (let i = lists.starts[row]; i < lists.starts[row + 1]; i++) {
      if (lists.codes[i] >= own) continue
      best = Math.max(best, lists.codes[i])
      codes[end++] = lists.codes[i]
    }
    if (lists.starts[row + 1] === lists.starts[row]) counts[unknownGroup]++
    else {
      slots[row] = best >= 0 ? best : SLOT.other
      // Without a coloured value among them it is one of the others.
      if (best < 0) codes[end++] = own
    }
    starts[row + 1] = end
  }
  for (let i = 0; i < end; i++) counts[codes[i]]++
  return {
    slots,
    palette: 'category',
    legend: {
      kind: 'entries',
      entries: valueEntries(dictionary, own, counts),
      note: 'Coloured by the least common of these values that it has; counted under each.',
    },
    grouping: { groups: unknownGroup, lists: { starts, codes: codes.subarray(0, end) } },
    dictionary,
  }
}

/** Counts by group: the values with a colour, the others if there are any, the unknown. */
function valueEntries(dictionary: Dictionary, own: number, counts: Uint32Array): LegendEntry[] {
  const entries: LegendEntry[] = dictionary
    .slice(0, own)
    .map(([label], code) => ({ slot: code, label, count: counts[code], group: code }))
  const others = dictionary.length - own
  if (others > 0 && counts[own] > 0)
    entries.push({
      slot: SLOT.other,
      label: others === 1 ? dictionary[own][0] : `${others} others`,
      count: counts[own],
      group: own,
    })
  return withUnknown(entries, counts[counts.length - 1], counts.length - 1)
}

function withUnknown(entries: LegendEntry[], unknown: number, group: number): LegendEntry[] {
  return unknown > 0 ? [...entries, { slot: SLOT.unknown, label: 'Unknown', count: unknown, group }] : entries
}

/** How far the map tears each row from its neighbours: 0 faithful … 255 torn. `data`: the same as a field, to count and filter by. */
export function encodeDistortion(distortion: Uint8Array, data?: FieldData): Encoding {
  const slots = Uint8Array.from(distortion, (v) => Math.round((v / 255) * (SLOT.ramp - 1)))
  const counted = data?.kind === 'numbers' ? encodeNumbers(data, { ...PLAIN_OPTIONS, scale: 'linear' }) : null
  return {
    slots,
    palette: 'distortion',
    legend: {
      kind: 'ramp',
      scale: 'linear',
      ticks: [
        { at: 0, value: 0, text: 'faithful' },
        { at: 1, value: 100, text: 'torn from its neighbours' },
      ],
      unknown: 0,
    },
    grouping: counted?.grouping,
    bars: counted?.bars,
  }
}
