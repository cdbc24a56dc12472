/** The filter panel on the invented towns: brushes, checklists, text, link; by mouse, keyboard and finger. */
import type { Locator } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { PHONE, sitePage } from './site_page'

const at = sitePage()
const MANY = 3000

const shown = () =>
  at.page.evaluate(
    () => Array.from({ length: window.__atlas.rows }, (_, row) => window.__atlas.passes(row)).filter(Boolean).length,
  )
const panel = (label: string) => at.page.getByRole('region', { name: `Filter by ${label}` })
const textIs = (text: string) =>
  at.page.waitForFunction((wanted) => decodeURIComponent(location.hash).includes(`f=${wanted}`), text)
const summary = (count: number) =>
  at.page
    .getByText(`${count.toLocaleString('en')} of 3,000 towns shown`)
    .first()
    .waitFor()

async function openFilter(...fields: string[]): Promise<void> {
  await at.page.getByRole('button', { name: /^Filter/ }).click()
  for (const name of fields) await at.page.getByLabel('Add a field to filter by').selectOption(name)
}
async function dragAcross(area: Locator, from: number, to: number): Promise<void> {
  await area.scrollIntoViewIfNeeded()
  const box = (await area.boundingBox())!
  const y = box.y + box.height / 3
  await at.page.mouse.move(box.x + box.width * from, y)
  await at.page.mouse.down()
  await at.page.mouse.move(box.x + (box.width * (from + to)) / 2, y, { steps: 3 })
  await at.page.mouse.move(box.x + box.width * to, y, { steps: 3 })
  await at.page.mouse.up()
}

