/**
 * Smooth flight between two poses: zooms out, travels, zooms in, so that the eye can follow over any distance.
 * Follows van Wijk and Nuij, "Smooth and efficient zooming and panning", InfoVis 2003; u is the path length on the
 * map, w the width of the view.
 */
import type { Pose, View } from './camera'

const RHO = 1.35

export interface Flight {
  /** Milliseconds; 0 when there is nothing to fly. */
  duration: number
  /** Pose at a fraction of the way; at(0) and at(1) are exactly the two ends. */
  at(fraction: number): Pose
}

export function flight(from: Pose, to: Pose, view: View, options: { maxMs?: number } = {}): Flight {
  const size = Math.min(view.width, view.height)
  const [w0, w1] = [size / from.scale, size / to.scale]
  const distance = Math.hypot(to.x - from.x, to.y - from.y, to.z - from.z)
  const rho2 = RHO * RHO

  let length: number
  let along: (s: number) => { u: number; w: number }
  if (distance < 1e-6) {
    length = Math.abs(Math.log(w1 / w0)) / RHO
    along = (s) => ({ u: 0, w: w0 * Math.exp((w1 < w0 ? -1 : 1) * RHO * s) })
  } else {
    const b = (w: number, sign: number) =>
      (w1 * w1 - w0 * w0 + sign * rho2 * rho2 * distance * distance) / (2 * w * rho2 * distance)
    const r = (value: number) => Math.log(Math.sqrt(value * value + 1) - value)
    const [r0, r1] = [r(b(w0, 1)), r(b(w1, -1))]
    length = (r1 - r0) / RHO
    along = (s) => ({
      u: (w0 / rho2) * (Math.cosh(r0) * Math.tanh(RHO * s + r0) - Math.sinh(r0)),
      w: (w0 * Math.cosh(r0)) / Math.cosh(RHO * s + r0),
    })
  }
  const turn = Math.hypot(to.yaw - from.yaw, to.pitch - from.pitch)
  const duration =
    length < 1e-4 && turn < 1e-4 ? 0 : Math.min(options.maxMs ?? 1400, Math.max(320, length * 420, turn * 500))
  return {
    duration,
    at(fraction) {
      if (fraction <= 0) return { ...from }
      if (fraction >= 1) return { ...to }
      const t = ease(fraction)
      const { u, w } = along(length * t)
      const share = distance < 1e-6 ? t : Math.min(1, u / distance)
      const mix = (a: number, b: number, f: number) => a + (b - a) * f
      return {
        x: mix(from.x, to.x, share),
        y: mix(from.y, to.y, share),
        z: mix(from.z, to.z, share),
        yaw: mix(from.yaw, to.yaw, t),
        pitch: mix(from.pitch, to.pitch, t),
        scale: size / w,
      }
    },
  }
}

export function ease(t: number): number {
  return t < 0.5 ? 4 * t * t * t : 1 - (-2 * t + 2) ** 3 / 2
}
