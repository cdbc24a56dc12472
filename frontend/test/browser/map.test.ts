import { describe, expect, it } from 'vitest'
import type { CDPSession } from 'playwright-core'
import { DESKTOP, PHONE, sitePage } from './site_page'

const site = sitePage()
const { settled, state, screenOf } = site
const page = () => site.page
const SPATIAL = '#map=k15_d3_mde'
const TABLET = { ...DESKTOP, hasTouch: true }

/** Rows whose points lie strictly inside a box on screen. */
const rowsIn = (x0: number, y0: number, x1: number, y1: number) =>
  page().evaluate(
    ([left, top, right, bottom]) => {
      const rows = []
      for (let row = 0; row < window.__atlas.rows; row++) {
        const { x, y } = window.__atlas.screenOf(row)!
        if (x > left && x < right && y > top && y < bottom) rows.push(row)
      }
      return rows
    },
    [x0, y0, x1, y1],
  )
const picked = () => page().evaluate(() => window.__atlas.picked())
const pressed = () => page().locator('.tools [aria-pressed=true]').getAttribute('aria-keyshortcuts')

async function drag(points: [number, number][], modifiers: string[] = []): Promise<void> {
  for (const key of modifiers) await page().keyboard.down(key)
  await page().mouse.move(...points[0])
  await page().mouse.down()
  for (const point of points.slice(1)) await page().mouse.move(...point, { steps: 6 })
  await page().mouse.up()
  for (const key of modifiers) await page().keyboard.up(key)
  await settled()
}
const box = (x0: number, y0: number, x1: number, y1: number): [number, number][] => [
  [x0, y0],
  [x1, y0],
  [x1, y1],
  [x0, y1],
  [x0, y0 + 1],
]

/** Fingers through the browser's own input, each a path of points; all move together. */
async function touch(fingers: [number, number][][], hold = 0): Promise<void> {
  const client: CDPSession = await page().context().newCDPSession(page())
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number; id: number }[]) =>
    client.send('Input.dispatchTouchEvent', { type, touchPoints })
  const at = (step: number) =>
    fingers.map((path, id) => ({
      x: path[Math.min(step, path.length - 1)][0],
      y: path[Math.min(step, path.length - 1)][1],
      id,
    }))
  await send('touchStart', at(0))
  if (hold > 0) await page().waitForTimeout(hold)
  for (let step = 1; step < Math.max(...fingers.map((path) => path.length)); step++) await send('touchMove', at(step))
  await page().waitForTimeout(80) // held still, so that nothing glides on
  await send('touchEnd', [])
  await client.detach()
  await settled()
}
const path = (from: [number, number], to: [number, number], steps = 8): [number, number][] =>
  Array.from({ length: steps + 1 }, (_, i) => [
    from[0] + ((to[0] - from[0]) * i) / steps,
    from[1] + ((to[1] - from[1]) * i) / steps,
  ])

describe('selecting regions', () => {
  it('by lasso and mouse: replaces, adds with Shift, takes out with Alt', async () => {
    await site.opened()
    await page()
      .getByRole('button', { name: /Draw around/ })
      .click()
    const first = await rowsIn(600, 250, 760, 400)
    expect(first.length).toBeGreaterThan(20)
    await drag(box(600, 250, 760, 400))
    expect(await picked()).toEqual(first)
    const second = await rowsIn(430, 250, 500, 360)
    await drag(box(430, 250, 500, 360), ['Shift'])
    expect(await picked()).toEqual([...first, ...second].sort((a, b) => a - b))
    const removed = new Set(await rowsIn(600, 250, 760, 320))
    await drag(box(600, 250, 760, 320), ['Alt'])
    expect(await picked()).toEqual([...first, ...second].filter((row) => !removed.has(row)).sort((a, b) => a - b))
  })

  it('by rectangle, taken and left by keyboard; a click with a tool still picks', async () => {
    await site.opened()
    await page().keyboard.press('r')
    expect(await pressed()).toBe('R')
    const inside = await rowsIn(600, 250, 760, 400)
    const before = await screenOf(inside[0])
    await drag([
      [600, 250],
      [760, 400],
    ])
    expect(await picked()).toEqual(inside)
    expect(await screenOf(inside[0])).toEqual({ x: expect.closeTo(before.x, 0), y: expect.closeTo(before.y, 0) }) // the map stays
    await page().keyboard.press('Escape')
    expect(await pressed()).toBe('H')
    expect(await picked()).not.toEqual([]) // the first Escape only puts the tool away
  })

  it('in 3-D, where the points are seen', async () => {
    await site.opened(SPATIAL)
    await page().keyboard.press('l')
    const inside = await rowsIn(600, 250, 760, 400)
    await drag(box(600, 250, 760, 400))
    expect(await picked()).toEqual(inside)
  })

  it('by finger, on a phone; a second finger drops the shape and moves the map', async () => {
    await site.opened('', PHONE)
    await page().getByRole('button', { name: /Tools/ }).tap()
    await page()
      .getByRole('button', { name: /Draw around/ })
      .tap()
    const corners: [number, number][] = [
      [100, 300],
      [300, 300],
      [300, 480],
      [100, 480],
    ]
    const inside = await rowsIn(101, 301, 299, 479)
    await touch([corners.flatMap((corner, i) => path(corner, corners[(i + 1) % 4], 6))])
    expect(inside.length).toBeGreaterThan(20)
    const chosen = new Set(await picked())
    for (const row of inside) expect(chosen.has(row)).toBe(true)
    const before = (await state()).zoom
    await settled()
    await touch([path([150, 400], [60, 400]), path([250, 400], [340, 400])])
    expect((await state()).zoom).toBeGreaterThan(before * 1.5)
    expect(new Set(await picked())).toEqual(chosen)
  })

  it('by Ctrl-click, and by long press', async () => {
    await site.opened('', TABLET)
    const [a, b] = await page().evaluate(() => {
      const found: number[] = []
      const free = [
        { left: 420, right: 560 },
        { left: 600, right: 720 },
      ] // well apart
      for (let row = 0; row < window.__atlas.rows && found.length < 2; row++) {
        const { x, y } = window.__atlas.screenOf(row)!
        const { left, right } = free[found.length]
        if (x > left && x < right && y > 80 && y < 500 && window.__atlas.pick(x, y) === row) found.push(row)
      }
      return found
    })
    const at = await screenOf(a)
    await page().keyboard.down('Control')
    await page().mouse.click(at.x, at.y)
    await page().keyboard.up('Control')
    await page().waitForFunction((row) => window.__atlas.state().selected === row, a)
    await settled()
    const { x, y } = await screenOf(b)
    await touch([[[x, y]]], 700)
    expect(await picked()).toEqual([a, b].sort((p, q) => p - q))
  })
})

