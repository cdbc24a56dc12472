/** Numbers to places on a colour ramp and back. */
import { measureOf } from '../fields'
import type { Bins, Scale } from '../filter/histogram'
import type { NumberSummary } from '../filter/fields'

export type RampScale = Scale
type Domain = Pick<NumberSummary, 'min' | 'max' | 'quantiles'>

/** Position 0 … 1 of a value on the ramp; monotone. Values outside the domain take its ends. */
export function rampPosition({ min, max, quantiles }: Domain, scale: RampScale): (value: number) => number {
  if (!(max > min)) return () => 0.5
  if (scale === 'log') {
    const { shift, low, span } = logarithm(min, max)
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

/** The value at a position: rampPosition backwards. */
export function rampValue({ min, max, quantiles }: Domain, scale: RampScale): (position: number) => number {
  if (scale === 'log') {
    const { shift, low, span } = logarithm(min, max)
    return (t) => Math.exp(low + t * span) - shift
  }
  if (scale === 'quantile' && quantiles.length > 1) {
    const last = quantiles.length - 1
    return (t) => {
      const at = Math.min(last - 1, Math.floor(t * last))
      return quantiles[at] + (t * last - at) * (quantiles[at + 1] - quantiles[at])
    }
  }
  return (t) => min + t * (max - min)
}

/** Shifted so that zero and negative values have a place too. */
function logarithm(min: number, max: number): { shift: number; low: number; span: number } {
  const shift = min > 0 ? 0 : 1 - min
  return { shift, low: Math.log(min + shift), span: Math.log(max + shift) - Math.log(min + shift) }
}

/**
 * Log where the writer says so; otherwise quantiles when a few far-out values would leave everything else in one
 * colour, and linear when not.
 */
export function scaleFor({ scale, min, max, quantiles }: NumberSummary): RampScale {
  if (scale === 'log') return 'log'
  if (quantiles.length < 21 || !(max > min)) return 'linear'
  return (quantiles[18] - quantiles[2]) / (max - min) < 0.35 ? 'quantile' : 'linear'
}

/** The same field without its lowest and highest `percent` of values, which take the colours of the ends. */
export function clipped(summary: NumberSummary, percent: number, values: Float32Array): NumberSummary {
  const { quantiles } = summary
  if (percent <= 0 || quantiles.length < 21) return summary
  const [low, high] = percent === 5 ? [quantiles[1], quantiles[19]] : percentiles(values, percent)
  if (!(high > low)) return summary
  return {
    ...summary,
    min: low,
    max: high,
    quantiles: quantiles.map((q) => Math.min(high, Math.max(low, q))).filter((q, i, all) => i === 0 || q > all[i - 1]),
  }
}

function percentiles(values: Float32Array, percent: number): [number, number] {
  const known = values.filter((v) => !Number.isNaN(v)).sort()
  const at = (share: number) => known[Math.round(share * (known.length - 1))]
  return [at(percent / 100), at(1 - percent / 100)]
}

const BARS = 36

/** Bins for a histogram that lies on the ramp, and the place of each edge. */
export function rampBins(summary: NumberSummary, scale: RampScale): { bins: Bins; at: number[] } {
  const { min, max } = summary
  const integer = summary.integer || measureOf(summary.type).moment
  if (!(max > min))
    return {
      bins: {
        edges: [min, integer ? min + 1 : min + (Math.abs(min) || 1) * 1e-3],
        below: false,
        above: false,
        integer,
      },
      at: [0, 1],
    }
  const value = rampValue(summary, scale)
  const position = rampPosition(summary, scale)
  const short = (v: number) => (integer ? Math.ceil(v) : Number(v.toPrecision(3)))
  const inner = Array.from({ length: BARS - 1 }, (_, i) => short(value((i + 1) / BARS))).filter(
    (edge) => edge > min && edge < max,
  )
  const edges = [min, ...inner, max].filter((edge, i, all) => i === 0 || edge > all[i - 1])
  return {
    bins: { edges, below: false, above: false, integer },
    at: edges.map((edge, i) => (i === 0 ? 0 : i === edges.length - 1 ? 1 : position(edge))),
  }
}

/** Five values spread over the ramp, each at its own place. */
export function rampTicks(summary: NumberSummary, scale: RampScale): { at: number; value: number }[] {
  const { min, max, integer } = summary
  if (!(max > min)) return [{ at: 0.5, value: min }]
  const position = rampPosition(summary, scale)
  const value = rampValue(summary, scale)
  const values = scale === 'log' ? logTicks(min, max) : [0, 0.25, 0.5, 0.75, 1].map(value)
  const rounded = integer ? values.map(Math.round) : values
  return [...new Set(rounded)].map((v) => ({ at: position(v), value: v }))
}

function logTicks(min: number, max: number): number[] {
  const ticks = [min]
  for (let power = Math.ceil(Math.log10(Math.max(1, min + 1))); 10 ** power < max; power++) ticks.push(10 ** power)
  ticks.push(max)
  const inner = ticks.slice(1, -1)
  const thinned = inner.length <= 3 ? inner : [0, 1, 2].map((i) => inner[Math.round((i * (inner.length - 1)) / 2)])
  // A power of ten next to an end would be printed over it.
  const span = Math.log((max + 1) / (Math.max(0, min) + 1))
  return [
    min,
    ...thinned.filter(
      (t) => Math.log((t + 1) / (Math.max(0, min) + 1)) > 0.14 * span && Math.log((max + 1) / (t + 1)) > 0.2 * span,
    ),
    max,
  ]
}

function clamp01(v: number): number {
  return Math.min(1, Math.max(0, v))
}
