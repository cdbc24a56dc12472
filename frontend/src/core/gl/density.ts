/** How large and how opaque points are, from how crowded the screen is; pure, so that it can be tested. */
export interface PointStyle {
  /** Diameters in CSS px of the least and the most popular point. */
  minPx: number
  maxPx: number
  opacity: number
}

/**
 * rows: points on the map. areaPx: screen area of the whole map at the current zoom, which may exceed the screen.
 * zoom: 1 = whole map. Diameters follow the typical distance between points when all is seen, and then grow more slowly
 * than the map (exponent 0.45), so that zooming in takes crowds apart.
 */
export function pointStyle(rows: number, areaPx: number, zoom: number): PointStyle {
  const filled = 0.5 // share of the bounding box that a typical map covers
  const spacing = Math.sqrt((areaPx * filled) / Math.max(1, rows))
  const spacingAtFit = spacing / Math.max(zoom, 1e-6)
  const minPx = clamp(0.42 * spacingAtFit ** 0.9, spacingAtFit < 2 ? 1.1 : 1.5, 6) * clamp(zoom, 0.7, 64) ** 0.45
  const room = clamp(spacingAtFit / 3, 0.25, 1) // where there is little, the popular ones would cover all others
  const small = clamp(minPx, 0.9 + 0.4 * room, 11)
  const maxPx = clamp(small * 3.6 + 3 * room, 3 + 3 * room, 34)
  // How many points lie upon each other where they lie.
  const diameter = small + USUAL * (maxPx - small)
  const layers = (Math.PI * (diameter / 2) ** 2) / spacing ** 2
  return {
    minPx: small,
    maxPx,
    opacity: clamp(Math.min(0.6 + 0.1 * Math.log2(spacing / 4), SHINING / layers ** 0.8), 0.07, 0.92),
  }
}

/** Where the usual size lies between the least and the greatest. */
const USUAL = 0.3
/** The opacity of points that cover the ground once: more of them shine through each other instead of hiding what is below. */
const SHINING = 0.55

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
