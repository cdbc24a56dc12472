/** Keeps the cameras of two maps on the same thing, whichever of them is moved. */
import type { Pose } from '../camera/camera'
import type { MapView } from '../map/map_view'
import { linkedPose } from './linked'
import { inverse, type Similarity } from './procrustes'

const SAME = 1e-9

/**
 * The second map follows at once, and from then on each the other. `anchor`: where something that should stay at the same
 * spot of both screens lies on either map, or null. Returns what ends it.
 */
export function linkCameras(
  first: MapView,
  second: MapView,
  about: { similarity: Similarity; anchor: readonly [here: readonly number[], there: readonly number[]] | null },
): () => void {
  const { similarity, anchor } = about
  const back = inverse(similarity)
  // What was last set by following: the frame that it causes on the other map must not be followed back.
  const echoes: [Pose | null, Pose | null] = [null, null]
  const follow = (from: 0 | 1, pose: Pose): void => {
    const echo = echoes[from]
    if (echo && (Object.keys(pose) as (keyof Pose)[]).every((part) => Math.abs(pose[part] - echo[part]) < SAME)) return
    const [here, there] = from === 0 ? [first, second] : [second, first]
    const other = {
      scaleOf: (zoom: number) => there.camera.scaleOf(zoom),
      spatial: there.projection.dims === 3,
      pose: there.camera.pose,
    }
    const target = linkedPose(
      pose,
      here.camera.zoomOf(pose),
      from === 0 ? back : similarity,
      other,
      here.projection.dims === 3,
      anchor && { here: anchor[from], there: anchor[1 - from] },
    )
    there.camera.setPose(target, { instant: true })
    echoes[1 - from] = there.camera.pose
  }
  follow(0, first.camera.pose)
  const ends = [first.camera.onMove((pose) => follow(0, pose)), second.camera.onMove((pose) => follow(1, pose))]
  return () => ends.forEach((end) => end())
}
