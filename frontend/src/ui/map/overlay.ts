/** A drawing in world units above a flat map. */
import type { MapView } from '../../core/map/map_view'

/** Turns its first element's world units into px, so that it follows the map without being made again. */
export function follow(map: MapView, drawing: SVGSVGElement): void {
  const { window, insets } = map.camera
  const [width, height] = [drawing.clientWidth, drawing.clientHeight]
  const scale = (width - insets.left - insets.right) / (2 * window.halfWidth)
  if (!(scale > 0) || !Number.isFinite(scale)) return
  const x = insets.left + (width - insets.left - insets.right) / 2 - window.x * scale
  const y = insets.top + (height - insets.top - insets.bottom) / 2 + window.y * scale
  drawing.firstElementChild?.setAttribute('transform', `matrix(${scale} 0 0 ${-scale} ${x} ${y})`)
}
