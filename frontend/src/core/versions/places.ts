/** An earlier version of a map in the rows and the frame of today's, so that one can slide into the other. */
import { carried, type Similarity } from '../compare/procrustes'
import type { Region } from '../data/bundle'
import type { Projection } from '../data/manifest'
import { LOOK, plainSizes, SLOT } from '../gl/look'
import { ABSENT, type Layer } from '../gl/renderer'
import { stored, toProjectionUnits, toWorldUnits, worldOf, type Units } from '../map/layers'
import type { Guest } from '../map/projecting'
import type { Matched } from './match'

type Place = [number, number, number]

/** The places of some rows as a layer of their own. */
export function layerOfRows({ positions, scale, offset }: Layer, rows: Uint32Array): Layer {
  const picked = new Uint16Array(4 * rows.length)
  rows.forEach((row, i) => picked.set(positions.subarray(4 * row, 4 * row + 3), 4 * i))
  return { positions: picked, scale, offset }
}

/** `similarity`: lays the earlier map over today's. Whoever is new stands where it stands today, and is absent. */
export function guestOf(
  key: string,
  today: { projection: Projection; layer: Layer },
  earlier: { projection: Projection; layer: Layer; regions: readonly Region[] },
  matched: Matched,
  similarity: Similarity,
): Guest {
  const at: Place = [0, 0, 0]
  const carry = ([x, y, z]: Place): Place => {
    carried(similarity, x, y, z, at)
    return [at[0], at[1], today.projection.dims === 3 ? at[2] : 0]
  }
  const placeThen = (row: number) => carry(worldOf(earlier.layer, row, [0, 0, 0]))
  const rows = today.layer.positions.length / 4
  const world = new Float32Array(3 * rows)
  for (const row of matched.fresh) world.set(worldOf(today.layer, row, at), 3 * row)
  matched.now.forEach((row, i) => world.set(placeThen(matched.then[i]), 3 * row))
  const gone = Float32Array.from([...matched.gone].flatMap(placeThen))
  const layer = stored(world, frameAround([world, gone]))
  for (const row of matched.fresh) layer.positions[4 * row + 3] = ABSENT

  const fading = stored(gone, today.layer)
  for (let lane = 3; lane < fading.positions.length; lane += 4) fading.positions[lane] = ABSENT
  const look = new Uint8Array(matched.gone.length * LOOK.stride)
  const sizes = plainSizes(matched.gone.length)
  sizes.forEach((size, i) => look.set([SLOT.unknown, size], LOOK.stride * i))

  return {
    projection: { ...today.projection, key },
    layer,
    regions: earlier.regions.map((region) => {
      const [x, y, z] = toProjectionUnits(today.projection, carry(toWorldUnits(earlier.projection, region)))
      return { ...region, x, y, z: today.projection.dims === 3 ? z : null }
    }),
    ghosts: { positions: [stored(gone, layer).positions, fading.positions], look },
  }
}

function frameAround(places: readonly Float32Array[]): Units {
  const low: Place = [Infinity, Infinity, Infinity]
  const high: Place = [-Infinity, -Infinity, -Infinity]
  for (const one of places) {
    for (let i = 0; i < one.length; i++) {
      low[i % 3] = Math.min(low[i % 3], one[i])
      high[i % 3] = Math.max(high[i % 3], one[i])
    }
  }
  return { scale: high.map((value, axis) => value - low[axis]) as Place, offset: low }
}
