import { PNG } from 'pngjs'
import { beforeEach, describe, expect, it } from 'vitest'
import { violations } from '../support/axe'
import { manifest, PHONE, sitePage } from './site_page'

const site = sitePage()
const ACROSS = 16
const SIDE = 8
const EMPTY = 2
const SHEETS = Math.ceil(manifest.n / ACROSS ** 2)

/** What the picture of a row looks like: one colour, another for each row, far from those of the map. */
const colourOf = (row: number) => [255 - (row % 16) * 4, (Math.floor(row / 16) % 16) * 4, 200 + Math.floor(row / 256)]

function sheet(number: number): Buffer {
  const png = new PNG({ width: ACROSS * SIDE, height: ACROSS * SIDE })
  for (let place = 0; place < ACROSS ** 2; place++) {
    const row = number * ACROSS ** 2 + place
    if (row % 10 === 3) continue // has no picture: see-through
    for (let i = 0; i < SIDE * SIDE; i++) {
      const x = (place % ACROSS) * SIDE + (i % SIDE)
      const y = Math.floor(place / ACROSS) * SIDE + Math.floor(i / SIDE)
      png.data.set([...colourOf(row), 255], (y * ACROSS * SIDE + x) * 4)
    }
  }
  return PNG.sync.write(png)
}

const files = Array.from({ length: SHEETS }, (_, i) =>
  i === EMPTY ? null : { path: `pictures/${i}.png`, bytes: sheet(i).length },
)
const list = JSON.stringify(files)
const described = JSON.stringify({
  ...manifest,
  pictures: {
    field: 'picture',
    side: SIDE,
    across: ACROSS,
    sheets: { path: 'pictures/sheets.bin', bytes: list.length },
  },
})

beforeEach(() => {
  site.site.override = (path) => {
    const number = /pictures\/(\d+)\.png$/.exec(path)
    if (number) return { body: sheet(Number(number[1])) as unknown as string }
    if (path.endsWith('pictures/sheets.bin')) return { body: list }
    return path.endsWith('manifest.json') ? { body: described } : null
  }
})

const toggle = () => site.page.getByRole('button', { name: 'Show pictures on the map' })
const asked = () => site.site.requests.filter((path) => path.includes('pictures/'))
const drawn = () => site.page.evaluate(() => Number(document.querySelector<HTMLElement>('.pictures')?.dataset.drawn))
const atLeast = (least: number) =>
  site.page.waitForFunction(
    (count) => Number(document.querySelector<HTMLElement>('.pictures')?.dataset.drawn) >= count,
    least,
  )
/** The colour above the map where a row stands. */
const seenAt = (row: number) =>
  site.page.evaluate((r) => {
    const canvas = document.querySelector<HTMLCanvasElement>('.pictures')!
    const { x, y } = window.__atlas.screenOf(r)!
    const scale = canvas.width / canvas.clientWidth
    return [...canvas.getContext('2d')!.getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data]
  }, row)
/** A row of the first sheets that lies alone enough to be the one that is seen at its place. */
const shownRow = () =>
  site.page.evaluate(
    ([across, empty]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.pictures')!
      for (let row = 0; row < window.__atlas.rows; row++) {
        const { x, y } = window.__atlas.screenOf(row)!
        if (x < 420 || y < 100 || x > innerWidth - 120 || y > innerHeight - 120) continue
        if (row % 10 === 3 || Math.floor(row / across ** 2) === empty) continue
        const scale = canvas.width / canvas.clientWidth
        const [r, g, b, a] = canvas
          .getContext('2d')!
          .getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data
        const wanted = [255 - (row % 16) * 4, (Math.floor(row / 16) % 16) * 4, 200 + Math.floor(row / 256)]
        if (a === 255 && [r, g, b].every((value, i) => Math.abs(value - wanted[i]) <= 1)) return row
      }
      return -1
    },
    [ACROSS, EMPTY] as const,
  )

describe('pictures on the map', () => {
  it('are dots from far, for which nothing is loaded', async () => {
    await site.opened()
    expect(await drawn()).toBe(0)
    expect(asked()).toEqual([])
  })

  it('are a few of the best known nearer, and all from near, each at the place of its row', async () => {
    await site.opened('#at=0,0,1.9')
    await atLeast(10)
    const few = await drawn()
    expect(few).toBeLessThanOrEqual(90)
    const row = await shownRow()
    expect(row).toBeGreaterThanOrEqual(0)
    await site.page.evaluate((r) => window.__atlas.select(r), row)
    for (let i = 0; i < 5; i++) await site.page.getByRole('button', { name: 'Zoom in' }).click()
    await site.settled()
    await site.page.waitForFunction(() => window.__atlas.state().zoom > 8)
    const near = await shownRow() // zooming may have taken the first one off the screen
    expect(near).toBeGreaterThanOrEqual(0)
    const wanted = colourOf(near)
    // The sheets come, and the map is drawn again, when they do.
    const off = async () => {
      const seen = await seenAt(near)
      return Math.max(...wanted.map((value, i) => Math.abs(value - seen[i])))
    }
    await expect.poll(off, { timeout: 8000 }).toBeLessThanOrEqual(1)
    const inView = await site.page.evaluate(() => {
      let count = 0
      for (let r = 0; r < window.__atlas.rows; r++) {
        const { x, y } = window.__atlas.screenOf(r)!
        if (x >= 0 && y >= 0 && x <= innerWidth && y <= innerHeight) count++
      }
      return count
    })
    await atLeast(Math.floor(inView * 0.7)) // one in ten has none, and a sheet is empty
    expect(asked()).not.toContain(`data/map/pictures/${EMPTY}.png`)
    expect(await violations(site)).toEqual([])
  })

  it('are clicked and hovered as their points are', async () => {
    await site.opened('#at=0,0,1.9')
    await atLeast(5)
    const row = await shownRow()
    const { x, y } = await site.screenOf(row)
    await site.page.mouse.move(x - 13, y - 13) // far from the point, and from its name beside it
    await site.page.waitForFunction((r) => window.__atlas.state().hovered === r, row)
    await site.page.mouse.click(x - 13, y - 13)
    await site.page.waitForFunction((r) => window.__atlas.state().selected === r, row)
  })

  it('are switched off, which is remembered, and on again', async () => {
    await site.opened('#at=0,0,3')
    await atLeast(5)
    await toggle().click()
    expect(await site.page.locator('.pictures').count()).toBe(0)
    await site.opened('#at=0,0,4')
    expect(await toggle().getAttribute('aria-pressed')).toBe('false')
    expect(await site.page.locator('.pictures').count()).toBe(0)
    await toggle().click()
    await atLeast(5)
  })

  it('are not there for what the filter leaves out', async () => {
    await site.opened('#at=0,0,3')
    await atLeast(5)
    const row = await shownRow()
    await site.page.evaluate(async () => {
      await window.__atlas.filter('popularity:..0')
    })
    await site.page.waitForFunction(() => Number(document.querySelector<HTMLElement>('.pictures')!.dataset.drawn) === 0)
    expect((await seenAt(row))[3]).toBe(0)
  })

  it('are in the bar of a phone, and a missing sheet leaves dots', async () => {
    site.allowed = /404/
    const before = site.site.override
    site.site.override = (path) => (/pictures\/[01]\.png$/.test(path) ? { status: 404 } : before(path))
    await site.opened('#at=0,0,3', PHONE)
    await atLeast(1)
    await toggle().tap()
    expect(await site.page.locator('.pictures').count()).toBe(0)
    expect(await violations(site)).toEqual([])
  })
})
