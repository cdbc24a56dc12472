/** What a link remembers: `#map=…&at=x,y,zoom[,z,yaw,pitch]&select=id&colour=field`. Unknown or broken parts are ignored. */
export interface UrlCamera {
  x: number
  y: number
  z: number
  yaw: number
  pitch: number
  /** 1 = the whole map; independent of the size of the screen. */
  zoom: number
}

export interface UrlState {
  projection: string | null
  camera: UrlCamera | null
  /** Id of the selected entity, not its row: rows change when an atlas is rebuilt. */
  selected: string | null
  /** `field:<name>`, `distortion` or `none`; null = the atlas's default. */
  colour: string | null
}

const DIGITS = 4

export function writeState(state: UrlState): string {
  const parts: string[] = []
  const add = (key: string, value: string | null) => {
    if (value !== null) parts.push(`${key}=${encodeURIComponent(value).replace(/%2C/g, ',').replace(/%3A/g, ':')}`)
  }
  add('map', state.projection)
  if (state.camera) {
    const { x, y, zoom, z, yaw, pitch } = state.camera
    const numbers = yaw === 0 && pitch === 0 && z === 0 ? [x, y, zoom] : [x, y, zoom, z, yaw, pitch]
    add('at', numbers.map((v) => String(Number(v.toFixed(DIGITS)))).join(','))
  }
  add('select', state.selected)
  add('colour', state.colour)
  return parts.length > 0 ? `#${parts.join('&')}` : ''
}

export function readState(hash: string): UrlState {
  const values = new Map<string, string>()
  for (const part of hash.replace(/^#/, '').split('&')) {
    const equals = part.indexOf('=')
    if (equals < 1) continue
    try {
      values.set(part.slice(0, equals), decodeURIComponent(part.slice(equals + 1)))
    } catch {
      continue // a truncated %-escape: a link cut off by a mail program still opens the rest
    }
  }
  return {
    projection: values.get('map') ?? null,
    camera: readCamera(values.get('at')),
    selected: values.get('select') ?? null,
    colour: values.get('colour') ?? null,
  }
}

function readCamera(text: string | undefined): UrlCamera | null {
  const numbers = (text ?? '').split(',').map(Number)
  if ((numbers.length !== 3 && numbers.length !== 6) || !numbers.every(Number.isFinite) || text === '' || numbers[2] <= 0) return null
  const [x, y, zoom, z = 0, yaw = 0, pitch = 0] = numbers
  return { x, y, zoom, z, yaw, pitch }
}
