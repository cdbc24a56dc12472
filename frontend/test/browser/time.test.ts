import { describe, expect, it } from 'vitest'
import { violations } from '../support/axe'
import { PHONE, sitePage } from './site_page'

const site = sitePage()
const open = () => site.page.getByRole('button', { name: /^Time/ }).first().click()
const shown = () => site.page.locator('output').textContent()
const passing = () =>
  site.page.evaluate(() => {
    let count = 0
    for (let row = 0; row < window.__atlas.rows; row++) if (window.__atlas.passes(row)) count++
    return count
  })

describe('the time of a map', () => {
  it('is played as a window, paused, and left', async () => {
    await site.opened()
    await open()
    await site.page.getByRole('combobox', { name: 'Speed' }).selectOption('Fast')
    await site.page.getByRole('button', { name: 'Play' }).click()
    const first = await shown()
    await site.page.waitForFunction((before) => document.querySelector('output')?.textContent !== before, first)
    await site.page.getByRole('button', { name: 'Pause' }).click()
    await site.page.waitForFunction(() => {
      for (let row = 0; row < window.__atlas.rows; row++) if (!window.__atlas.passes(row)) return true
      return false
    })
    expect(await violations(site)).toEqual([])
    await site.page.getByRole('button', { name: 'Show all times' }).click()
    await site.page.waitForFunction(() => {
      for (let row = 0; row < window.__atlas.rows; row++) if (!window.__atlas.passes(row)) return false
      return true
    })
  })

  it('is moved by keyboard, and grows where it is asked to', async () => {
    await site.opened()
    await open()
    await site.page.getByRole('combobox', { name: 'What is shown' }).selectOption('All until then')
    const slider = site.page.getByRole('slider', { name: 'Founded' })
    await slider.focus()
    await site.page.keyboard.press('Home')
    for (let i = 0; i < 20; i++) await site.page.keyboard.press('ArrowRight')
    await site.page.waitForFunction(() => /^until/.test(document.querySelector('output')!.textContent!))
    await site.page.evaluate(() => window.__atlas.settled())
    const few = await passing()
    await site.page.keyboard.press('End')
    await site.page.evaluate(() => window.__atlas.settled())
    await site.page.waitForFunction((before) => {
      let count = 0
      for (let row = 0; row < window.__atlas.rows; row++) if (window.__atlas.passes(row)) count++
      return count > before
    }, few)
    await site.page.evaluate(() => window.__atlas.remembered())
    expect(decodeURIComponent(new URL(site.page.url()).hash)).toContain('founded:')
  })

  it('is in the bar of a phone', async () => {
    await site.opened('', PHONE)
    await site.page.getByRole('navigation', { name: 'Map' }).getByRole('button', { name: 'Time' }).tap()
    await site.page.getByRole('button', { name: 'Play' }).tap()
    await site.page.getByRole('button', { name: 'Pause' }).tap()
    expect(await violations(site)).toEqual([])
  })
})