describe('zooming to a box', () => {
  it('with Shift on a flat map, and with its tool', async () => {
    await site.opened()
    const [row] = await rowsIn(690, 300, 720, 330)
    await drag(
      [
        [640, 270],
        [770, 380],
      ],
      ['Shift'],
    )
    expect((await state()).zoom).toBeGreaterThan(4)
    expect(await picked()).toEqual([])
    const { x, y } = await screenOf(row)
    expect(x > 330 && x < 1200 && y > 0 && y < 800).toBe(true)
    await page().keyboard.press('0')
    await settled()
    await page().keyboard.press('b')
    await drag([
      [640, 270],
      [770, 380],
    ])
    expect((await state()).zoom).toBeGreaterThan(4)
  })
})

describe('moving', () => {
  it('by two fingers on a trackpad, and by pinch', async () => {
    await site.opened()
    const before = await screenOf(0)
    await page().mouse.move(700, 400)
    await page().mouse.wheel(-30, -40)
    await settled()
    const after = await screenOf(0)
    expect([after.x - before.x, after.y - before.y]).toEqual([expect.closeTo(30, 0), expect.closeTo(40, 0)])
    expect((await state()).zoom).toBeCloseTo(1, 3)
    await page().keyboard.down('Control')
    await page().mouse.wheel(0, -40)
    await page().keyboard.up('Control')
    await settled()
    expect((await state()).zoom).toBeGreaterThan(1.4)
  })

  it('by one finger moves, by two zooms, by double tap zooms in', async () => {
    await site.opened('', PHONE)
    const before = await screenOf(0)
    await touch([path([200, 500], [260, 460])])
    const after = await screenOf(0)
    expect(
      Math.abs(after.x - before.x - 60) < 3 && Math.abs(after.y - before.y + 40) < 3,
      JSON.stringify([before, after]),
    ).toBe(true)
    await touch([path([150, 400], [100, 400]), path([250, 400], [300, 400])])
    const zoomed = (await state()).zoom
    expect(zoomed).toBeGreaterThan(1.6)
    await page().touchscreen.tap(40, 620)
    await page().touchscreen.tap(40, 620)
    await settled()
    expect((await state()).zoom).toBeGreaterThan(zoomed * 2)
  })

  it('turns in 3-D by mouse and finger, and flies by keyboard', async () => {
    await site.opened(SPATIAL, TABLET)
    const place = () => screenOf(700)
    let before = await place()
    await drag([
      [700, 400],
      [800, 440],
    ])
    expect(Math.hypot((await place()).x - before.x, (await place()).y - before.y)).toBeGreaterThan(3)
    before = await place()
    await touch([path([700, 400], [780, 380])])
    expect(Math.hypot((await place()).x - before.x, (await place()).y - before.y)).toBeGreaterThan(3)

    await page().locator('.stage').focus()
    before = await place()
    await page().keyboard.down('w')
    await page().waitForTimeout(500)
    await page().keyboard.up('w')
    await settled()
    expect(await pressed()).toBe('W')
    const flown = await place()
    expect(Math.hypot(flown.x - before.x, flown.y - before.y)).toBeGreaterThan(3)
    await drag([
      [700, 400],
      [760, 400],
    ]) // looks around
    expect((await place()).x).toBeGreaterThan(flown.x + 20)
    await page().keyboard.press('Escape')
    await settled()
    expect(await pressed()).toBe('H')
  })

  it('in flight also by finger: one looks around, two move', { tags: ['slow'] }, async () => {
    await site.opened(SPATIAL, PHONE)
    await page().getByRole('button', { name: /Tools/ }).tap()
    await page().getByRole('button', { name: /Fly/ }).tap()
    await settled()
    const before = await screenOf(700)
    await touch([path([150, 400], [230, 400])])
    const looked = await screenOf(700)
    expect(looked.x).toBeGreaterThan(before.x + 20)
    await touch([path([150, 400], [90, 400]), path([250, 400], [310, 400])])
    const moved = await screenOf(700)
    expect(Math.hypot(moved.x - looked.x, moved.y - looked.y)).toBeGreaterThan(3)
  })
})