describe('the filter', () => {
  it('brushes a histogram with the mouse, keeps the unknown in sight, and goes back', async () => {
    await at.opened()
    await openFilter('founded', 'visited')
    const field = panel('Founded')
    await dragAcross(field.locator('.area'), 0.5, 0.85)
    await textIs('founded:')
    const range = /founded:(\d+)\.\.(\d+)/.exec(decodeURIComponent(await at.page.evaluate(() => location.hash)))!
    expect(Number(range[2])).toBeGreaterThan(Number(range[1]))
    const count = await shown()
    expect(count).toBeGreaterThan(50)
    expect(count).toBeLessThan(MANY)
    await summary(count)
    const unknown = field.getByRole('checkbox', { name: 'Show Unknown' })
    expect(await unknown.isChecked()).toBe(false)
    await unknown.check()
    await textIs(`founded:${range[1]}..${range[2]}|?`)
    const withUnknown = await shown()
    expect(withUnknown).toBeGreaterThan(count)
    // The other histogram counts what passes here, and both of its parts are drawn.
    expect(await panel('Last visited').locator('rect.all').count()).toBeGreaterThan(10)
    await at.page.goBack()
    await at.page.waitForFunction(() => !location.hash.includes('%3F') && !location.hash.includes('?'))
    await summary(count)
    await at.page.getByRole('button', { name: 'Clear all' }).click()
    await at.page.waitForFunction(() => !location.hash.includes('f='))
    expect(await shown()).toBe(MANY)
  })

  it('moves each handle by keyboard, and takes exact values', async () => {
    await at.opened()
    await openFilter('founded')
    const field = panel('Founded')
    const low = field.getByRole('slider', { name: 'Founded, lower end' })
    const high = field.getByRole('slider', { name: 'Founded, upper end' })
    expect(await low.getAttribute('aria-valuetext')).toBe('no lower end')
    await low.focus()
    await at.page.keyboard.press('ArrowRight')
    await at.page.keyboard.press('ArrowRight')
    expect(await low.getAttribute('aria-valuetext')).toMatch(/^from \d{3,4}$/)
    await high.focus()
    await at.page.keyboard.press('PageDown')
    expect(await high.getAttribute('aria-valuetext')).toMatch(/^to \d{4}$/)
    await at.page.keyboard.press('End')
    expect(await high.getAttribute('aria-valuetext')).toBe('no upper end')
    await low.focus()
    await at.page.keyboard.press('Home')
    await at.page.waitForFunction(() => !location.hash.includes('f='))

    await field.getByLabel('Founded, from').fill('1500')
    await at.page.keyboard.press('Tab')
    await field.getByLabel('Founded, to').fill('1600')
    await at.page.keyboard.press('Enter')
    await textIs('founded:1500..1600')
    await field.getByLabel('Founded, to').fill('soon')
    await at.page.keyboard.press('Enter')
    expect(await field.getByRole('alert').textContent()).toContain('Write a number')
    expect(await field.getByLabel('Founded, to').getAttribute('aria-invalid')).toBe('true')
  })

  it('ticks values: only this, more of them, all but these, found by a part of their name', async () => {
    await at.opened()
    await openFilter('trades', 'founded')
    const field = panel('Trades')
    const list = field.getByRole('list', { name: 'Trades' })
    await field.getByRole('searchbox', { name: 'Find in Trades' }).fill('wine')
    expect(await list.getByRole('listitem').count()).toBe(3)
    await list.getByText('wine', { exact: true }).click()
    await textIs('trades:wine')
    const only = await shown()
    await field.getByRole('searchbox').fill('')
    await list.getByRole('checkbox', { name: 'Show salt', exact: true }).check()
    await at.page.waitForFunction(() => /trades:(wine\|salt|salt\|wine)/.test(decodeURIComponent(location.hash)))
    expect(await shown()).toBeGreaterThan(only)
    await field.getByRole('button', { name: 'Invert' }).click()
    await textIs('-trades:')
    await field.getByRole('button', { name: 'All', exact: true }).click()
    await at.page.waitForFunction(() => !location.hash.includes('f='))
    const first = list.getByRole('button').first()
    await first.focus()
    await at.page.keyboard.press('ArrowDown')
    await at.page.keyboard.press(' ')
    await textIs('-trades:')
  })

  it('is a text too, which says what is wrong with it, and opens from a link', async () => {
    await at.opened(`#f=${encodeURIComponent('coastal:yes founded:>1500\nhide')}`)
    const count = await shown()
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(600)
    await at.page.getByText('Write the filter').click()
    const text = at.page.getByRole('textbox', { name: 'The filter as text' })
    expect(await text.inputValue()).toBe('coastal:yes founded:>1500')
    expect(await at.page.getByRole('radio', { name: 'hide' }).isChecked()).toBe(true)
    await text.fill('coastl:yes')
    expect(await at.page.getByText('No field is called “coastl”. Did you mean “coastal”?').isVisible()).toBe(true)
    expect(await shown()).toBe(count)
    await text.fill('/(/')
    expect(await at.page.getByText('This pattern cannot be read').isVisible()).toBe(true)
    await text.fill('coastal:? "<b>"')
    await text.press('Enter')
    await at.page.waitForFunction(() => decodeURIComponent(location.hash).includes('coastal:? <b>'))
    await at.page.waitForFunction(() => {
      const rows = Array.from({ length: window.__atlas.rows }, (_, row) => row).filter((row) =>
        window.__atlas.passes(row),
      )
      return rows.length > 0 && rows.length < 100 && rows.every((row) => window.__atlas.nameOf(row)!.includes('<b>'))
    })
    await at.page.getByText('Name with').waitFor()
    await text.fill('trades:polka')
    await text.press('Enter')
    await at.page.getByText('No value is called “polka”').waitFor()
  })

  it('gives up on a pattern that would never end, and the page stays alive', async () => {
    await at.opened()
    await openFilter()
    void at.page.evaluate(() => window.__atlas.filter('/^(\\w+\\s?)*$&/')).catch(() => {})
    void at.page.evaluate(() => window.__atlas.filter('/(([a-z])+.)+[A-Z]([a-z])+Z(?=(.*)*!)/i')).catch(() => {})
    await at.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))) // frames go on
    expect((await at.page.evaluate(() => window.__atlas.filter('founded:2000'))).text).toBe('founded:2000')
  })
})

describe('the filter on a phone', () => {
  it('is brushed with a finger, in a sheet with large targets', async () => {
    await at.opened('', PHONE)
    await at.page.getByRole('button', { name: 'Filter', exact: true }).tap()
    await at.page.getByLabel('Add a field to filter by').selectOption('founded')
    const area = panel('Founded').locator('.area')
    await area.scrollIntoViewIfNeeded()
    const box = (await area.boundingBox())!
    const client = await at.page.context().newCDPSession(at.page)
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number; id: number }[]) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints })
    const y = box.y + box.height - 4
    await send('touchStart', [{ x: box.x + 2, y, id: 1 }])
    for (let step = 1; step <= 6; step++) await send('touchMove', [{ x: box.x + (box.width * step) / 12, y, id: 1 }])
    await send('touchEnd', [])
    await textIs('founded:>=')
    expect(await shown()).toBeLessThan(MANY)
    for (const target of await panel('Founded')
      .locator('button, input:not([type=checkbox]), select, [role=slider], label')
      .all()) {
      const size = (await target.boundingBox())!
      expect(
        Math.min(size.width, size.height),
        await target.evaluate((node) => node.outerHTML.slice(0, 120)),
      ).toBeGreaterThanOrEqual(43.5)
    }
  })
})
