import { describe, expect, it } from 'vitest'
import { readCamera, readParts, writeCamera, writeParts } from '../../src/core/url/state'
import { generator } from '../support/random'

describe('link state', () => {
  it('comes back as it was written, whatever is in it', () => {
    const random = generator(6)
    const texts = [
      'numpy.asarray',
      'Ä b&c=d#e',
      '100% ,:',
      '日本',
      '',
      'a/b?c',
      'year:>2010 genre:"hip hop"|rock',
      '%E0%A4%A',
      '🦉+1',
    ]
    const keys = ['map', 'at', 'select', 'colour', 'f', 's', 'c', 'p', 'from-tomorrow']
    for (let i = 0; i < 300; i++) {
      const parts = new Map(
        keys.filter(() => random() < 0.5).map((key) => [key, texts[Math.floor(random() * texts.length)]]),
      )
      expect(readParts(writeParts(parts))).toEqual(parts)
    }
  })

  it('keeps cameras to four digits', () => {
    const random = generator(7)
    const round = (v: number) => Number(v.toFixed(4))
    for (let i = 0; i < 200; i++) {
      const camera = {
        x: round(random() * 2 - 1),
        y: round(random() * 2 - 1),
        zoom: round(0.7 + random() * 60),
        z: round(random()),
        yaw: round(random() * 6),
        pitch: round(random()),
      }
      for (const wanted of [camera, { ...camera, z: 0, yaw: 0, pitch: 0 }])
        expect(readCamera(writeCamera(wanted))).toEqual(wanted)
    }
  })

  it('is empty when there is nothing to remember', () => {
    expect(writeParts([])).toBe('')
    expect(readParts('')).toEqual(new Map())
  })

  it('stays short and readable', () => {
    const camera = { x: 0.5, y: -0.25, z: 0, yaw: 0, pitch: 0, zoom: 4 }
    expect(
      writeParts([
        ['map', 'k15_umap'],
        ['at', writeCamera(camera)],
        ['colour', 'field:year'],
      ]),
    ).toBe('#map=k15_umap&at=0.5,-0.25,4&colour=field:year')
  })

  it.each(['#select=%E0%A4%A', '#=x', '#&&&', '#nonsense'])('leaves out the broken part of %s', (hash) => {
    expect(readParts(`${hash}&map=a`)).toEqual(new Map([['map', 'a']]))
  })

  it.each(['1,2', 'a,b,c', '', '1,,3', '1,2,0', '1,2,-3', '1,2,Infinity', '1,2,3,4'])(
    'takes no camera from "%s"',
    (text) => {
      expect(readCamera(text)).toBeNull()
    },
  )
})
