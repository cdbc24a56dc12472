import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FRONTEND } from '../support/site.mjs'
import { manifest, PHONE, sitePage } from './site_page'

const site = sitePage()

describe('opening', () => {
  it('shows the map, its title and its labels, and asks for the first bucket before the second', async () => {
    await site.opened()
    expect(await site.page.locator('h1').textContent()).toBe('Invented towns')
    const labels = await site.page.locator('.label').allTextContents()
    expect(labels.length).toBeGreaterThan(8)
    expect(labels).toContain('WESTMARK')
    const order = site.site.requests.map((path) => path.replace(/^data\/map\//, ''))
    const [first, second] = manifest.projections[0].buckets.map((file) => order.indexOf(file.path))
    expect(first).toBeGreaterThan(0)
    expect(second).toBeGreaterThan(first)
    expect(order).not.toContain(manifest.projections[1].buckets[0].path) // other maps only when asked for
    expect(order).not.toContain(manifest.details.shards[0].path)
    const png = await site.page.locator('canvas').first().screenshot()
    expect(png.length).toBeGreaterThan(20_000) // a canvas of one colour packs into a few hundred bytes
  })

  it('draws nothing while nothing happens', async () => {
    await site.opened()
    const before = (await site.state()).frames
    await site.page.waitForTimeout(400)
    expect((await site.state()).frames).toBe(before)
  })

  it('keeps labels apart from each other and from the panels', async () => {
    await site.opened('#at=0.1,0.1,3')
    const boxes = await site.page.locator('.label, .panel').evaluateAll((nodes) =>
      nodes
        .filter((n) => n.getBoundingClientRect().width > 0 && !n.closest('[hidden]') && !n.closest('dialog'))
        .map((n) => ({
          text: n.textContent!.slice(0, 30),
          label: n.classList.contains('label'),
          box: n.getBoundingClientRect().toJSON() as DOMRect,
        })),
    )
    const labels = boxes.filter((b) => b.label)
    expect(labels.length).toBeGreaterThan(10)
    for (const [i, a] of labels.entries()) {
      for (const b of [...labels.slice(i + 1), ...boxes.filter((box) => !box.label)]) {
        const apart =
          a.box.right <= b.box.left + 3 ||
          b.box.right <= a.box.left + 3 ||
          a.box.bottom <= b.box.top + 3 ||
          b.box.bottom <= a.box.top + 3
        expect(apart, `${a.text} | ${b.text}`).toBe(true)
      }
    }
  })

  it('says in a sentence that it found a newer format, and opens after trying again', async () => {
    site.site.override = (path) =>
      path.endsWith('manifest.json') ? { body: '{"format":"atlas-bundle","version":9}' } : null
    await site.open()
    const alert = site.page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(/version 9 of the bundle format/)
    site.site.override = () => null
    await alert.getByRole('button', { name: 'Try again' }).click()
    await site.page.locator('.label').first().waitFor()
    expect(await site.page.getByRole('alert').count()).toBe(0)
  })

  it('tells what is missing when the page was never given a map', async () => {
    site.site.override = (path) =>
      path === 'index.html' ? { body: readFileSync(join(FRONTEND, 'dist/index.html')) } : null
    await site.open('index.html')
    expect(await site.page.getByRole('alert').textContent()).toContain('its “atlas-manifest” entry is empty')
  })
})

describe('selecting', () => {
  it('by a click shows details, links that are safe, and neighbours to go to', async () => {
    await site.opened()
    const row = await site.popularRow()
    const at = await site.screenOf(row)
    await site.page.mouse.move(at.x, at.y)
    await site.page.waitForFunction((r) => window.__atlas.state().hovered === r, row)
    await site.page.mouse.click(at.x, at.y)
    const panel = site.page.getByRole('complementary')
    await panel.getByRole('list', { name: /Nearest/ }).waitFor()
    expect(await panel.getByRole('heading', { level: 2 }).textContent()).toBe(await site.nameOf(row))
    expect(await panel.textContent()).toMatch(/seen together in [\d,]+ travellers?/)
    for (const link of await panel.getByRole('link').all()) {
      expect(await link.getAttribute('href')).toMatch(/^https?:/)
      expect(await link.getAttribute('rel')).toContain('noopener')
    }
    expect(await panel.locator('em').count()).toBe(0) // markup in the data is text
    const neighbour = panel
      .getByRole('list', { name: /Nearest/ })
      .getByRole('button')
      .first()
    const name = await neighbour.locator('.name').textContent()
    await neighbour.click()
    await site.page.waitForFunction((r) => window.__atlas.state().selected !== r, row)
    expect(await panel.getByRole('heading', { level: 2 }).textContent()).toBe(name)
    expect(await site.page.locator('[aria-live]').textContent()).toBe(`Selected: ${name}`)
    await site.page.keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
  })

  it('does not move the map', async () => {
    await site.opened()
    const row = await site.popularRow()
    const before = await site.screenOf(row)
    await site.page.evaluate((r) => window.__atlas.select(r), row)
    await site.settled()
    const after = await site.screenOf(row)
    if (before.x < 780) expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeLessThan(1)
  })

  it('keeps what it can when a shard is missing, and offers to try again', { tags: ['slow'] }, async () => {
    await site.opened()
    site.site.override = (path) => (path.includes('/knn/') ? { status: 404 } : null)
    site.allowed = /Failed to load resource/
    await site.page.evaluate(() => window.__atlas.select(3))
    const panel = site.page.getByRole('complementary')
    expect(await panel.getByRole('alert').textContent()).toMatch(/knn\/0.* is missing on the server/)
    expect(await panel.textContent()).toContain('Founded')
    site.site.override = () => null
    await panel.getByRole('button', { name: 'Try again' }).click()
    await panel.getByRole('list', { name: /Nearest/ }).waitFor()
  })
})

describe('maps and colours', () => {
  it('morph to another projection and into 3-D, keeping the selection', async () => {
    await site.opened('', { reducedMotion: 'no-preference' })
    await site.page.evaluate(() => window.__atlas.select(10))
    await site.page.getByRole('button', { name: /^Map\b/ }).click()
    await site.page
      .getByRole('list', { name: 'Maps' })
      .getByRole('button', { name: /^PyMDE · three dimensions/ })
      .click()
    await site.page.waitForFunction(() => window.__atlas.state().projection === 'k15_d3_mde')
    await site.settled()
    expect(await site.state()).toMatchObject({ selected: 10, projection: 'k15_d3_mde' })
    expect(site.page.url()).toContain('map=k15_d3_mde')
    const before = await site.screenOf(700)
    await site.page.mouse.move(700, 500)
    await site.page.mouse.down()
    await site.page.mouse.move(800, 520, { steps: 4 })
    await site.page.mouse.up()
    await site.settled()
    const after = await site.screenOf(700)
    expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeGreaterThan(3)
  })

  it('colour by every field, with a legend that counts all rows', { tags: ['slow'] }, async () => {
    await site.opened()
    const select = site.page.getByRole('combobox', { name: 'Colour' })
    for (const option of await select.locator('option').all()) {
      const value = (await option.getAttribute('value'))!
      await select.selectOption(value)
      await site.page.waitForFunction((key) => window.__atlas.state().colour === key, value)
    }
    await select.selectOption('field:region')
    const counts = await site.page.locator('.legend .count').allTextContents()
    expect(counts.map((text) => Number(text.replace(',', ''))).reduce((a, b) => a + b)).toBe(3000)
  })
})

describe('about this map', () => {
  const how = async () => {
    await site.page.getByRole('button', { name: 'About this map' }).first().click()
    return site.page
      .getByRole('dialog')
      .getByText(/ is one of \d+ that were made/)
      .locator('xpath=following-sibling::*[1]')
  }

  it('names the maps of the sweep that are missing, and says nothing where none is', async () => {
    const missing = [
      { name: 'UMAP, n_neighbors 50', reason: 'failed' },
      ...Array.from({ length: 6 }, (_, i) => ({ name: `t-SNE, perplexity ${i}`, reason: 'not made yet' })),
    ]
    site.site.override = (path) =>
      path.endsWith('manifest.json') ? { body: JSON.stringify({ ...manifest, missing: missing.slice(0, 1) }) } : null
    await site.opened()
    expect(await (await how()).textContent()).toBe('1 map is missing: UMAP, n_neighbors 50 (failed).')
    site.site.override = (path) =>
      path.endsWith('manifest.json') ? { body: JSON.stringify({ ...manifest, missing }) } : null
    await site.opened()
    expect(await (await how()).textContent()).toMatch(
      /^7 maps are missing: UMAP, n_neighbors 50 \(failed\); t-SNE, perplexity 0 \(not made yet\);.*; and 2 more\.$/,
    )
    site.site.override = () => null
    await site.opened()
    await how()
    expect(await site.page.getByRole('dialog').textContent()).not.toContain('missing')
  })
})

describe('links', () => {
  it('open where they were made', async () => {
    await site.opened('#map=k15_tsne-p30&at=0.2,-0.1,6&select=town-77&colour=field:founded')
    expect(await site.state()).toMatchObject({ projection: 'k15_tsne-p30', colour: 'field:founded' })
    expect((await site.state()).zoom).toBeCloseTo(6, 1)
    await site.page
      .getByRole('complementary')
      .getByRole('link', { name: /town-77|Page/ })
      .or(site.page.getByRole('complementary'))
      .first()
      .waitFor()
    expect((await site.state()).selected).toBeGreaterThanOrEqual(0)
  })

  it('go back with the back button', async () => {
    await site.opened()
    await site.page.evaluate(() => window.__atlas.select(5))
    await site.page.waitForFunction(() => location.hash.includes('select='))
    await site.page.getByRole('combobox', { name: 'Colour' }).selectOption('field:founded')
    await site.page.waitForFunction(() => location.hash.includes('colour='))
    await site.page.goBack()
    await site.page.waitForFunction(() => window.__atlas.state().colour === 'field:region')
    expect((await site.state()).selected).toBe(5)
    await site.page.goBack()
    await site.page.waitForFunction(() => window.__atlas.state().selected === -1)
  })
})

describe('moving', () => {
  it('by wheel keeps what is under the pointer, and by keyboard zooms, moves and resets', async () => {
    await site.opened()
    const row = await site.popularRow()
    const at = await site.screenOf(row)
    await site.page.mouse.move(at.x, at.y)
    for (let i = 0; i < 4; i++) await site.page.mouse.wheel(0, -120)
    await site.settled()
    const after = await site.screenOf(row)
    expect((await site.state()).zoom).toBeGreaterThan(2)
    expect(Math.hypot(after.x - at.x, after.y - at.y)).toBeLessThan(2)
    await site.page.locator('.stage').focus()
    await site.page.keyboard.press('ArrowRight')
    await site.settled()
    expect((await site.screenOf(row)).x).toBeLessThan(after.x - 50)
    await site.page.keyboard.press('0')
    await site.settled()
    expect((await site.state()).zoom).toBeCloseTo(1, 2)
    for (let i = 0; i < 16; i++) await site.page.mouse.wheel(0, -300)
    await site.settled()
    expect((await site.state()).zoom).toBeCloseTo(64, 0)
  })

  it('survives a lost context', { tags: ['slow'] }, async () => {
    await site.opened()
    const row = await site.popularRow()
    const at = await site.screenOf(row)
    await site.page.evaluate(() => window.__atlas.loseContext())
    await site.page.waitForTimeout(100)
    await site.page.evaluate(() => window.__atlas.restoreContext())
    await site.page.waitForTimeout(200)
    await site.settled()
    expect(await site.page.evaluate(({ x, y }) => window.__atlas.pick(x, y), at)).toBe(row)
  })
})

describe('other devices', () => {
  it('a phone: a tap selects what is near, controls are large enough', async () => {
    await site.opened('', PHONE)
    const sizes = await site.page
      .locator('button:visible:not(.label), input:visible, select:visible')
      .evaluateAll((nodes) =>
        nodes.map((n) => [n.getAttribute('aria-label') ?? n.textContent, n.getBoundingClientRect().height]),
      )
    for (const [name, height] of sizes) expect(height, String(name)).toBeGreaterThanOrEqual(44)
    await site.page.getByRole('button', { name: 'Colour', exact: true }).tap()
    await site.page.getByRole('region', { name: 'Colour' }).locator('.legend').waitFor()
    await site.page.getByRole('button', { name: 'Close' }).tap()
    await site.settled()
    const label = site.page.locator('.label.entity').first()
    const name = await label.textContent()
    const box = (await label.boundingBox())!
    await site.page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2)
    await site.page.getByRole('complementary').waitFor()
    expect(await site.page.getByRole('complementary').getByRole('heading').first().textContent()).toBe(name)
  })

  it('light and dark both pass from the system and by the switch', async () => {
    await site.opened('', { colorScheme: 'light' })
    expect(await site.page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
    await site.page.getByRole('button', { name: 'More' }).click()
    await site.page.getByRole('button', { name: 'Switch to dark' }).click()
    expect(await site.page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
  })
})
