import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launch } from '../support/browser.mjs'
import { FRONTEND } from '../support/site.mjs'
import type { Harness } from './harness'

declare global {
  interface Window {
    Harness: typeof Harness
    h: Harness
  }
}

const RED = [255, 0, 0]
const GREEN = [0, 255, 0]
const BLUE = [0, 0, 255]
const BLACK = [0, 0, 0]

let browser: Browser
let page: Page
let script: string

beforeAll(async () => {
  const outDir = join(FRONTEND, 'test/.fixture/harness')
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: true,
      lib: {
        entry: join(FRONTEND, 'test/browser/harness.ts'),
        formats: ['iife'],
        name: 'harness',
        fileName: () => 'harness.js',
      },
    },
  })
  script = readFileSync(join(outDir, 'harness.js'), 'utf8')
  browser = await launch()
  page = await browser.newPage()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  await page.goto('about:blank')
  await page.setContent('<!doctype html><body></body>')
  await page.addScriptTag({ content: script })
})

describe('renderer', () => {
  it('really has WebGL 2 here', async () => {
    expect(await page.evaluate(() => document.createElement('canvas').getContext('webgl2') !== null)).toBe(true)
  })

  it('draws known points at known pixels in their colours', async () => {
    const colours = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0],
        [1, 0],
        [0, 1],
      ])
      return h.draw([
        [200, 200],
        [300, 200],
        [200, 100],
        [250, 200],
        [200, 212],
      ])
    })
    expect(colours).toEqual([RED, GREEN, BLUE, BLACK, BLACK])
  })

  it('draws popular points on top and larger', async () => {
    const colours = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0],
        [0.02, 0],
      ])
      h.sizes([255, 0])
      const popularFirst = h.draw([
        [202, 200],
        [200, 217],
      ])
      h.sizes([0, 255])
      return [
        ...popularFirst,
        ...h.draw([
          [202, 200],
          [202, 217],
        ]),
      ]
    })
    expect(colours).toEqual([RED, RED, GREEN, GREEN])
  })

  it('puts points of a morph at the mix of both projections', async () => {
    const at = await page.evaluate(() => {
      const h = new window.Harness([[-1, 0]], [[1, 0.5]])
      return [0, 0.5, 1].map((mix) => {
        h.mix = mix
        return h.draw([
          [100, 200],
          [200, 175],
          [300, 150],
        ])
      })
    })
    expect(at).toEqual([
      [RED, BLACK, BLACK],
      [BLACK, RED, BLACK],
      [BLACK, BLACK, RED],
    ])
  })

  it('starts a new morph where the old one was interrupted', async () => {
    const [before, after] = await page.evaluate(() => {
      const h = new window.Harness([[-1, 0]], [[1, 0.5]])
      h.mix = 0.5
      const before = h.draw([[200, 175]])
      h.morphFromHere([[0, -1]])
      return [before, h.draw([[200, 175]])]
    })
    expect(before).toEqual([RED])
    expect(after).toEqual([RED])
  })

  it('fades in what is on the second map only, and out what is no row any more, which is never picked', async () => {
    const { pictures, picks, restored } = await page.evaluate(async () => {
      const h = new window.Harness([
        [-1, 0],
        [0, 0],
      ])
      const first = h.renderer.layer(0)
      first.positions[7] = 65535
      h.renderer.setLayer(0, first)
      const place = [65535, 32768, 32768]
      h.renderer.setGhosts({
        positions: [Uint16Array.of(...place, 0), Uint16Array.of(...place, 65535)],
        look: Uint8Array.of(2, 0, 0, 0),
      })
      const at = (mix: number) => {
        h.mix = mix
        return h.draw([
          [100, 200],
          [200, 200],
          [300, 200],
        ])
      }
      const pictures = [0, 0.5, 1].map(at)
      const picks = [1, 0].map((mix) => {
        h.mix = mix
        return [h.pick(100, 200), h.pick(200, 200), h.pick(300, 200)]
      })
      await h.loseAndRestore()
      const restored = at(0)
      h.renderer.setGhosts(null)
      return { pictures: [...pictures, at(0)], picks, restored }
    })
    const [then, between, now, without] = pictures
    expect(then).toEqual([RED, BLACK, BLUE])
    expect(between).toEqual([RED, [0, expect.closeTo(128, -1), 0], [0, 0, expect.closeTo(128, -1)]])
    expect(now).toEqual([RED, GREEN, BLACK])
    expect(picks).toEqual([
      [0, 1, -1],
      [0, -1, -1],
    ])
    expect(restored).toEqual(then)
    expect(without).toEqual([RED, BLACK, BLACK])
  })

  it('lets near points hide far ones in 3-D, whatever their order', async () => {
    const colours = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0, -0.5],
        [0, 0, 0.5],
        [0.9, 0, -0.5],
      ])
      h.spatial = 1
      const front = h.draw([[200, 200]])
      h.pose = { ...h.pose, yaw: Math.PI }
      return [...front, ...h.draw([[200, 200]]), [h.pick(200, 200)]]
    })
    expect(colours[0][1]).toBeGreaterThan(200) // green, in front
    expect(colours[0][0]).toBe(0)
    expect(colours[1][0]).toBeGreaterThan(200) // red, once seen from behind
    expect(colours[2]).toEqual([0])
  })

  it('draws only the most important rows while frames are slow', async () => {
    const colours = await page.evaluate(() => {
      const h = new window.Harness([
        [-1, 0],
        [0, 0],
        [1, 0],
      ])
      h.sizes([0, 9, 4])
      return h.draw(
        [
          [100, 200],
          [200, 200],
          [300, 200],
        ],
        1 / 3,
      )
    })
    expect(colours).toEqual([BLACK, GREEN, BLACK])
  })

  it('rings the selected point, larger than it was', async () => {
    const [centre, ring, before] = await page.evaluate(() => {
      const h = new window.Harness([[0, 0]])
      const before = h.draw([[206, 200]])
      h.select(0)
      return [
        ...h.draw([
          [200, 200],
          [206, 200],
        ]),
        ...before,
      ]
    })
    expect(centre).toEqual(RED)
    expect(before).toEqual(BLACK)
    expect(ring).toEqual([255, 255, 255])
  })

  it('dims what the filter leaves out below all else, or hides it', async () => {
    const [dimmed, above, hidden, ring] = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0],
        [0.02, 0],
        [1, 0],
      ])
      h.sizes([0, 255, 0])
      h.mark('out', [1])
      const [dimmed, above] = h.draw([
        [215, 200],
        [200, 200],
      ])
      h.outOpacity = 0
      const [hidden] = h.draw([[215, 200]])
      h.mark('picked', [1])
      return [dimmed, above, hidden, ...h.draw([[220, 200]])]
    })
    expect(dimmed[1]).toBeGreaterThan(8)
    expect(dimmed[1]).toBeLessThan(40)
    expect(above).toEqual(RED) // though less important
    expect(hidden).toEqual(BLACK)
    expect(ring).toEqual(BLACK) // picked, but left out
  })

  it('rings picked rows in place, without a second list of them', async () => {
    const [fill, ring, highlights] = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0],
        [1, 0],
      ])
      h.opacity = 0.5
      h.mark('picked', [0])
      return [
        ...h.draw([
          [200, 200],
          [206, 200],
        ]),
        [h.renderer.arrangement.picked],
      ]
    })
    expect(fill).toEqual(RED)
    expect(Math.min(...ring)).toBeGreaterThan(150)
    expect(highlights).toEqual([1])
  })

  it('rings profiles in two colours, larger with their weight, one half each where both have a row', async () => {
    const [light, heavy, left, right] = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0],
        [1, 0],
        [-1, 0],
      ])
      h.renderer.setTheme({
        background: [0, 0, 0, 1],
        ring: [1, 1, 1, 1],
        selected: [1, 1, 1, 1],
        line: [1, 1, 1, 1],
        mine: [1, 0.5, 0, 1],
        theirs: [0, 0.5, 1, 1],
      })
      h.mark('mine', [0, 2], 0)
      h.mark('mine', [1], 255)
      h.mark('theirs', [2], 0)
      h.renderer.setHighlights(Uint32Array.from([0, 1, 2]))
      return h.draw([
        [209, 200],
        [310, 200],
        [93, 200],
        [106, 200],
      ])
    })
    expect(light).toEqual(BLACK)
    expect(heavy).toEqual([255, 128, 0])
    expect(left).toEqual([255, 128, 0])
    expect(right).toEqual([0, 128, 255])
  })

  it('lets crowds glow where the theme asks for it: brighter than each of their points, which look the same', async () => {
    const [[one], [many], [plain]] = await page.evaluate(() =>
      [
        { glow: 0.4, points: 1 },
        { glow: 0.4, points: 6 },
        { glow: 0, points: 6 },
      ].map(({ glow, points }) => {
        const h = new window.Harness(
          Array.from({ length: points * 4 }, () => [0, 0]).map((p, i) => (i % 4 ? [9, 9] : p)),
        )
        h.glow = 1
        h.opacity = 0.4
        const dim = new Uint8Array(1024)
        dim.set([120, 0, 0, 255])
        h.renderer.setPalette(dim)
        const white: [number, number, number, number] = [1, 1, 1, 1]
        h.renderer.setTheme({
          background: [0, 0, 0, 1],
          ring: white,
          selected: white,
          line: white,
          mine: white,
          theirs: white,
          glow,
        })
        return h.draw([[200, 200]])[0]
      }),
    )
    expect(one).toBeCloseTo(48, -1)
    expect(plain).toBeGreaterThan(one)
    expect(plain).toBeLessThanOrEqual(120)
    expect(many).toBeGreaterThan(150)
  })

  it('draws a line between two places', async () => {
    const colours = await page.evaluate(() => {
      const h = new window.Harness([[-0.9, 0.9]])
      h.line([-1, 0], [1, 0])
      return h.draw([
        [150, 200],
        [250, 199],
        [200, 206],
      ])
    })
    expect(Math.max(...colours[0])).toBeGreaterThan(120)
    expect(Math.max(...colours[1])).toBeGreaterThan(120)
    expect(colours[2]).toEqual(BLACK)
  })

  it('comes back from a lost context with the same picture and picks', async () => {
    const result = await page.evaluate(async () => {
      const h = new window.Harness([
        [0, 0],
        [1, 0],
      ])
      h.select(1)
      h.mark('picked', [0])
      const places = [
        [200, 200],
        [300, 200],
        [306, 200],
      ]
      const before = h.draw(places)
      const harmless = await h.loseAndRestore()
      return { before, after: h.draw(places), picks: [h.pick(200, 200), h.pick(300, 200)], harmless }
    })
    expect(result.after).toEqual(result.before)
    expect(result.before[0]).toEqual(RED)
    expect(result).toMatchObject({ picks: [0, 1], harmless: true })
  })
})

