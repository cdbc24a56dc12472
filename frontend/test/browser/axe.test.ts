/** Accessibility rules (WCAG 2.2 A and AA, and good practice) on every state of the page, by axe. */
import { describe, expect, it } from 'vitest'
import { violations as violationsOn } from '../support/axe'
import { DESKTOP, PHONE, sitePage } from './site_page'

const site = sitePage()
const violations = () => violationsOn(site)

describe.each([['light'], ['dark']] as const)('in the %s theme', { timeout: 90_000 }, (colorScheme) => {
  it('a desktop: at first, with every section open, with details, with the menu and with each dialog', async () => {
    await site.opened('', { ...DESKTOP, colorScheme })
    expect(await violations()).toEqual([])
    const folded = site.page.locator('section h2 > button[aria-expanded=false]')
    while ((await folded.count()) > 0) {
      const title = (await folded.first().textContent()) ?? ''
      await folded.first().click()
      expect(await violations(), title).toEqual([])
    }
    await site.page.evaluate(() => window.__atlas.select(3))
    await site.page.getByRole('list', { name: /Nearest/ }).waitFor()
    expect(await violations()).toEqual([])
    await site.page.getByRole('button', { name: 'More', exact: true }).click()
    expect(await violations()).toEqual([])
    await site.page.getByRole('button', { name: /Keys and gestures/ }).click()
    expect(await violations()).toEqual([])
    await site.page.keyboard.press('Escape')
    await site.page.getByRole('button', { name: 'About this map' }).first().click()
    expect(await violations()).toEqual([])
  })

  it('a phone: at first, with each sheet, and with details', async () => {
    await site.opened('', { ...PHONE, colorScheme })
    expect(await violations()).toEqual([])
    const chips = await site.page.locator('nav .chips button').allTextContents()
    expect(chips.length).toBeGreaterThan(1)
    for (const chip of chips) {
      await site.page.locator('nav .chips button', { hasText: chip }).tap()
      expect(await violations(), chip).toEqual([])
      await site.page.getByRole('button', { name: 'Close' }).first().tap()
    }
    await site.page.evaluate(() => window.__atlas.select(3))
    await site.page.getByRole('list', { name: /Nearest/ }).waitFor()
    expect(await violations()).toEqual([])
  })

  it.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ] as const)('%s: the list, and with details', async (_, device) => {
    await site.opened('#v=list', { ...device, colorScheme })
    await site.page.locator('ol .value').first().waitFor()
    expect(await violations()).toEqual([])
    await site.page.locator('ol .name').nth(1).click()
    await site.page.getByRole('list', { name: /Nearest/ }).waitFor()
    expect(await violations()).toEqual([])
  })

  it.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ] as const)('%s: a picked set, with its forms and menus, and saved ones', async (_, device) => {
    await site.opened('', { ...device, colorScheme })
    await site.page.evaluate(() => window.__atlas.select(3))
    await site.page.getByRole('button', { name: /^Select these/ }).click()
    const panel = site.page.getByRole('complementary', { name: /^Selection of/ })
    await panel
      .getByText(/of these, [\d.]+ % of all/)
      .first()
      .waitFor()
    expect(await violations()).toEqual([])
    await panel.getByRole('button', { name: 'Export', exact: true }).click()
    expect(await violations(), 'export').toEqual([])
    await panel.getByRole('button', { name: 'Save', exact: true }).click()
    expect(await violations(), 'save').toEqual([])
    await panel.getByRole('textbox', { name: /Tags/ }).fill('sea, trade')
    await panel.locator('button[type=submit]').click()
    await site.page.getByText(/^Saved as/).waitFor()
    expect(await violations(), 'message').toEqual([])
    if (device === PHONE) {
      await panel.getByRole('button', { name: 'Close' }).tap()
      await site.page.getByRole('button', { name: 'Saved', exact: true }).tap()
    } else await site.page.getByRole('button', { name: /^Saved selections/ }).click()
    await site.page.getByRole('list', { name: 'Saved selections' }).waitFor()
    expect(await violations(), 'saved').toEqual([])
  })
})
