/** Numbers as people read them. */
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

export function formatNumber(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 10_000 ? whole.format(value) : fine.format(value)
}

export function formatCount(value: number): string {
  return whole.format(value)
}

/** Of an axis, where there is little room. */
export function formatShort(value: number): string {
  return Math.abs(value) >= 10_000 ? compact.format(value) : formatNumber(value)
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  const power = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3))
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(power === 1 ? 0 : 1)} ${units[power]}`
}
