/** What changed between two maps, as a colour. */
import type { Encoding } from '../colour/encode'
import { SLOT } from '../gl/look'
import { quantile } from './groups'

/** 0 = as before … the 98th percentile and above = the end of the ramp; not known (NaN) = unknown. `words`: for the ends. */
export function encodeChange(
  values: Float32Array,
  rows: number,
  words: (most: number) => [low: string, high: string],
): Encoding {
  const most = quantile(values, 0.98) || 1
  const [low, high] = words(most)
  let unknown = 0
  const slots = Uint8Array.from({ length: rows }, (_, row) => {
    const value = row < values.length ? values[row] : NaN
    if (Number.isNaN(value)) {
      unknown++
      return SLOT.unknown
    }
    return Math.round(Math.min(1, value / most) * (SLOT.ramp - 1))
  })
  return {
    slots,
    palette: 'distortion',
    legend: {
      kind: 'ramp',
      scale: 'linear',
      ticks: [
        { at: 0, value: 0, text: low },
        { at: 1, value: most, text: high },
      ],
      unknown,
    },
  }
}
