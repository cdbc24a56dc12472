/** What the renderer is told of a frame: camera, mix, sizes of points, how strongly they are dimmed. */
import { distanceOf, viewProjection, type Pose } from '../camera/camera'
import { pointStyle } from '../gl/density'
import type { Frame } from '../gl/renderer'
import type { Framing } from './framing'
import { farness } from './ground'
import type { Looks } from './looks'
import type { Morph } from './morph'

export function frameOf(
  pose: Pose,
  scene: { framing: Framing; morph: Morph; looks: Looks; rows: number; share: number },
): Frame {
  const { framing, morph, looks, rows, share } = scene
  const { extent, view, spatial, fitOpen } = framing
  const area = Math.max(0.05, extent[0] * (spatial ? 1 : extent[1])) * 4 * pose.scale ** 2
  return {
    viewProjection: viewProjection(pose, view),
    distance: distanceOf(pose, view),
    mix: morph.mix,
    spatial: morph.spatial,
    ...pointStyle(rows, area, pose.scale / fitOpen),
    ...looks.opacities,
    share,
    lineOpacity: 1,
    glow: spatial ? 0 : farness(pose.scale / fitOpen),
    ground: morph.between || spatial ? 0 : looks.ground.strength(pose.scale / fitOpen),
  }
}
