import { describe, expect, it } from 'vitest'
import { eachTimeIf } from '../support/slow'
import { PHONE, sitePage } from './site_page'

const site = sitePage()
const withoutWebGL = () => {
  const original = HTMLCanvasElement.prototype.getContext
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
    return kind === 'webgl2' ? null : (original as (...args: unknown[]) => unknown).call(this, kind, ...rest)
  } as typeof original
}
const rowButtons = () => site.page.locator('ol .name')
const travellers = async () =>
  (await site.page.locator('ol .size').allTextContents()).map((text) => Number(text.replace(/\D/g, '')))

describe('the list', () => {
  it('is a choice, has every entity, the most popular first, and is in the link', async () => {
    const page = await site.opened()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Show as a list' }).click()
    await page.getByRole('heading', { name: /3,000 towns, by travellers/ }).waitFor()
    expect(page.url()).toContain('v=list')
    const seen = new Set<number>()
    let before = Infinity
    for (let p = 1; p <= 30; p++) {
      await expect.poll(() => page.getByRole('spinbutton', { name: /Page/ }).inputValue()).toBe(String(p))
      const values = await travellers()
      expect(values).toHaveLength(100)
      for (const value of values) {
        expect(value).toBeLessThanOrEqual(before)
        before = value
      }
      const start = Number(await page.locator('ol').last().getAttribute('start'))
      seen.add(start)
      if (p < 30) await page.getByRole('button', { name: 'Next page' }).click()
    }
    expect(seen.size).toBe(30)
    expect(await page.getByRole('button', { name: 'Next page' }).isDisabled()).toBe(true)
    await page.goBack()
    await page.locator('.stage').waitFor()
    expect(page.url()).not.toContain('v=list')
  })

  it('leads by keyboard to details, neighbours and back to the map', async () => {
    const page = await site.opened()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter') // "Show all towns as a list" is the first stop
    await page.getByRole('heading', { name: /3,000 towns/ }).waitFor()
    await rowButtons().nth(3).focus()
    await page.keyboard.press('ArrowDown')
    const name = await rowButtons().nth(4).locator('.text').textContent()
    await page.keyboard.press('Enter')
    const panel = page.getByRole('complementary')
    await panel.getByRole('list', { name: /Nearest/ }).waitFor()
    expect(await panel.getByRole('heading', { level: 2 }).textContent()).toBe(name)
    expect(await rowButtons().nth(4).getAttribute('aria-current')).toBe('true')
  })

  it('shows what passes the filter, and says what a colour means in words', async () => {
    const page = await site.opened('#v=list&f=region:%22Harbour%20towns%22')
    await page.getByRole('heading', { name: /^[\d,]+ of 3,000 towns/ }).waitFor()
    await expect.poll(() => page.locator('ol .value').first().textContent()).toBe('Harbour towns')
    expect(new Set(await page.locator('ol .value').allTextContents())).toEqual(new Set(['Harbour towns']))
  })

  it('takes entities into the set', async () => {
    const page = await site.opened('#v=list')
    for (const at of [0, 2]) await page.locator('ol input').nth(at).check()
    expect(await page.locator('ol input:checked').count()).toBe(2)
  })

  for (const [name, device] of [
    ['desktop', {}],
    ['phone', PHONE],
  ] as const)
    it(
      `is what a browser without WebGL 2 gets: search, filters, details, neighbours (${name})`,
      eachTimeIf(device !== PHONE),
      async () => {
        const page = await site.open('', { ...device, init: withoutWebGL })
        await page.evaluate(() => window.__atlas.ready)
        await page.getByText('cannot draw the map').waitFor()
        expect(await page.locator('canvas:not(.bar)').count()).toBe(0)
        await rowButtons().first().click()
        await page.getByRole('list', { name: /Nearest/ }).waitFor()
        await page
          .getByRole('complementary')
          .getByRole('button', { name: /^Close/ })
          .first()
          .click()
        const town = await site.nameOf(5)
        await page.getByRole('combobox', { name: /Search/ }).fill(town)
        await page.getByRole('option', { name: town }).first().click()
        await page.getByRole('complementary').getByRole('heading', { name: town, level: 2 }).waitFor()
      },
    )
})
