/** Accessibility rules (WCAG 2.2 A and AA, and good practice) on every state of the page, by axe. */
import { describe, expect, it } from 'vitest'
import { violations as violationsOn } from '../support/axe'
import { eachTimeIf } from '../support/slow'
import { DESKTOP, PHONE, sitePage } from './site_page'

const site = sitePage()
const violations = () => violationsOn(site)

const VISITS = [
  // What differs by theme is not what differs by device: two of four each time.
  { name: 'a desktop in the dark theme', device: DESKTOP, colorScheme: 'dark', always: true },
  { name: 'a phone in the light theme', device: PHONE, colorScheme: 'light', always: true },
  { name: 'a desktop in the light theme', device: DESKTOP, colorScheme: 'light', always: false },
  { name: 'a phone in the dark theme', device: PHONE, colorScheme: 'dark', always: false },
] as const

for (const { name, device, colorScheme, always } of VISITS) {
  describe(name, { timeout: 90_000, ...eachTimeIf(always) }, () => {
    const opened = (path = '') => site.opened(path, { ...device, colorScheme })

    if (device === DESKTOP) {
      it('at first, with every section open, with details, with the menu and with each dialog', async () => {
        await opened()
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
    } else {
      it('at first, with each sheet, and with details', async () => {
        await opened()
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
    }

    it('the list, and with details', async () => {
      await opened('#v=list')
      await site.page.locator('ol .value').first().waitFor()
      expect(await violations()).toEqual([])
      await site.page.locator('ol .name').nth(1).click()
      await site.page.getByRole('list', { name: /Nearest/ }).waitFor()
      expect(await violations()).toEqual([])
    })

    it('a picked set, with its forms and menus, and saved ones', async () => {
      await opened()
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
}
