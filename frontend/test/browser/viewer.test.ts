import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../src/core/data/manifest'
import type { AtlasHooks } from '../../src/ui/hooks'
import { launch } from '../support/browser.mjs'
import { FIXTURE } from '../support/global_setup'
import { FRONTEND, serveSite, type Site } from '../support/site.mjs'

declare global {
  interface Window {
    __atlas: AtlasHooks
  }
}

const manifest = JSON.parse(readFileSync(join(FIXTURE, 'manifest.json'), 'utf8')) as Manifest
let browser: Browser
let site: Site
let page: Page
let problems: string[] = []
/** Failed requests that a test provokes; the browser reports them on the console by itself. */
let allowed: RegExp | null = null

beforeAll(async () => {
  browser = await launch()
  site = await serveSite({ data: FIXTURE })
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})
afterEach(async () => {
  await page?.context().close()
  site.override = () => null
  const unexpected = problems.filter((text) => !allowed?.test(text))
  problems = []
  allowed = null
  expect(unexpected).toEqual([])
})

async function open(hash = '', options: BrowserContextOptions & { init?: () => void } = {}): Promise<void> {
  const { init, ...context } = options
  page = await (await browser.newContext({ viewport: { width: 1200, height: 800 }, reducedMotion: 'reduce', ...context })).newPage()
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(String(error)))
  if (init) await page.addInitScript(init)
  site.requests.length = 0
  await page.goto(site.url + hash)
}
async function opened(hash = '', options: Parameters<typeof open>[1] = {}): Promise<void> {
  await open(hash, options)
  await page.evaluate(() => window.__atlas.ready)
  await settled()
}
const settled = () => page.evaluate(() => window.__atlas.settled())
const state = () => page.evaluate(() => window.__atlas.state())
const screenOf = (row: number) => page.evaluate((r) => window.__atlas.screenOf(r)!, row)
const nameOf = (row: number) => page.evaluate((r) => window.__atlas.nameOf(r)!, row)
/** The most popular row: drawn on top, so that a click on it finds it. */
const popularRow = () => page.evaluate(() => {
  for (let row = 0; row < window.__atlas.rows; row++) {
    const at = window.__atlas.screenOf(row)!
    if (at.x > 420 && at.x < 1100 && at.y > 60 && at.y < 740 && window.__atlas.pick(at.x, at.y) === row) return row
  }
  return -1
})