describe('by keyboard', () => {
  it('names what comes to lie in the middle; Space adds it, Enter opens it, brackets step through its neighbours', async () => {
    await site.opened()
    await page().locator('.stage').focus()
    await page().keyboard.press('ArrowRight') // a cluster lies right of the middle
    await page().waitForFunction(() => window.__atlas.state().hovered >= 0)
    await page().waitForTimeout(300)
    const { hovered } = await state()
    expect(await page().locator('.crosshair').isVisible()).toBe(true)
    expect(await page().locator('[aria-live=polite]').first().textContent()).toBe(await site.nameOf(hovered))
    await page().keyboard.press('Enter')
    await page().waitForFunction((row) => window.__atlas.state().selected === row, hovered)
    await page()
      .getByRole('list', { name: /Nearest/ })
      .waitFor()
    await page().keyboard.press(']')
    await page().waitForFunction((row) => window.__atlas.state().hovered !== row, hovered)
    const first = (await state()).hovered
    await page().keyboard.press(']')
    expect((await state()).hovered).not.toBe(first)
    await page().keyboard.press('[')
    expect((await state()).hovered).toBe(first)
    await page().keyboard.press(' ')
    expect(await picked()).toEqual([hovered, first].sort((a, b) => a - b))
  })

  it('labels are one stop of the Tab key, arrows go between them, Enter opens', async () => {
    await site.opened()
    await page().locator('.stage').focus()
    await page().keyboard.press('Tab')
    const focused = () =>
      page().evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.className)
    const first = await focused()
    expect(await page().locator(':focus').getAttribute('class')).toContain('label')
    await page().keyboard.press('ArrowDown')
    const second = await focused()
    expect(second).not.toBe(first)
    expect(await page().locator(':focus').getAttribute('class')).toContain('label')
    await page().locator('.label.entity').first().focus()
    const name = await focused()
    await page().keyboard.press('Enter')
    await page().waitForFunction(() => window.__atlas.state().selected >= 0)
    expect(await site.nameOf((await state()).selected)).toBe(name)
  })
})

describe('the overview', () => {
  it('shows when zoomed in where one is, and moves the map', async () => {
    await site.opened()
    expect(await page().locator('.minimap').count()).toBe(0)
    await page().mouse.move(700, 400)
    for (let i = 0; i < 6; i++) await page().mouse.wheel(0, -120)
    await settled()
    const frame = (await page().locator('.minimap').boundingBox())!
    const before = await screenOf(0)
    await page().mouse.click(frame.x + 20, frame.y + 20)
    await settled()
    const after = await screenOf(0)
    expect(after.x - before.x).toBeGreaterThan(100)
    expect(after.y - before.y).toBeGreaterThan(50)
    await page().keyboard.press('Escape')
    await page().getByRole('button', { name: 'Show everything' }).click()
    await settled()
    expect(await page().locator('.minimap').count()).toBe(0)
  })

  it('is not there on a phone', { tags: ['slow'] }, async () => {
    await site.opened('#at=0.1,0.1,6', PHONE)
    expect(await page().locator('.minimap').count()).toBe(0)
  })
})

describe('a lost context', () => {
  it('comes back with filter and picked rows', async () => {
    await site.opened()
    await page().keyboard.press('r')
    await drag([
      [600, 250],
      [760, 400],
    ])
    await page().keyboard.press('Escape')
    const shot = () => page().locator('.stage canvas').first().screenshot()
    const before = await shot()
    await page().evaluate(() => window.__atlas.loseContext())
    await page().waitForTimeout(100)
    await page().evaluate(() => window.__atlas.restoreContext())
    await page().waitForTimeout(300)
    await settled()
    expect(Buffer.compare(await shot(), before)).toBe(0)
  })
})
