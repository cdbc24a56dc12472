import { describe, expect, it } from 'vitest'
import { violations } from '../support/axe'
import { PHONE, sitePage } from './site_page'

const site = sitePage()
const section = () => site.page.getByRole('button', { name: /^Tours/ }).first()
const bar = () => site.page.getByRole('region', { name: /^Tour: / })
const selected = () => site.page.evaluate(() => window.__atlas.state().selected)
const names = async (row: number) => site.nameOf(row)

describe('a tour', () => {
  it('is stepped through with words, and ends where one is', async () => {
    await site.opened()
    await section().click()
    await site.page.getByRole('button', { name: /^Two towns/ }).click()
    await bar().getByText('A town by the sea.').waitFor()
    await bar().getByText('1 of 3').waitFor()
    await site.page.waitForFunction(() => window.__atlas.state().selected >= 0)
    const first = await selected()
    expect(await violations(site)).toEqual([])
    await bar().getByRole('button', { name: 'Next' }).click()
    await bar().getByText('Another, further inland.').waitFor()
    await site.page.waitForFunction((row) => ![-1, row].includes(window.__atlas.state().selected), first)
    await bar().getByRole('button', { name: 'Next' }).click()
    await site.page.waitForFunction(() => window.__atlas.state().colour === 'none')
    await bar().getByRole('button', { name: 'Done' }).click()
    await bar().waitFor({ state: 'detached' })
    expect(await site.page.evaluate(() => window.__atlas.state().colour)).toBe('none')
  })

  it('is gone on by keyboard alone', async () => {
    await site.opened()
    await section().click()
    await site.page.getByRole('button', { name: /^Two towns/ }).press('Enter')
    await bar().getByText('1 of 3').waitFor()
    await site.page.waitForFunction(() => document.activeElement?.textContent === 'Next')
    await site.page.keyboard.press('ArrowRight')
    await bar().getByText('2 of 3').waitFor()
    await site.page.locator('.stage').focus()
    await site.page.keyboard.press('PageDown')
    await bar().getByText('3 of 3').waitFor()
    await site.page.keyboard.press('PageUp')
    await bar().getByText('2 of 3').waitFor()
    await site.page.keyboard.press('Escape')
    await bar().waitFor({ state: 'detached' })
  })

  it('plays by itself, until it is paused', async () => {
    await site.opened()
    await section().click()
    await site.page.getByRole('button', { name: /^Two towns/ }).click()
    await bar().getByRole('button', { name: 'Play' }).click()
    await bar().getByText('2 of 3').waitFor()
    await bar().getByRole('button', { name: 'Pause' }).click()
    await bar().getByRole('button', { name: 'Play' }).waitFor()
  })

  it('is taken with a finger on a phone', async () => {
    await site.opened('', PHONE)
    await site.page.getByRole('navigation', { name: 'Map' }).getByRole('button', { name: 'Tours' }).tap()
    await site.page.getByRole('button', { name: /^Two towns/ }).tap()
    await bar().getByText('1 of 3').waitFor()
    const box = (await bar().boundingBox())!
    const client = await site.page.context().newCDPSession(site.page)
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number) =>
      client.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x, y: box.y + 40, id: 1 }],
      })
    await touch('touchStart', 260)
    for (const x of [240, 200, 160, 120]) await touch('touchMove', x)
    await touch('touchEnd', 120)
    await bar().getByText('2 of 3').waitFor()
    for (const button of await bar().getByRole('button').all())
      expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(44)
    expect(await violations(site)).toEqual([])
  })

  it('is put together from views, and copied as lines', async () => {
    await site.opened('#select=town-7', { permissions: ['clipboard-read', 'clipboard-write'] })
    await section().click()
    await site.page.getByText('Make a tour').click()
    const words = site.page.getByRole('textbox', { name: 'What is to be seen here' })
    await words.fill('Begin here')
    await site.page.getByRole('button', { name: 'Add this view' }).click()
    await site.page.getByRole('list', { name: 'Stops of your tour' }).getByText('Begin here').waitFor()
    await site.page.getByRole('textbox', { name: 'Title of your tour' }).fill('Mine')
    await site.page.getByRole('button', { name: 'Copy for defs.yaml' }).click()
    const copied = await site.page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toMatch(/^- title: "Mine"\n {2}stops:\n {4}- \{view: "#select=town-7[^"]*", text: "Begin here"\}\n$/)
    await site.page.getByRole('button', { name: 'Take it' }).click()
    await bar().getByText('1 of 1').waitFor()
  })
})

describe('who has not been here', () => {
  const welcome = () => site.page.getByRole('list', { name: 'Things to try' })

  it('is told what is near what, and three things to try, of which one is enough', async () => {
    await site.opened('', { stranger: true })
    await site.page.locator('header p', { hasText: /that share many travellers lie close together/ }).waitFor()
    expect(await welcome().getByRole('button').count()).toBe(3)
    expect(await violations(site)).toEqual([])
    await welcome().getByRole('button', { name: /^Tour/ }).click()
    await bar().waitFor()
    await welcome().waitFor({ state: 'detached' })
    await site.page.reload()
    await site.page.evaluate(() => window.__atlas.ready)
    expect(await welcome().count()).toBe(0)
  })

  it('sees it on a phone, too, and may close it', async () => {
    await site.opened('', { ...PHONE, stranger: true })
    // The best known, which is not the first row: rows are in the order of places.
    const best = await site.page.evaluate(() => {
      const rows = Array.from({ length: window.__atlas.rows }, (_, row) => row)
      return rows.reduce((a, b) => (window.__atlas.sizeOf(b) > window.__atlas.sizeOf(a) ? b : a))
    })
    const name = await names(best)
    await welcome()
      .getByRole('button', { name: new RegExp(`^Find ${name.slice(0, 8)}`) })
      .waitFor()
    expect(await violations(site)).toEqual([])
    await site.page.getByRole('button', { name: 'Close the introduction' }).tap()
    await welcome().waitFor({ state: 'detached' })
  })
})
