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
  const minPx = clamp(0.42 * spacingAtFit ** 0.9, 1.5, 6) * clamp(zoom, 0.7, 64) ** 0.45
  const small = clamp(minPx, 1.3, 11)
  return {
    minPx: small,
    maxPx: clamp(small * 3.6 + 3, 6, 34),
    opacity: clamp(0.6 + 0.1 * Math.log2(spacing / 4), 0.4, 0.92),
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
