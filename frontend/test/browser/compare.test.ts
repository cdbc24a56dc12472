import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FIXTURE } from '../support/global_setup'
import { DESKTOP, manifest, PHONE, sitePage } from './site_page'

const at = sitePage()
const [A, B, C] = manifest.projections.map(({ key }) => key)
const link = (b: string, how: string) => `#c=${b}~${how}`
const bar = () => at.page.getByRole('region', { name: 'Comparing two maps' })
const slider = () => bar().getByRole('slider')
const second = () => at.page.getByRole('application', { name: /^Second map/ })
/** The list comes when it is asked for. */
const openMaps = async () => {
  await at.page.getByRole('button', { name: /^Map/ }).first().click()
  await at.page.getByRole('list', { name: 'Maps' }).waitFor()
}
/** Neighbours are found, and with them the groups. */
const compared = () => at.page.getByText(/of the neighbours on one map are neighbours on the other/).waitFor()

describe('the list of maps', () => {
  it('sorts by a figure, says what figures mean, and is walked through by arrow keys', async () => {
    await at.opened()
    await openMaps()
    const list = at.page.getByRole('list', { name: 'Maps' })
    const names = () => list.locator('.name').allTextContents()
    expect((await names())[0]).toContain('UMAP')
    await at.page.getByRole('combobox', { name: 'Sort by' }).selectOption({ label: 'Keeps neighbours' })
    expect((await names())[0]).toContain('t-SNE')
    await at.page.getByRole('combobox', { name: 'Sort by' }).selectOption({ label: 'Predicts unseen data' })
    expect(await names()).toEqual([
      expect.stringContaining('PyMDE'),
      expect.stringContaining('UMAP'),
      expect.stringContaining('t-SNE'),
    ])
    const quality = at.page.getByRole('region', { name: 'Quality of the chosen map' })
    expect(await quality.textContent()).toMatch(/14\.2 %\s*± 0\.4/)
    await quality.getByRole('button', { name: 'What does this say?' }).click()
    expect(await quality.textContent()).toContain('Draws close groups together')
    await list.getByRole('button', { name: /^UMAP/ }).focus()
    await at.page.keyboard.press('ArrowDown')
    await at.page.keyboard.press('Enter')
    await at.page.waitForFunction((key) => window.__atlas.state().projection === key, B)
    await at.page.getByRole('button', { name: 'Large pictures' }).click()
    expect(await list.getAttribute('class')).toContain('grid')
  })

  it('narrows a long sweep down by method', async () => {
    const [first] = manifest.projections
    const more = Array.from({ length: 12 }, (_, i) => ({
      ...first,
      key: `more${i}`,
      name: `PaCMAP ${i}`,
      method: 'pacmap',
      recommended: false,
    }))
    const body = JSON.stringify({
      ...JSON.parse(readFileSync(join(FIXTURE, 'manifest.json'), 'utf8')),
      projections: [...manifest.projections, ...more],
    })
    at.site.override = (path) => (path.endsWith('manifest.json') ? { body } : null)
    await at.opened()
    await openMaps()
    const list = at.page.getByRole('list', { name: 'Maps' })
    expect(await list.getByRole('listitem').count()).toBe(15)
    const methods = at.page.getByRole('group', { name: 'Only maps made by' })
    await methods.getByRole('button', { name: 'PaCMAP' }).click()
    expect(await list.getByRole('listitem').count()).toBe(12)
    await methods.getByRole('button', { name: 'All 15' }).click()
    expect(await list.getByRole('listitem').count()).toBe(15)
  })
})

