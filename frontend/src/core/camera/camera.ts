/**
 * One camera for flat and spatial maps: it looks at `target` from a distance, turned by `yaw` and `pitch`.
 *
 * Looking straight down at the plane z = 0, a perspective camera is an exact similarity, so a flat map is the case
 * yaw = pitch = z = 0, and a morph from 2-D to 3-D needs no change of camera. `scale` is CSS pixels per world unit at
 * the target. World units: every projection fills the cube [-1, 1]. Screen: CSS pixels, y down.
 */
export interface Pose {
  x: number
  y: number
  z: number
  /** Radians about the vertical axis, then about the camera's horizontal axis. */
  yaw: number
  pitch: number
  scale: number
}

export interface View {
  width: number
  height: number
  /** Where the target lies on screen: the centre of what the panels leave free. */
  centreX: number
  centreY: number
}

/** Half of the projection's extent in world units, per axis; the largest is 1. */
export type Extent = [number, number, number]

export interface ScreenPoint {
  x: number
  y: number
  /** Size relative to a point at the target's distance; not positive = behind the camera. */
  nearness: number
}

const HALF_FOV_TANGENT = Math.tan((40 / 2) * (Math.PI / 180))
const MAX_PITCH = 1.5
/** One step of u16 coordinates is about one CSS pixel here on a 1,200 px map; more would show the quantisation. */
export const MAX_ZOOM = 64
const MIN_ZOOM = 0.7

export function distanceOf(pose: Pose, view: View): number {
  return view.height / (2 * HALF_FOV_TANGENT * pose.scale)
}

/** Unit vectors of the camera in world space. */
export function axesOf(pose: Pose): { right: number[]; up: number[]; back: number[] } {
  const [cy, sy, cp, sp] = [Math.cos(pose.yaw), Math.sin(pose.yaw), Math.cos(pose.pitch), Math.sin(pose.pitch)]
  return { right: [cy, 0, -sy], up: [-sy * sp, cp, -cy * sp], back: [sy * cp, sp, cy * cp] }
}

/** Column-major world -> clip. */
export function viewProjection(pose: Pose, view: View): Float32Array {
  const { right, up, back } = axesOf(pose)
  const distance = distanceOf(pose, view)
  const at = [pose.x, pose.y, pose.z]
  const dot = (axis: number[]) => axis[0] * at[0] + axis[1] * at[1] + axis[2] * at[2]
  // Rows of the view matrix; its last row is the depth in front of the camera, w = distance - back·(p - target).
  const wRow = [-back[0], -back[1], -back[2], distance + dot(back)]
  const near = distance * 0.02
  const far = distance + 8
  const fx = view.height / (view.width * HALF_FOV_TANGENT)
  const fy = 1 / HALF_FOV_TANGENT
  const shiftX = (2 * view.centreX) / view.width - 1
  const shiftY = 1 - (2 * view.centreY) / view.height
  const a = (far + near) / (far - near)
  const b = (-2 * far * near) / (far - near)
  const m = new Float32Array(16)
  for (let column = 0; column < 4; column++) {
    const w = wRow[column]
    const x = column < 3 ? right[column] : -dot(right)
    const y = column < 3 ? up[column] : -dot(up)
    m[column * 4] = fx * x + shiftX * w
    m[column * 4 + 1] = fy * y + shiftY * w
    m[column * 4 + 2] = a * w + (column === 3 ? b : 0)
    m[column * 4 + 3] = w
  }
  return m
}

