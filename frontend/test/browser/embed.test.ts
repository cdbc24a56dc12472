import { describe, expect, it } from 'vitest'
import type { Frame } from 'playwright-core'
import { PHONE, sitePage } from './site_page'

const site = sitePage()

/** A long page with the map in it. */
async function hosted(hash = '', device = {}): Promise<Frame> {
  const body = `<!doctype html><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width"><body style="margin:0;height:3000px"><iframe src="./?embed${hash}" style="border:0;width:100%;height:500px"></iframe></body>`
  site.site.override = (path) => (path === 'host.html' ? { body } : null)
  const page = await site.open('host.html', device)
  await page.evaluate(() => {
    const heard: unknown[] = []
    Object.assign(window, { heard })
    addEventListener('message', (event) => heard.push(event.data))
  })
  const frame = await (await page.waitForSelector('iframe')).contentFrame()
  await frame!.waitForFunction(() => window.__atlas !== undefined)
  await frame!.evaluate(() => window.__atlas.ready)
  await frame!.evaluate(() => window.__atlas.settled())
  return frame!
}
const zoom = (frame: Frame) => frame.evaluate(() => window.__atlas.state().zoom)

describe('embedded in a page', () => {
  it('shows little, leads to the full map, and lets the page scroll', async () => {
    const frame = await hosted('#at=0.1,0.1,2')
    const { page } = site
    expect(await frame.locator('h1').count()).toBe(0)
    const full = frame.getByRole('link', { name: 'Open the full map' })
    await full.focus()
    expect(await full.getAttribute('href')).toBe(`${site.site.url}#at=0.1,0.1,2`)
    expect(await full.getAttribute('rel')).toBe('noopener')
    await page.mouse.move(600, 250)
    await page.mouse.wheel(0, 300)
    await frame.getByText(/Hold .* to zoom the map/).waitFor()
    await page.waitForFunction(() => scrollY > 100)
    expect(await zoom(frame)).toBeCloseTo(2, 1)
    await page.evaluate(() => scrollTo(0, 0))
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -200)
    await page.keyboard.up('Control')
    await frame.waitForFunction(() => window.__atlas.state().zoom > 2.2)
    expect(await page.evaluate(() => scrollY)).toBe(0)
    const before = await zoom(frame)
    await frame.getByRole('button', { name: 'Zoom out' }).click()
    await frame.evaluate(() => window.__atlas.settled())
    expect(await zoom(frame)).toBeLessThan(before)
  })

  it('zooms by the wheel alone after a click into it', async () => {
    const frame = await hosted()
    await site.page.mouse.move(40, 250)
    await site.page.mouse.down()
    await site.page.mouse.up()
    await site.page.mouse.wheel(0, -200)
    await frame.waitForFunction(() => window.__atlas.state().zoom > 1.1)
  })

  it('searches, and tells the page what is selected', async () => {
    const frame = await hosted()
    const name = await frame.evaluate(() => window.__atlas.nameOf(20)!)
    await frame.getByRole('button', { name: /^Search/ }).click()
    await frame.getByRole('combobox', { name: /^Search/ }).fill(name)
    await frame.getByRole('option').first().waitFor()
    await site.page.keyboard.press('Enter')
    await site.page.waitForFunction(
      (wanted) => (window as unknown as { heard: { name?: string }[] }).heard.some((data) => data.name === wanted),
      name,
    )
    await site.page.evaluate(() =>
      document.querySelector('iframe')!.contentWindow!.postMessage({ atlas: 'select', id: 'town-77' }, '*'),
    )
    await site.page.waitForFunction(() =>
      (window as unknown as { heard: { atlas: string; id?: string }[] }).heard.some(
        (data) => data.atlas === 'selected' && data.id === 'town-77',
      ),
    )
    await site.page.evaluate(() => {
      for (const data of [null, 'select', { atlas: 'select', id: 7 }, { atlas: 'select', id: 'nobody' }])
        document.querySelector('iframe')!.contentWindow!.postMessage(data, '*')
    })
    await site.page.waitForFunction(() => (window as unknown as { heard: { id?: string }[] }).heard.at(-1)!.id === null)
  })

  it('on a phone keeps one finger for the page; controls are large enough', async () => {
    const frame = await hosted('', PHONE)
    expect(await frame.locator('.stage').evaluate((node) => getComputedStyle(node).touchAction)).toBe('pan-x pan-y')
    const heights = await frame
      .locator('button:visible:not(.label):not(.skip), a:visible')
      .evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().height))
    for (const height of heights) expect(height).toBeGreaterThanOrEqual(44)
    const row = await frame.evaluate(() => window.__atlas.screenOf(0)!)
    const client = await site.page.context().newCDPSession(site.page)
    const touch = (type: string, points: { x: number; y: number; id: number }[]) =>
      client.send('Input.dispatchTouchEvent', { type: type as 'touchStart', touchPoints: points })
    await touch('touchStart', [{ x: 200, y: 300, id: 1 }])
    for (let i = 1; i < 6; i++) await touch('touchMove', [{ x: 200, y: 300 - i * 20, id: 1 }])
    await touch('touchEnd', [])
    await frame.evaluate(() => window.__atlas.settled())
    expect(await frame.evaluate(() => window.__atlas.screenOf(0)!)).toEqual(row)
    await site.page.evaluate(() => scrollTo(0, 0))
    await touch('touchStart', [{ x: 150, y: 250, id: 1 }])
    await touch('touchStart', [
      { x: 150, y: 250, id: 1 },
      { x: 250, y: 250, id: 2 },
    ])
    for (let i = 1; i < 6; i++)
      await touch('touchMove', [
        { x: 150 - i * 8, y: 250, id: 1 },
        { x: 250 + i * 8, y: 250, id: 2 },
      ])
    await touch('touchEnd', [])
    await frame.waitForFunction(() => window.__atlas.state().zoom > 1.2)
  })
})