describe('from one map to the other', () => {
  it('is scrubbed by keyboard and mouse, with points, lines and the link following', async () => {
    await at.opened()
    const row = await at.popularRow()
    await openMaps()
    await at.page.getByRole('button', { name: /^Compare with t-SNE/ }).click()
    await bar().waitFor()
    await at.settled()
    const start = await at.screenOf(row)
    await slider().focus()
    await at.page.keyboard.press('End')
    await at.settled()
    const end = await at.screenOf(row)
    expect(Math.hypot(end.x - start.x, end.y - start.y)).toBeGreaterThan(4)
    expect(await slider().getAttribute('aria-valuetext')).toContain('t-SNE')
    const box = (await slider().boundingBox())!
    await at.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
    await at.settled()
    const middle = await at.screenOf(row)
    expect(middle.x).toBeCloseTo((start.x + end.x) / 2, -1)
    expect(middle.y).toBeCloseTo((start.y + end.y) / 2, -1)
    await at.page.waitForFunction((b) => decodeURIComponent(location.hash).includes(`c=${b}~0.5`), B)
    await bar().getByRole('button', { name: 'Swap the maps' }).click()
    await at.page.waitForFunction(
      ([a, b]) =>
        decodeURIComponent(location.hash).includes(`map=${b}`) &&
        decodeURIComponent(location.hash).includes(`c=${a}~0.5`),
      [A, B],
    )
    await at.page.keyboard.press('Tab')
    await bar().getByRole('button', { name: 'Stop comparing' }).click()
    await bar().waitFor({ state: 'detached' })
    await at.page.waitForFunction(() => !location.hash.includes('c='))
  })

  it('opens from a link, and the back button leaves it', async () => {
    await at.opened(link(C, '0.25'))
    expect(await slider().inputValue()).toBe('0.25')
    await bar().getByRole('button', { name: 'Stop comparing' }).click()
    await at.page.waitForFunction(() => !location.hash.includes('c='))
    await at.page.goBack()
    await bar().waitFor()
    await at.page.waitForFunction((b) => decodeURIComponent(location.hash).includes(`c=${b}~0.25`), C)
    await at.page.goForward()
    await bar().waitFor({ state: 'detached' })
    expect((await at.state()).projection).toBe(A)
  })

  it('ignores a link to a map that is gone', { tags: ['slow'] }, async () => {
    await at.opened('#c=gone~0.4')
    expect(await bar().count()).toBe(0)
    expect((await at.state()).projection).toBe(A)
  })

  it('plays and pauses; where motion is unwelcome, one map and then the other', async () => {
    await at.opened(link(B, '0'), { reducedMotion: 'no-preference', alone: true })
    await bar().getByRole('button', { name: 'Play' }).click()
    await at.page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('.slider')!.value) > 0.2)
    await bar().getByRole('button', { name: 'Pause' }).click()
    const held = await slider().inputValue()
    await at.page.waitForTimeout(300)
    expect(await slider().inputValue()).toBe(held)
    await at.page.emulateMedia({ reducedMotion: 'reduce' })
    await slider().fill('0')
    await at.page.evaluate(() => {
      const seen = new Set<string>()
      const look = () => {
        seen.add(document.querySelector<HTMLInputElement>('.slider')!.value)
        requestAnimationFrame(look)
      }
      look()
      Object.assign(window, { seen })
    })
    await bar().getByRole('button', { name: 'Play' }).click()
    await at.page.waitForFunction(() => document.querySelector<HTMLInputElement>('.slider')!.value === '1')
    expect(
      await at.page.evaluate(() =>
        [...(window as unknown as { seen: Set<string> }).seen].filter((t) => t !== '0' && t !== '1'),
      ),
    ).toEqual([])
  })
})

describe('what changed', () => {
  it('is a colour, a list to fly to, groups to pick, and what one entity keeps and loses', async () => {
    await at.opened(link(B, '0'))
    await compared()
    await at.page.locator('button.colour').click()
    await at.page.waitForFunction(() => window.__atlas.state().colour === 'moved')
    await at.page.waitForFunction(() => location.hash.includes('colour=moved'))
    const movers = at.page.getByRole('list', { name: /that changed most/ }).getByRole('button')
    const name = await movers.first().locator('.name').textContent()
    await movers.first().click()
    await at.page.getByRole('complementary').waitFor()
    expect(await at.nameOf((await at.state()).selected)).toBe(name)
    const around = at.page.locator('section', { has: at.page.getByRole('heading', { name: `Around ${name}` }) }).last()
    await around.waitFor()
    expect(await around.textContent()).toMatch(/keeps\s+[\d.]+ % of its neighbours/)
    await around.getByText(/nearest in the data/).waitFor()
    await around.getByRole('button', { name: /^New/ }).click()
    await around
      .getByRole('list', { name: /^Near on t-SNE/ })
      .getByRole('button')
      .first()
      .click()
    await at.page.waitForFunction((before) => window.__atlas.nameOf(window.__atlas.state().selected) !== before, name)
    await at.page.getByRole('button', { name: 'Neighbours', exact: true }).click()
    await at.page.getByRole('heading', { name: 'Changed company most' }).waitFor()
    await bar().getByRole('button', { name: 'Stop comparing' }).click()
    await at.page.waitForFunction(() => window.__atlas.state().colour !== 'moved') // what was there before
  })

  it('a suggested group becomes the picked set', async () => {
    await at.opened(link(B, '0'))
    await compared()
    const group = at.page.locator('button.group').first()
    expect(await group.textContent()).toMatch(/(moved together|lie together|lie apart)/)
    await group.click()
    await at.page.waitForFunction(() => location.hash.includes('s='))
  })
})