describe('picker', () => {
  it('returns the row under the pointer, at once and asynchronously, and none on empty ground', async () => {
    const picks = await page.evaluate(async () => {
      const h = new window.Harness([
        [0, 0],
        [1, 0],
        [0, 1],
      ])
      return [
        h.pick(200, 200),
        h.pick(300, 200),
        h.pick(200, 100),
        h.pick(350, 350),
        await h.pickSoon(300, 200),
        await h.pickSoon(20, 20),
      ]
    })
    expect(picks).toEqual([0, 1, 2, -1, 1, -1])
  })

  it('takes the nearest within reach of a finger', async () => {
    const picks = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0],
        [0.4, 0],
      ])
      return [h.pick(217, 200, 20), h.pick(223, 200, 20), h.pick(217, 200, 2), h.pick(200, 235, 20)]
    })
    expect(picks).toEqual([0, 1, -1, -1])
  })

  it('finds nothing that the filter leaves out, however it is marked', async () => {
    const picks = await page.evaluate(() => {
      const h = new window.Harness([
        [0, 0],
        [1, 0],
      ])
      h.mark('out', [0])
      h.select(0)
      return [h.pick(200, 200), h.pick(300, 200)]
    })
    expect(picks).toEqual([-1, 1])
  })

  it('is right near the pointer at once and everywhere when asked again', async () => {
    const picks = await page.evaluate(() => {
      const h = new window.Harness([
        [-1, 0],
        [1, 0],
        [0, 1],
      ])
      return [h.pick(100, 200), h.pick(300, 200), h.pick(200, 100), h.pick(102, 201)]
    })
    expect(picks).toEqual([0, 1, 2, 0])
  })

  it('follows a morph and a camera that moved', async () => {
    const picks = await page.evaluate(() => {
      const h = new window.Harness([[-1, 0]], [[1, 0]])
      const first = h.pick(100, 200)
      h.mix = 1
      const second = [h.pick(100, 200), h.pick(300, 200)]
      h.pose = { ...h.pose, x: 1 }
      return [first, ...second, h.pick(200, 200)]
    })
    expect(picks).toEqual([0, -1, 0, 0])
  })

  it('tells 70,000 rows apart', async () => {
    const picks = await page.evaluate(() => {
      const points = Array.from({ length: 70_000 }, (_, i) => (i === 69_999 ? [1, 1] : i === 300 ? [0, 1] : [-1, -1]))
      const h = new window.Harness(points)
      return [h.pick(300, 100), h.pick(200, 100)]
    })
    expect(picks).toEqual([69_999, 300])
  })
})
