/** What is read rather than compared. */
import type { ReadType } from './field_type'

/** A thumbnail that the data holds itself; no SVG, which may hold more than a picture. */
const PICTURE = /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+$/

/** Only to http(s). */
export const LINK: ReadType = {
  name: 'link',
  column: null,
  show(value) {
    const url = safeUrl(String(value), ['https:', 'http:'])
    return url ? { kind: 'link', href: url.href, text: shortUrl(url) } : { kind: 'text', text: String(value) }
  },
}

/** Only from https, or as data of a picture. */
export const IMAGE: ReadType = {
  name: 'image',
  column: null,
  show(value) {
    if (PICTURE.test(String(value))) return { kind: 'image', src: String(value) }
    const url = safeUrl(String(value), ['https:'])
    return url ? { kind: 'image', src: url.href } : null
  },
}

export const TEXT: ReadType = { name: 'text', column: null, wide: true }

function safeUrl(text: string, protocols: string[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  return url && protocols.includes(url.protocol) ? url : null
}

function shortUrl(url: URL): string {
  const path = url.pathname === '/' ? '' : url.pathname
  const text = url.host.replace(/^www\./, '') + path
  return text.length > 48 ? `${text.slice(0, 47)}…` : text
}