describe('side by side', () => {
  it('shows the second map with the same looks, hover, selection and camera, and cleans up', async () => {
    await at.opened(link(C, 'side'))
    await second().waitFor()
    await at.page.waitForFunction(
      () =>
        document.querySelectorAll('.stage').length === 2 &&
        document.querySelectorAll('.stage')[1].querySelectorAll('.label').length > 0,
    )
    const [first, other] = await at.page.locator('.stage').all()
    const [p, q] = [(await first.boundingBox())!, (await other.boundingBox())!]
    expect(p.x + p.width).toBeCloseTo(q.x, 0)
    // A label of the second map selects on both.
    const label = await at.page.evaluate(() => {
      const labels = [...document.querySelectorAll('.stage')[1].querySelectorAll('.label.entity')].map((node) => ({
        name: node.textContent!,
        box: node.getBoundingClientRect(),
      }))
      const { name, box } = labels.find(
        ({ box: { right, bottom } }) => right < innerWidth - 120 && bottom < innerHeight - 200,
      )!
      return { name, x: box.x + box.width / 2, y: box.y + box.height / 2 }
    })
    const { name } = label
    await at.page.mouse.click(label.x, label.y)
    await at.page.getByRole('complementary').waitFor()
    expect(await at.page.getByRole('complementary').getByRole('heading', { level: 2 }).textContent()).toBe(name)
    await first.locator('.label.selected').first().waitFor()
    await other.locator('.label.selected').first().waitFor() // one that moved fades out where it was
    await at.page.keyboard.press('Escape')
    await at.page.getByRole('complementary').waitFor({ state: 'detached' })
    await at.settled()
    // A wheel over the second moves the first.
    const zoom = (await at.state()).zoom
    const place = (await other.boundingBox())!
    await at.page.mouse.move(place.x + place.width / 2, place.y + place.height / 2)
    await at.page.mouse.wheel(0, -600)
    await at.page.waitForFunction((before) => window.__atlas.state().zoom > before * 1.2, zoom)
    await at.page.getByRole('checkbox', { name: 'Move both together' }).uncheck()
    await at.settled()
    const alone = (await at.state()).zoom
    await at.page.mouse.move(place.x + place.width / 2, place.y + place.height / 2)
    await at.page.mouse.wheel(0, 600)
    await at.settled()
    expect((await at.state()).zoom).toBeCloseTo(alone, 6)
    // The divider by keyboard.
    const divided = (await other.boundingBox())!.x
    await at.page.getByRole('separator', { name: 'Share of the first map' }).focus()
    await at.page.keyboard.press('ArrowLeft')
    await at.page.waitForFunction(
      (x) => document.querySelectorAll('.stage')[1].getBoundingClientRect().left < x - 20,
      divided,
    )
    await bar().getByRole('button', { name: 'Side by side' }).click()
    await second().waitFor({ state: 'detached' })
    expect(await slider().count()).toBe(1)
  })
})

describe('on a phone', () => {
  it('the slider takes touch, maps lie one above the other, everything is large enough', async () => {
    await at.opened('', PHONE)
    await at.page.getByRole('button', { name: 'Maps' }).tap()
    await at.page
      .getByRole('list', { name: 'Maps' })
      .getByRole('button', { name: /^Compare with/ })
      .first()
      .tap()
    const box = (await slider().boundingBox())!
    await at.page.touchscreen.tap(box.x + box.width * 0.7, box.y + box.height / 2)
    await at.page.waitForFunction(
      () => Math.abs(Number(document.querySelector<HTMLInputElement>('.slider')!.value) - 0.7) < 0.06,
    )
    for (const control of await bar().locator('button, input, select').all())
      expect((await control.boundingBox())!.height).toBeGreaterThanOrEqual(44)
    await bar().getByRole('button', { name: 'One above the other' }).tap()
    await second().waitFor()
    await at.page.waitForFunction(() => {
      const [first, other] = [...document.querySelectorAll('.stage')].map((stage) => stage.getBoundingClientRect())
      return other && Math.abs(first.bottom - other.top) < 2 && other.width === innerWidth
    })
    await at.page.getByRole('button', { name: 'Changes' }).tap()
    await compared()
  })

  it('rotates to a desktop and back without losing either map', async () => {
    await at.opened(link(B, 'side'), { ...PHONE, alone: true })
    await second().waitFor()
    await at.page.setViewportSize(DESKTOP.viewport!)
    await at.page.waitForFunction(() => {
      const [first, other] = [...document.querySelectorAll('.stage')].map((stage) => stage.getBoundingClientRect())
      return other && Math.abs(first.right - other.left) < 2 && other.height === innerHeight
    })
  })
})
