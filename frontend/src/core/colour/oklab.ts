/** Colours in OKLab (Ottosson 2020), where equal steps look equal; sRGB components 0 … 255. */
export type Rgb = [number, number, number]

export function parseHex(hex: string): Rgb | null {
  const match = /^#([0-9a-f]{6})$/i.exec(hex.trim())
  if (!match) return null
  const value = parseInt(match[1], 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

export function toHex(rgb: Rgb): string {
  return `#${rgb
    .map((v) =>
      Math.round(Math.min(255, Math.max(0, v)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}

const linear = (v: number) => (v <= 10.31475 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)
const gamma = (v: number) => 255 * (v <= 0.0031308 ? v * 12.92 : 1.055 * Math.max(0, v) ** (1 / 2.4) - 0.055)

export function toOklab([r8, g8, b8]: Rgb): [number, number, number] {
  const [r, g, b] = [linear(r8), linear(g8), linear(b8)]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

export function fromOklab([L, a, b]: [number, number, number]): Rgb {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3
  const rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
  return rgb.map((v) => Math.min(255, Math.max(0, Math.round(gamma(Math.min(1, Math.max(0, v))))))) as Rgb
}

/** `steps` colours through the given ones, evenly spaced to the eye. */
export function ramp(colours: string[], steps: number): Rgb[] {
  const anchors = colours.map((hex) => toOklab(parseHex(hex)!))
  return Array.from({ length: steps }, (_, i) => {
    const at = (i / Math.max(1, steps - 1)) * (anchors.length - 1)
    const low = Math.min(anchors.length - 2, Math.floor(at))
    const t = at - low
    return fromOklab(anchors[low].map((v, c) => v + (anchors[low + 1][c] - v) * t) as [number, number, number])
  })
}

/** WCAG contrast ratio, 1 … 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const luminance = (c: Rgb) => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2])
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

/** The colour nearest in lightness to `colour` that reaches `ratio` against the background. */
export function readable(colour: Rgb, background: Rgb, ratio: number): Rgb {
  const lab = toOklab(colour)
  const direction = toOklab(background)[0] > 0.5 ? -1 : 1
  for (let step = 0; step <= 50; step++) {
    const candidate = fromOklab([Math.min(1, Math.max(0, lab[0] + (direction * step) / 50)), lab[1], lab[2]])
    if (contrast(candidate, background) >= ratio) return candidate
  }
  return direction > 0 ? [255, 255, 255] : [0, 0, 0]
}