/** A world point on screen, given the matrix of viewProjection and the distance of its target. */
export function toScreen(
  m: Float32Array,
  view: View,
  distance: number,
  x: number,
  y: number,
  z: number,
  out: ScreenPoint,
): ScreenPoint {
  const w = m[3] * x + m[7] * y + m[11] * z + m[15]
  out.x = ((m[0] * x + m[4] * y + m[8] * z + m[12]) / w + 1) * 0.5 * view.width
  out.y = (1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * 0.5 * view.height
  out.nearness = distance / w
  return out
}

/** The world point under a screen position, in the plane through the target that faces the camera. */
export function toWorld(pose: Pose, view: View, screenX: number, screenY: number): [number, number, number] {
  const { right, up } = axesOf(pose)
  const dx = (screenX - view.centreX) / pose.scale
  const dy = (view.centreY - screenY) / pose.scale
  return [pose.x + right[0] * dx + up[0] * dy, pose.y + right[1] * dx + up[1] * dy, pose.z + right[2] * dx + up[2] * dy]
}

/** Scale at which the whole map is seen between the panels. */
export function fitScale(extent: Extent, free: { width: number; height: number }, spatial: boolean): number {
  const margin = 0.9
  if (!spatial) return margin * Math.min(free.width / (2 * extent[0] || 1e-6), free.height / (2 * extent[1] || 1e-6))
  // Seen from any side, and with perspective: the enclosing ball, of which corners are mostly empty.
  const radius = 0.72 * Math.hypot(...extent)
  return (margin * Math.min(free.width, free.height)) / (2 * radius)
}

/** The pose that shows everything; 3-D starts at an angle, from which depth can be told. */
export function fitPose(scale: number, spatial: boolean): Pose {
  return { x: 0, y: 0, z: 0, yaw: spatial ? 0.6 : 0, pitch: spatial ? 0.35 : 0, scale }
}

/** The nearest pose from which the map cannot be lost: the target stays inside the map, the zoom within its limits. */
export function limited(pose: Pose, extent: Extent, fit: number, spatial: boolean): Pose {
  const clamp = (v: number, reach: number) => Math.min(reach, Math.max(-reach, v))
  return {
    x: clamp(pose.x, extent[0]),
    y: clamp(pose.y, extent[1]),
    z: spatial ? clamp(pose.z, extent[2]) : 0,
    yaw: spatial ? pose.yaw : 0,
    pitch: spatial ? clamp(pose.pitch, MAX_PITCH) : 0,
    scale: Math.min(fit * MAX_ZOOM, Math.max(fit * MIN_ZOOM, pose.scale)),
  }
}

/** Moves the map with the pointer. */
export function panned(pose: Pose, dx: number, dy: number): Pose {
  const { right, up } = axesOf(pose)
  const [a, b] = [-dx / pose.scale, dy / pose.scale]
  return {
    ...pose,
    x: pose.x + right[0] * a + up[0] * b,
    y: pose.y + right[1] * a + up[1] * b,
    z: pose.z + right[2] * a + up[2] * b,
  }
}

export function orbited(pose: Pose, dx: number, dy: number): Pose {
  const radiansPerPx = 0.006
  return {
    ...pose,
    yaw: pose.yaw - dx * radiansPerPx,
    pitch: Math.max(-MAX_PITCH, Math.min(MAX_PITCH, pose.pitch + dy * radiansPerPx)),
  }
}

/** Zooms by `factor`; the world point under (screenX, screenY) stays there, unless a limit is reached. */
export function zoomedAt(
  pose: Pose,
  view: View,
  factor: number,
  screenX: number,
  screenY: number,
  limits: { min: number; max: number },
): Pose {
  const scale = Math.min(limits.max, Math.max(limits.min, pose.scale * factor))
  const before = toWorld(pose, view, screenX, screenY)
  const after = toWorld({ ...pose, scale }, view, screenX, screenY)
  return {
    ...pose,
    scale,
    x: pose.x + before[0] - after[0],
    y: pose.y + before[1] - after[1],
    z: pose.z + before[2] - after[2],
  }
}

export function scaleLimits(fit: number): { min: number; max: number } {
  return { min: fit * MIN_ZOOM, max: fit * MAX_ZOOM }
}

/** Distance of the target in flight, world units: near, so that turning about the eye feels like looking around. */
const FLIGHT_DISTANCE = 0.5
/** How far from the middle of the map the eye may fly. */
const FLIGHT_REACH = 4

function eyeOf(pose: Pose, view: View): [number, number, number] {
  const { back } = axesOf(pose)
  const distance = distanceOf(pose, view)
  return [pose.x + back[0] * distance, pose.y + back[1] * distance, pose.z + back[2] * distance]
}

/** The pose that looks from `eye` into the direction of `pose`, with its target at a distance. */
function lookingFrom(eye: number[], pose: Pose, view: View, distance: number): Pose {
  const { back } = axesOf(pose)
  return {
    ...pose,
    x: eye[0] - back[0] * distance,
    y: eye[1] - back[1] * distance,
    z: eye[2] - back[2] * distance,
    scale: view.height / (2 * HALF_FOV_TANGENT * distance),
  }
}

/** The same view as that of a pose, ready to fly: what is looked at does not change, but turns are about the eye. */
export function takenOff(pose: Pose, view: View): Pose {
  return lookingFrom(eyeOf(pose, view), pose, view, FLIGHT_DISTANCE)
}

/** The end of a flight: the same view, with the target where the line of sight comes closest to the middle of the map. */
export function landed(pose: Pose, view: View): Pose {
  const eye = eyeOf(pose, view)
  const { back } = axesOf(pose)
  const ahead = eye[0] * back[0] + eye[1] * back[1] + eye[2] * back[2]
  return lookingFrom(eye, pose, view, Math.max(FLIGHT_DISTANCE, Math.min(2 * FLIGHT_REACH, ahead)))
}

/** Moves eye and target alike, in world units along the camera's axes; the eye stays near the map. */
export function flown(pose: Pose, view: View, by: { right: number; up: number; ahead: number }): Pose {
  const { right, up, back } = axesOf(pose)
  const eye = eyeOf(pose, view).map((v, axis) => v + right[axis] * by.right + up[axis] * by.up - back[axis] * by.ahead)
  const reach = Math.max(1, Math.hypot(...eye) / FLIGHT_REACH)
  return lookingFrom(
    eye.map((v) => v / reach),
    pose,
    view,
    distanceOf(pose, view),
  )
}

/** Turns the view about the eye by a drag in CSS px. */
export function lookedAround(pose: Pose, view: View, dx: number, dy: number): Pose {
  const radiansPerPx = 0.0035
  const turned = {
    ...pose,
    yaw: pose.yaw + dx * radiansPerPx,
    pitch: Math.max(-MAX_PITCH, Math.min(MAX_PITCH, pose.pitch + dy * radiansPerPx)),
  }
  return lookingFrom(eyeOf(pose, view), turned, view, distanceOf(pose, view))
}
