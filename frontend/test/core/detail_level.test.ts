import { beforeEach, describe, expect, it } from 'vitest'
import { DetailLevel } from '../../src/core/gl/detail_level'

let level: DetailLevel
let now: number

/** Frames that each take `ms` and are asked for at once, as in a drag. */
function drag(frames: number, ms: number): void {
  for (let i = 0; i < frames; i++) {
    level.ask(now + 8)
    now += ms
    level.frame(now, true)
  }
}

beforeEach(() => {
  level = new DetailLevel()
  now = 1000
  level.frame(now, false)
})

describe('level of detail', () => {
  it('leaves out points while frames are slow, and draws all of them at rest', () => {
    drag(4, 80)
    expect(level.share).toBeLessThan(0.4)
    expect(level.rest()).toBe(true)
    expect(level.share).toBe(1)
    expect(level.rest()).toBe(false)
  })

  it('does so within three frames where each takes more than a second', () => {
    drag(3, 1500)
    expect(level.share).toBeLessThan(0.05)
    drag(20, 1500)
    expect(level.share).toBeGreaterThan(0.03)
  })

  it('keeps all points on a fast machine, and takes them back in when it becomes one', () => {
    drag(50, 16)
    expect(level.share).toBe(1)
    drag(5, 100)
    drag(60, 16)
    expect(level.share).toBe(1)
  })

  it('takes a pause between two movements for no slow frame', () => {
    drag(3, 16)
    now += 5000
    level.ask(now - 12)
    level.frame(now, true)
    expect(level.share).toBe(1)
  })

  it('begins a movement with what the one before came to', () => {
    drag(5, 500)
    const learnt = level.share
    level.rest()
    level.frame((now += 300), false)
    now += 3000
    level.ask(now - 10)
    level.frame(now, true)
    expect(level.share).toBe(learnt)
  })
})
