/**
 * What a link remembers, as text: `#map=…&colour=field&select=id&at=x,y,zoom[,z,yaw,pitch]` and whatever other parts are
 * registered. Keys stay as they are, values are escaped; parts that are broken are left out.
 */
export interface UrlCamera {
  x: number
  y: number
  z: number
  yaw: number
  pitch: number
  /** 1 = the whole map; independent of the size of the screen. */
  zoom: number
}

const DIGITS = 4

/** Half a character, which no address can hold: cut-off texts and files of others end in such. */
const HALF = /\p{Surrogate}/gu

/** Parts in the order given; an empty text when there are none. */
export function writeParts(parts: Iterable<readonly [key: string, value: string]>): string {
  const texts = [...parts].map(
    ([key, value]) =>
      `${key}=${encodeURIComponent(value.replace(HALF, '\ufffd')).replace(/%2C/g, ',').replace(/%3A/g, ':')}`,
  )
  return texts.length > 0 ? `#${texts.join('&')}` : ''
}

export function readParts(hash: string): Map<string, string> {
  const parts = new Map<string, string>()
  for (const part of hash.replace(/^#/, '').split('&')) {
    const equals = part.indexOf('=')
    if (equals < 1) continue
    try {
      parts.set(part.slice(0, equals), decodeURIComponent(part.slice(equals + 1)))
    } catch {
      continue // a truncated %-escape: a link cut off by a mail program still opens the rest
    }
  }
  return parts
}

export function writeCamera({ x, y, zoom, z, yaw, pitch }: UrlCamera): string {
  const numbers = yaw === 0 && pitch === 0 && z === 0 ? [x, y, zoom] : [x, y, zoom, z, yaw, pitch]
  return numbers.map((v) => String(Number(v.toFixed(DIGITS)))).join(',')
}

export function readCamera(text: string): UrlCamera | null {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
  if ((numbers.length !== 3 && numbers.length !== 6) || !numbers.every(Number.isFinite) || numbers[2] <= 0) return null
  const [x, y, zoom, z = 0, yaw = 0, pitch = 0] = numbers
  return { x, y, zoom, z, yaw, pitch }
}

/** A parameter of the address before its hash, or null. */
export function readQuery(search: string, name: string): string | null {
  return new URLSearchParams(search).get(name)
}
