/** Compares two maps off the main thread. Long work is done in slices, so that questions are answered in between. */
import type { Layer } from '../gl/renderer'
import { suggestGroups, type Group } from './groups'
import { movementBetween, type Movement } from './movement'
import { keptShares } from './neighbours'
import { nearestOfAll, PointTree } from './point_tree'
import type { Similarity } from './procrustes'

export const NEIGHBOURS = 12
/** All rows up to here are compared by neighbours; beyond, the most important ones (rows come in that order). */
export const MOST_ROWS = 200_000
const GROUPS = 12

export type ToWorker =
  | { kind: 'maps'; id: number; keys: [string, string]; layers: [Layer, Layer] }
  | { kind: 'near'; id: number; question: number; rows: Uint32Array }

export type FromWorker =
  | { kind: 'movement'; id: number; shares: Float32Array; similarity: Similarity }
  | { kind: 'progress'; id: number; share: number }
  | { kind: 'neighbours'; id: number; kept: Float32Array; groups: Group[] }
  | { kind: 'near'; id: number; question: number; near: [Uint32Array, Uint32Array] }

const KEPT_TREES = 4
const trees = new Map<string, { layer: Layer; tree: PointTree; near: Uint32Array | null }>()
let current: { id: number; keys: [string, string] } | null = null

const send = (message: FromWorker) => self.postMessage(message)
/** Lets waiting messages in. */
const breathe = () => new Promise<void>((resolve) => setTimeout(resolve))

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data
  if (message.kind === 'maps') void compare(message)
  else if (current?.id === message.id) {
    const near = current.keys.map((key) => {
      const lists = new Uint32Array(message.rows.length * NEIGHBOURS)
      message.rows.forEach((row, i) => trees.get(key)!.tree.nearest(row, NEIGHBOURS, lists, i * NEIGHBOURS))
      return lists
    }) as [Uint32Array, Uint32Array]
    send({ kind: 'near', id: message.id, question: message.question, near })
  }
}

async function compare({ id, keys, layers }: Extract<ToWorker, { kind: 'maps' }>): Promise<void> {
  const maps = keys.map((key, i) => {
    const layer = layers[i]
    const known = trees.get(key) ?? { layer, tree: new PointTree(layer), near: null }
    trees.delete(key)
    trees.set(key, known)
    return known
  })
  for (const key of trees.keys()) if (trees.size > KEPT_TREES && !keys.includes(key)) trees.delete(key)
  current = { id, keys }
  const [a, b] = maps
  const movement: Movement = movementBetween(a.layer, b.layer)
  send({ kind: 'movement', id, shares: movement.shares, similarity: movement.similarity })

  const rows = Math.min(MOST_ROWS, a.tree.rows)
  for (const [i, map] of maps.entries()) {
    if (map.near) continue
    const work = nearestOfAll(map.tree, rows, NEIGHBOURS)
    let step = work.next()
    while (!step.done) {
      send({ kind: 'progress', id, share: (i + step.value) / 2 })
      await breathe()
      if (current?.id !== id) return
      step = work.next()
    }
    map.near = step.value
  }
  const near: [Uint32Array, Uint32Array] = [a.near!, b.near!]
  const kept = keptShares(near[0], near[1], NEIGHBOURS, a.tree.rows)
  send({
    kind: 'neighbours',
    id,
    kept,
    groups: suggestGroups({ a: a.layer, b: b.layer, movement, near, k: NEIGHBOURS, kept }, GROUPS),
  })
}
