import { describe, expect, it } from 'vitest'
import { readState, writeState, type UrlState } from '../../src/core/url/state'
import { generator } from '../support/random'

const nothing: UrlState = { projection: null, camera: null, selected: null, colour: null }

describe('link state', () => {
  it('comes back as it was written', () => {
    const random = generator(6)
    const ids = ['numpy.asarray', 'Ä b&c=d#e', '100% ,:', '日本', '', 'a/b?c']
    for (let i = 0; i < 200; i++) {
      const round = (v: number) => Number(v.toFixed(4))
      const camera = { x: round(random() * 2 - 1), y: round(random() * 2 - 1), zoom: round(0.7 + random() * 60), z: round(random()), yaw: round(random() * 6), pitch: round(random()) }
      const flat = { ...camera, z: 0, yaw: 0, pitch: 0 }
      const state: UrlState = {
        projection: random() < 0.5 ? null : 'k15_d3_umap-nn30-md0.1',
        camera: random() < 0.3 ? null : random() < 0.5 ? camera : flat,
        selected: random() < 0.3 ? null : ids[Math.floor(random() * ids.length)],
        colour: random() < 0.5 ? null : 'field:rating, mean',
      }
      expect(readState(writeState(state))).toEqual(state)
    }
  })

  it('is empty when there is nothing to remember', () => {
    expect(writeState(nothing)).toBe('')
    expect(readState('')).toEqual(nothing)
  })

  it('stays short and readable', () => {
    expect(writeState({ ...nothing, projection: 'k15_umap', camera: { x: 0.5, y: -0.25, z: 0, yaw: 0, pitch: 0, zoom: 4 }, colour: 'field:year' })).toBe('#map=k15_umap&at=0.5,-0.25,4&colour=field:year')
  })

  it.each(['#at=1,2', '#at=a,b,c', '#at=', '#at=1,2,0', '#at=1,2,-3', '#select=%E0%A4%A', '#=x', '#&&&', '#nonsense'])('ignores the broken part of %s', (hash) => {
    expect(readState(hash)).toEqual(nothing)
  })
})
