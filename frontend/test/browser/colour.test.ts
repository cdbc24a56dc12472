/** Colours: options, the legend as a filter, sizes; by mouse, keyboard and finger. */
import type { Manifest } from '../../src/core/data/manifest'
import { describe, expect, it } from 'vitest'
import { PHONE, sitePage } from './site_page'

const at = sitePage()
const shown = () =>
  at.page.evaluate(
    () => Array.from({ length: window.__atlas.rows }, (_, row) => window.__atlas.passes(row)).filter(Boolean).length,
  )
const hashHas = (text: string) =>
  at.page.waitForFunction((wanted) => decodeURIComponent(location.hash).includes(wanted), text)
const legend = (label: string) => at.page.getByRole('list', { name: `Legend, ${label}` })
const countIn = async (text: string | null) => Number(/([\d,]+)/.exec(text ?? '')![1].replace(/,/g, ''))

describe('the legend', () => {
  it('filters: a click is only this, with ctrl or the box more, once more all; counts are of what passes', async () => {
    await at.opened()
    const list = legend('Region')
    const first = list.getByRole('button').first()
    const count = await countIn(await first.locator('.count').textContent())
    await first.click()
    await hashHas('f=region:')
    expect(await shown()).toBe(count)
    const second = list.getByRole('button').nth(1)
    const both = count + (await countIn(await second.locator('.count').textContent()))
    await second.click({ modifiers: ['Control'] })
    await at.page.waitForFunction(() => location.hash.includes('|') || location.hash.includes('%7C'))
    expect(await shown()).toBe(both)
    await list.getByRole('checkbox').first().uncheck()
    await at.page.waitForFunction(() => !location.hash.includes('%7C'))
    expect(await shown()).toBe(both - count)
    await second.click()
    await at.page.waitForFunction(() => !location.hash.includes('f='))
    expect(await shown()).toBe(3000)
    await list.getByRole('checkbox', { name: /others/ }).uncheck()
    await hashHas('f=region:')
    const head = await list.getByRole('button').locator('.count').allTextContents()
    expect(await shown()).toBe((await Promise.all(head.slice(0, 10).map(countIn))).reduce((a, b) => a + b))
    await at.page.evaluate(() => window.__atlas.filter('coastal:yes'))
    const now = await Promise.all(
      (await list.getByRole('button').locator('.count').allTextContents()).map((text) => countIn(text)),
    )
    expect(now.reduce((a, b) => a + b)).toBe(await shown())
  })

  it('is brushed on its ramp, by mouse and keys, with the unknown apart', async () => {
    await at.opened('#colour=field:founded')
    const area = at.page.locator('.legend .area')
    const box = (await area.boundingBox())!
    await at.page.mouse.move(box.x + box.width * 0.3, box.y + 12)
    await at.page.mouse.down()
    await at.page.mouse.move(box.x + box.width * 0.6, box.y + 12, { steps: 4 })
    await at.page.mouse.up()
    await hashHas('f=founded:')
    const some = await shown()
    expect(some).toBeGreaterThan(100)
    expect(some).toBeLessThan(2000)
    await at.page.getByRole('slider', { name: 'Colour, Founded, upper end' }).press('End')
    await hashHas('founded:>=')
    expect(await shown()).toBeGreaterThan(some)
    await at.page
      .locator('.legend')
      .getByRole('button', { name: /^Unknown/ })
      .click()
    await hashHas('f=founded:?')
    expect(await shown()).toBe(await countIn(await at.page.locator('.legend .count').textContent()))
  })

  it('says where colours end when far-out values are clipped; scale and clipping are in the link', async () => {
    await at.opened('#colour=field:popularity')
    expect(await at.page.locator('.ticks').first().textContent()).not.toContain('≤')
    await at.page.getByLabel('Values at the ends').selectOption('5')
    await hashHas('colour=field:popularity~c5')
    const ticks = await at.page.locator('.legend .ticks span').allTextContents()
    expect(ticks[0].trim()).toMatch(/^≤ \d/)
    expect(ticks.at(-1)!.trim()).toMatch(/^≥ \d/)
    await at.page.getByLabel('Steps of the ramp').selectOption('quantile')
    await hashHas('colour=field:popularity~quantile~c5')
    await at.page.goBack()
    await at.page.waitForFunction(() => !location.hash.includes('quantile'))
    expect(await at.page.getByLabel('Steps of the ramp').inputValue()).toBe('log')
  })

  it('offers every field, the regions of the map and how faithful it is, each with all rows counted', async () => {
    await at.opened()
    const select = at.page.getByRole('combobox', { name: 'Colour', exact: true })
    for (const key of [
      'none',
      'field:popularity',
      'field:visited',
      'field:coastal',
      'field:trades',
      'region',
      'distortion',
    ]) {
      await select.selectOption(key)
      await at.page.waitForFunction((wanted) => window.__atlas.state().colour === wanted, key)
    }
    await select.selectOption('field:trades')
    await at.page.getByLabel('Number of entries').selectOption('5')
    await hashHas('colour=field:trades~t5')
    expect(await legend('Trades').getByRole('listitem').count()).toBe(7) // five, the others, the unknown
  })

  it('is that of the regions where no field tells', async () => {
    await at.opened()
    await at.page.route('**/manifest.json', async (route) => {
      const told = (await (await route.fetch()).json()) as Manifest
      await route.fulfill({ json: { ...told, default: { ...told.default, colour: null } } })
    })
    await at.page.reload()
    await at.page.waitForFunction(() => window.__atlas?.state().colour === 'region')
    expect(await at.page.evaluate(() => window.__atlas.remembered().then(() => location.hash))).not.toContain('colour')
    await at.page.unroute('**/manifest.json')
  })

  it('sizes the points by any number', async () => {
    await at.opened()
    await at.page.getByLabel('Size by').selectOption('founded')
    await hashHas('size=founded')
    await at.opened('#size=none')
    expect(await at.page.getByLabel('Size by').inputValue()).toBe('none')
  })
})

describe('the legend on a phone', () => {
  it('filters by a tap', async () => {
    await at.opened('', PHONE)
    await at.page.getByRole('button', { name: 'Colour', exact: true }).tap()
    const entry = legend('Region').getByRole('button').first()
    const count = await countIn(await entry.locator('.count').textContent())
    await entry.tap()
    await hashHas('f=region:')
    expect(await shown()).toBe(count)
    expect((await entry.boundingBox())!.height).toBeGreaterThanOrEqual(43.5)
  })
})
