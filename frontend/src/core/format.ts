/** Values as people read them. */
import type { DetailValue } from './data/bundle'
import type { Field } from './data/manifest'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })
const monthFormat = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', timeZone: 'UTC' })
const dateFormat = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' })

export function formatNumber(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 10_000 ? whole.format(value) : fine.format(value)
}

export function formatCount(value: number): string {
  return whole.format(value)
}

/** For legends: short, and right for the type of the column (years carry no thousands separator). */
export function formatTick(value: number, type: 'number' | 'year' | 'date'): string {
  if (type === 'year') return String(Math.round(value))
  if (type === 'date') return new Date(value * 86_400_000).toISOString().slice(0, 4)
  return Math.abs(value) >= 10_000 ? compact.format(value) : formatNumber(value)
}

/** A place on an axis of `span`: dates say as much as tells the ends of the axis apart. */
export function formatPlace(value: number, type: 'number' | 'year' | 'date', span: number): string {
  if (type !== 'date' || span > 1500) return formatTick(value, type)
  return (span > 100 ? monthFormat : dateFormat).format(value * 86_400_000)
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  const power = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3))
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(power === 1 ? 0 : 1)} ${units[power]}`
}

/** A thumbnail that the data holds itself; no SVG, which may hold more than a picture. */
const PICTURE = /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+$/

export type Shown =
  | { kind: 'text'; text: string }
  | { kind: 'link'; href: string; text: string }
  | { kind: 'image'; src: string }
  | { kind: 'list'; items: string[] }

/** How a field's value is shown; null = nothing to show. Links only to http(s), images only from https, or as data of a picture. */
export function showValue(field: Field, value: DetailValue | undefined): Shown | null {
  if (value === null || value === undefined || value === '') return null
  if (Array.isArray(value)) return value.length > 0 ? { kind: 'list', items: value.map(String) } : null
  if (typeof value === 'boolean') return { kind: 'text', text: value ? 'Yes' : 'No' }
  if (field.type === 'link') {
    const url = safeUrl(String(value), ['https:', 'http:'])
    return url ? { kind: 'link', href: url.href, text: shortUrl(url) } : { kind: 'text', text: String(value) }
  }
  if (field.type === 'image') {
    if (PICTURE.test(String(value))) return { kind: 'image', src: String(value) }
    const url = safeUrl(String(value), ['https:'])
    return url ? { kind: 'image', src: url.href } : null
  }
  if (field.type === 'year') return { kind: 'text', text: String(value) }
  if (field.type === 'date') {
    const time = Date.parse(String(value))
    return { kind: 'text', text: Number.isNaN(time) ? String(value) : dateFormat.format(time) }
  }
  if (typeof value === 'number')
    return { kind: 'text', text: formatNumber(value) + (field.unit ? ` ${field.unit}` : '') }
  return { kind: 'text', text: String(value) }
}

function safeUrl(text: string, protocols: string[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  return url && protocols.includes(url.protocol) ? url : null
}

function shortUrl(url: URL): string {
  const path = url.pathname === '/' ? '' : url.pathname
  const text = url.host.replace(/^www\./, '') + path
  return text.length > 48 ? `${text.slice(0, 47)}…` : text
}
