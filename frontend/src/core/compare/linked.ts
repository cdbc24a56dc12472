/** Two cameras that look at the same thing on two maps. */
import type { Pose } from '../camera/camera'
import { carried, type Similarity } from './procrustes'

/**
 * Where the other map's camera should be. `zoom`: of this camera, 1 = the whole map. `scaleOf`: zoom of the other map ->
 * its scale. `anchor`: a place on both maps that should stay at the same spot of both screens (the selected entity);
 * without one, the maps are laid over each other as a whole.
 */
export function linkedPose(
  pose: Pose,
  zoom: number,
  carry: Similarity,
  other: { scaleOf: (zoom: number) => number; spatial: boolean; pose: Pose },
  spatial: boolean,
  anchor: { here: readonly number[]; there: readonly number[] } | null,
): Pose {
  const turned = (x: number, y: number, z: number) => carried({ ...carry, shift: [0, 0, 0] }, x, y, z, [0, 0, 0])
  const centre = turned(pose.x, pose.y, pose.z)
  const shift = anchor
    ? turned(anchor.here[0], anchor.here[1], anchor.here[2]).map((v, axis) => anchor.there[axis] - v)
    : carry.shift
  // Whole maps stay whole, whatever lies where in them; the nearer one looks, the more exactly the places correspond.
  const weight = zoom <= 1 ? 0 : 1 - 1 / zoom
  const [x, y, z] = centre.map((v, axis) => v + weight * shift[axis])
  const turns = spatial && other.spatial
  return {
    x,
    y,
    z: other.spatial ? z : 0,
    yaw: turns ? pose.yaw : other.pose.yaw,
    pitch: turns ? pose.pitch : other.pose.pitch,
    scale: other.scaleOf(zoom),
  }
}
