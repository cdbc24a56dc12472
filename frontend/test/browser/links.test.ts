import { describe, expect, it } from 'vitest'
import { violations } from '../support/axe'
import { PHONE, sitePage } from './site_page'

const site = sitePage()
const toggle = () => site.page.getByRole('button', { name: 'Show the strongest links' })
/** Lines that are drawn, by the path's own account. */
const drawn = () =>
  site.page.evaluate(
    () =>
      [...document.querySelectorAll('.map svg g path')]
        .map((path) => path.getAttribute('d')!)
        .join('')
        .split('M').length - 1,
  )
const some = () => site.page.waitForFunction(() => document.querySelectorAll('.map svg g path[d^="M"]').length > 0)

describe('links between what is in view', () => {
  it('are drawn on demand, follow the map, and go again', async () => {
    await site.opened()
    expect(await drawn()).toBe(0)
    await toggle().click()
    await some()
    const whole = await drawn()
    expect(whole).toBeGreaterThan(20)
    expect(await toggle().getAttribute('aria-pressed')).toBe('true')
    const path = () => site.page.evaluate(() => document.querySelector('.map svg g path[d^="M"]')!.getAttribute('d')!)
    const before = await path()
    await site.page.getByRole('button', { name: 'Zoom in' }).click()
    await site.page.getByRole('button', { name: 'Zoom in' }).click()
    // Other links, those of what is in view now.
    await site.page.waitForFunction((earlier) => {
      const now = document.querySelector('.map svg g path[d^="M"]')?.getAttribute('d')
      return now && now !== earlier
    }, before)
    await site.page.keyboard.press('n')
    await site.page.waitForFunction(() => document.querySelectorAll('.map svg g path').length === 0)
  })

  it('join what they say: both ends are points of the map', async () => {
    await site.opened('#links=1')
    await some()
    const apart = await site.page.evaluate(() => {
      const g = document.querySelector<SVGGElement>('.map svg g')!
      const [a, , , d, x, y] = g
        .getAttribute('transform')!
        .match(/-?[\d.e-]+/g)!
        .map(Number)
      const [, px, py] = /^M(\S+) (\S+)L/.exec(g.querySelector('path[d^="M"]')!.getAttribute('d')!)!
      const end = { x: a * Number(px) + x, y: d * Number(py) + y }
      let least = Infinity
      for (let row = 0; row < window.__atlas.rows; row++) {
        const at = window.__atlas.screenOf(row)!
        least = Math.min(least, Math.hypot(at.x - end.x, at.y - end.y))
      }
      return least
    })
    expect(apart).toBeLessThan(1.5)
  })

  it('are part of the link, and can be had by touch', async () => {
    await site.opened('', PHONE)
    await toggle().tap()
    await some()
    await site.page.evaluate(() => window.__atlas.remembered())
    expect(site.page.url()).toContain('links=1')
    expect(await violations(site)).toEqual([])
  })
})