describe('opening', () => {
  it('shows the map, its title and its labels, and asks for the first bucket before the second', async () => {
    await opened()
    expect(await page.locator('h1').textContent()).toBe('Invented towns')
    const labels = await page.locator('.label').allTextContents()
    expect(labels.length).toBeGreaterThan(8)
    expect(labels).toContain('Harbour towns')
    const order = site.requests.map((path) => path.replace(/^data\/map\//, ''))
    const [first, second] = manifest.projections[0].buckets.map((file) => order.indexOf(file.path))
    expect(first).toBeGreaterThan(0)
    expect(second).toBeGreaterThan(first)
    expect(order).not.toContain(manifest.projections[1].buckets[0].path) // other maps only when asked for
    expect(order).not.toContain(manifest.details.shards[0].path)
    const png = await page.locator('canvas').first().screenshot()
    expect(png.length).toBeGreaterThan(20_000) // a canvas of one colour packs into a few hundred bytes
  })

  it('draws nothing while nothing happens', async () => {
    await opened()
    const before = (await state()).frames
    await page.waitForTimeout(400)
    expect((await state()).frames).toBe(before)
  })

  it('keeps labels apart from each other and from the panels', async () => {
    await opened('#at=0.1,0.1,3')
    const boxes = await page.locator('.label, .panel').evaluateAll((nodes) =>
      nodes.filter((n) => n.getBoundingClientRect().width > 0 && !n.closest('[hidden]') && !n.closest('dialog')).map((n) => ({ text: n.textContent!.slice(0, 30), label: n.classList.contains('label'), box: n.getBoundingClientRect().toJSON() as DOMRect })),
    )
    const labels = boxes.filter((b) => b.label)
    expect(labels.length).toBeGreaterThan(10)
    for (const [i, a] of labels.entries()) {
      for (const b of [...labels.slice(i + 1), ...boxes.filter((box) => !box.label)]) {
        const apart = a.box.right <= b.box.left + 3 || b.box.right <= a.box.left + 3 || a.box.bottom <= b.box.top + 3 || b.box.bottom <= a.box.top + 3
        expect(apart, `${a.text} | ${b.text}`).toBe(true)
      }
    }
  })

  it.each([
    ['a manifest that is not there', (path: string) => (path.endsWith('manifest.json') ? { status: 404 } : null), /manifest\.json is missing on the server/],
    ['a newer format', (path: string) => (path.endsWith('manifest.json') ? { body: '{"format":"atlas-bundle","version":9}' } : null), /version 9 of the bundle format/],
    ['positions that are not there', (path: string) => (path.includes('/proj/') && path.includes('.0.') ? { status: 404 } : null), /proj\/.* is missing on the server/],
    ['names that were cut off', (path: string) => (path.includes('/names/0') ? { body: Uint8Array.from([0x1f, 0x8b, 8, 0]) } : null), /names\/0.*has 4 bytes and the manifest promises/],
  ])('says in a sentence that it found %s, and opens after trying again', async (_, override, sentence) => {
    site.override = override
    allowed = /Failed to load resource/
    await open()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(sentence)
    site.override = () => null
    await alert.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.label').first().waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('tells what is missing when the page was never given a map', async () => {
    site.override = (path) => (path === 'index.html' ? { body: readFileSync(join(FRONTEND, 'dist/index.html')) } : null)
    await open('index.html')
    expect(await page.getByRole('alert').textContent()).toContain('its “atlas-manifest” entry is empty')
  })
})

describe('selecting', () => {
  it('by a click shows details, links that are safe, and neighbours to go to', async () => {
    await opened()
    const row = await popularRow()
    const at = await screenOf(row)
    await page.mouse.move(at.x, at.y)
    await page.waitForFunction((r) => window.__atlas.state().hovered === r, row)
    await page.mouse.click(at.x, at.y)
    const panel = page.getByRole('complementary')
    await panel.getByRole('list', { name: /Nearest/ }).waitFor()
    expect(await panel.getByRole('heading', { level: 2 }).textContent()).toBe(await nameOf(row))
    expect(await panel.textContent()).toMatch(/seen together in [\d,]+ travellers?/)
    for (const link of await panel.getByRole('link').all()) {
      expect(await link.getAttribute('href')).toMatch(/^https?:/)
      expect(await link.getAttribute('rel')).toContain('noopener')
    }
    expect(await panel.locator('em').count()).toBe(0) // markup in the data is text
    const neighbour = panel.getByRole('list', { name: /Nearest/ }).getByRole('button').first()
    const name = await neighbour.locator('.name').textContent()
    await neighbour.click()
    await page.waitForFunction((r) => window.__atlas.state().selected !== r, row)
    expect(await panel.getByRole('heading', { level: 2 }).textContent()).toBe(name)
    expect(await page.locator('[aria-live]').textContent()).toBe(`Selected: ${name}`)
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
  })

  it('does not move the map', async () => {
    await opened()
    const row = await popularRow()
    const before = await screenOf(row)
    await page.evaluate((r) => window.__atlas.select(r), row)
    await settled()
    const after = await screenOf(row)
    if (before.x < 780) expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeLessThan(1)
  })

  it('keeps what it can when a shard is missing, and offers to try again', async () => {
    await opened()
    site.override = (path) => (path.includes('/knn/') ? { status: 404 } : null)
    allowed = /Failed to load resource/
    await page.evaluate(() => window.__atlas.select(3))
    const panel = page.getByRole('complementary')
    expect(await panel.getByRole('alert').textContent()).toMatch(/knn\/0.* is missing on the server/)
    expect(await panel.textContent()).toContain('Founded')
    site.override = () => null
    await panel.getByRole('button', { name: 'Try again' }).click()
    await panel.getByRole('list', { name: /Nearest/ }).waitFor()
  })
})

describe('searching', () => {
  it('by keyboard finds, flies and selects; diacritics do not matter', async () => {
    await opened()
    const row = 1500
    const name = await nameOf(row)
    await page.keyboard.press('/')
    await page.keyboard.type(name.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase())
    await page.getByRole('option', { name, exact: false }).first().waitFor()
    await page.waitForFunction((wanted) => document.querySelector('[role=option] .name')?.textContent === wanted, name)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').waitFor()
    await settled()
    const selected = (await state()).selected
    expect(await nameOf(selected)).toBe(name)
    expect((await state()).zoom).toBeGreaterThan(4)
    const at = await screenOf(selected)
    // In the middle of what the panels leave free: 338 … 814 of 1200.
    expect(Math.abs(at.x - 576) < 40 && Math.abs(at.y - 400) < 40, JSON.stringify(at)).toBe(true)
  })

  it('says when there is nothing', async () => {
    await opened()
    await page.getByRole('combobox', { name: /Search/ }).fill('zzzzzzz')
    await page.getByText('Nothing by that name.').waitFor()
  })
})

describe('maps and colours', () => {
  it('morph to another projection and into 3-D, keeping the selection', async () => {
    await opened('', { reducedMotion: 'no-preference' })
    await page.evaluate(() => window.__atlas.select(10))
    await page.locator('button.current').click()
    await page.getByRole('button', { name: /PyMDE · three dimensions/ }).last().click()
    await page.waitForFunction(() => window.__atlas.state().projection === 'k15_d3_mde')
    await settled()
    expect(await state()).toMatchObject({ selected: 10, projection: 'k15_d3_mde' })
    expect(page.url()).toContain('map=k15_d3_mde')
    const before = await screenOf(700)
    await page.mouse.move(700, 500)
    await page.mouse.down()
    await page.mouse.move(800, 520, { steps: 4 })
    await page.mouse.up()
    await settled()
    const after = await screenOf(700)
    expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeGreaterThan(3)
  })

  it('colour by every field, with a legend that counts all rows', async () => {
    await opened()
    const select = page.getByRole('combobox', { name: 'Colour' })
    for (const option of await select.locator('option').all()) {
      const value = (await option.getAttribute('value'))!
      await select.selectOption(value)
      await page.waitForFunction((key) => window.__atlas.state().colour === key, value)
    }
    await select.selectOption('field:region')
    const counts = await page.locator('.legend .count').allTextContents()
    expect(counts.map((text) => Number(text.replace(',', ''))).reduce((a, b) => a + b)).toBe(3000)
  })
})

describe('links', () => {
  it('open where they were made', async () => {
    await opened('#map=k15_tsne-p30&at=0.2,-0.1,6&select=town-77&colour=field:founded')
    expect(await state()).toMatchObject({ projection: 'k15_tsne-p30', colour: 'field:founded' })
    expect((await state()).zoom).toBeCloseTo(6, 1)
    await page.getByRole('complementary').getByRole('link', { name: /town-77|Page/ }).or(page.getByRole('complementary')).first().waitFor()
    expect((await state()).selected).toBeGreaterThanOrEqual(0)
  })

  it('go back with the back button', async () => {
    await opened()
    await page.evaluate(() => window.__atlas.select(5))
    await page.waitForFunction(() => location.hash.includes('select='))
    await page.getByRole('combobox', { name: 'Colour' }).selectOption('field:founded')
    await page.waitForFunction(() => location.hash.includes('colour='))
    await page.goBack()
    await page.waitForFunction(() => window.__atlas.state().colour === 'field:region')
    expect((await state()).selected).toBe(5)
    await page.goBack()
    await page.waitForFunction(() => window.__atlas.state().selected === -1)
  })
})

describe('moving', () => {
  it('by wheel keeps what is under the pointer, and by keyboard zooms, moves and resets', async () => {
    await opened()
    const row = await popularRow()
    const at = await screenOf(row)
    await page.mouse.move(at.x, at.y)
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -120)
    await settled()
    const after = await screenOf(row)
    expect((await state()).zoom).toBeGreaterThan(2)
    expect(Math.hypot(after.x - at.x, after.y - at.y)).toBeLessThan(2)
    await page.locator('.stage').focus()
    await page.keyboard.press('ArrowRight')
    await settled()
    expect((await screenOf(row)).x).toBeLessThan(after.x - 50)
    await page.keyboard.press('0')
    await settled()
    expect((await state()).zoom).toBeCloseTo(1, 2)
    for (let i = 0; i < 16; i++) await page.mouse.wheel(0, -300)
    await settled()
    expect((await state()).zoom).toBeCloseTo(64, 0)
  })

  it('survives a lost context', async () => {
    await opened()
    const row = await popularRow()
    const at = await screenOf(row)
    await page.evaluate(() => window.__atlas.loseContext())
    await page.waitForTimeout(100)
    await page.evaluate(() => window.__atlas.restoreContext())
    await page.waitForTimeout(200)
    await settled()
    expect(await page.evaluate(({ x, y }) => window.__atlas.pick(x, y), at)).toBe(row)
  })
})

describe('other devices', () => {
  it('a phone: a tap selects what is near, controls are large enough', async () => {
    await opened('', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    const sizes = await page.locator('button:visible:not(.label), input:visible, select:visible').evaluateAll((nodes) => nodes.map((n) => [n.getAttribute('aria-label') ?? n.textContent, n.getBoundingClientRect().height]))
    for (const [name, height] of sizes) expect(height, String(name)).toBeGreaterThanOrEqual(44)
    await page.getByRole('button', { name: 'Colour' }).tap()
    await page.locator('.sheet .legend').waitFor()
    await page.getByRole('button', { name: 'Close' }).tap()
    await settled()
    const label = page.locator('.label.entity').first()
    const name = await label.textContent()
    const box = (await label.boundingBox())!
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2)
    await page.getByRole('complementary').waitFor()
    expect(await page.getByRole('complementary').getByRole('heading').first().textContent()).toBe(name)
  })

  it('without WebGL 2: a list that can be searched, with details and neighbours', async () => {
    await opened('', {
      init: () => {
        const original = HTMLCanvasElement.prototype.getContext
        HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
          return kind === 'webgl2' ? null : (original as (...args: unknown[]) => unknown).call(this, kind, ...rest)
        } as typeof original
      },
    })
    expect(await page.getByText('cannot draw the map').count()).toBe(1)
    await page.getByRole('button', { name: await nameOf(0), exact: true }).or(page.locator('ol button')).first().click()
    await page.getByRole('list', { name: /Nearest/ }).waitFor()
    await page.getByRole('combobox', { name: /Search/ }).fill('mar')
    await page.getByRole('option').first().click()
    await page.getByRole('complementary').waitFor()
  })

  it('light and dark both pass from the system and by the switch', async () => {
    await opened('', { colorScheme: 'light' })
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
    await page.getByRole('button', { name: 'Switch to dark' }).click()
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
  })
})
