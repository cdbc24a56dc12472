/** A picture of the map as it is on screen, at any resolution, and where its labels stand. */
import type { Frame, Renderer } from '../gl/renderer'
import type { Placed } from '../labels/placement'

export interface SnapshotLabel {
  text: string
  kind: 'region' | 'entity'
  /** As in theme.css: level0 … level2, selected, hover, near, far, quiet. */
  tone: string
  /** Of a region: px of its letters, em between them, and the colour of what lies there, `r g b`. */
  px?: number
  spacing?: number
  ink?: string
  /** CSS px of the map, y down. */
  left: number
  top: number
  width: number
  height: number
}

export interface Snapshot {
  /** CSS size × scale; smaller where the graphics card allows no more. */
  canvas: HTMLCanvasElement
  scale: number
  labels: SnapshotLabel[]
}

/** Draws into the map's own canvas and puts it back within one task, so that nothing is seen of it. */
export function snapshotOf(renderer: Renderer, frame: Frame, wantedScale: number, labels: SnapshotLabel[]): Snapshot {
  const { gl, canvas: screen, pixelRatio } = renderer
  const [width, height] = [screen.width / pixelRatio, screen.height / pixelRatio]
  const limits = gl.getParameter(gl.MAX_VIEWPORT_DIMS) as Int32Array
  const largest = Math.min(limits[0], limits[1], gl.getParameter(gl.MAX_RENDERBUFFER_SIZE) as number)
  const scale = Math.min(wantedScale, largest / Math.max(width, height))
  const canvas = document.createElement('canvas')
  renderer.resize(width, height, scale)
  canvas.width = screen.width
  canvas.height = screen.height
  try {
    renderer.draw({ ...frame, share: 1 })
    canvas.getContext('2d')!.drawImage(screen, 0, 0)
  } finally {
    renderer.resize(width, height, pixelRatio)
    renderer.draw(frame)
  }
  return { canvas, scale, labels }
}

export function labelsOf(
  placed: readonly Placed[],
  textOf: (key: string) => Pick<SnapshotLabel, 'text' | 'kind' | 'tone' | 'px' | 'spacing' | 'ink'>,
): SnapshotLabel[] {
  return placed.map(({ candidate, rect }) => {
    const { text, kind, tone, px, spacing, ink } = textOf(candidate.key)
    return {
      text,
      kind,
      tone,
      px,
      spacing,
      ink,
      left: rect.left,
      top: rect.top,
      width: rect.right - rect.left,
      height: rect.bottom - rect.top,
    }
  })
}
