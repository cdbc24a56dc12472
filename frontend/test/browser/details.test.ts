import { describe, expect, it } from 'vitest'
import { PHONE, sitePage } from './site_page'

const site = sitePage()
const panel = () => site.page.getByRole('complementary', { name: /^Details of/ })
const heading = () => panel().getByRole('heading', { level: 2 }).textContent()
const select = (row: number) => site.page.evaluate((r) => window.__atlas.select(r), row)
const nearest = () => panel().getByRole('list', { name: /^Nearest/ })

describe('what is said about one entity', () => {
  it('why its neighbours are near, and how many of them this map keeps', async () => {
    await site.opened()
    await select(7)
    const text = (await nearest().textContent())!
    expect(text).toMatch(/seen together in [\d,]+ travellers?, similarity 0\.\d\d/)
    expect(text).not.toMatch(/in 1 travellers/)
    await panel()
      .getByText(/This map keeps (all|none|\d+) of its/)
      .waitFor()
    await panel()
      .getByText(/Similarity: 1 is/)
      .waitFor()
  })

  it('the number kept is that of the shown map', async () => {
    await site.opened()
    await select(7)
    const kept = async () =>
      (await panel()
        .getByText(/This map keeps/)
        .textContent())!
    const before = await kept()
    await site.page.evaluate(() => (location.hash = location.hash + '&map=k15_tsne-p30'))
    await site.page.waitForFunction(() => window.__atlas.state().projection === 'k15_tsne-p30')
    await panel()
      .getByText(/This map keeps/)
      .waitFor()
    expect(before).toMatch(/\d+ of its 12 nearest/)
    expect(await kept()).toMatch(/This map keeps/)
  })

  it('a value that is clicked filters the map, and undo takes it back', async () => {
    await site.opened()
    await select(7)
    await panel()
      .locator('dl')
      .getByRole('button', { name: /towns|valleys|roads|mills|forests|coast|country|hills|works|isles|forts|plains/i })
      .first()
      .click()
    await site.page.getByText(/^Only Region:/).waitFor()
    expect(await site.page.evaluate(() => window.__atlas.passes(7))).toBe(true)
    await site.page.waitForFunction(() =>
      Array.from({ length: 1000 }, (_, row) => row).some((row) => !window.__atlas.passes(row)),
    )
    await site.page.getByRole('button', { name: 'Undo', exact: true }).click()
    await site.page.waitForFunction(() =>
      Array.from({ length: 1000 }, (_, row) => row).every((row) => window.__atlas.passes(row)),
    )
  })

  it('what the filter hides is said, of the entity and of its neighbours', async () => {
    await site.opened()
    await select(7)
    await nearest().waitFor()
    await site.page.evaluate(() => window.__atlas.filter('founded:<1'))
    await panel().getByText('The filter leaves this town out.').waitFor()
    await panel().getByText('All of these are filtered out.').waitFor()
    await panel().getByRole('button', { name: 'Clear the filter' }).click()
    await panel().getByText('The filter leaves this town out.').waitFor({ state: 'detached' })
  })

  it('what was looked at before can be gone back to, by keyboard too', async () => {
    await site.opened()
    await select(7)
    await select(20)
    await select(30)
    const back = panel().getByRole('button', { name: `Back to ${await site.nameOf(20)}` })
    await back.focus()
    await site.page.keyboard.press('Enter')
    await site.page.waitForFunction(() => window.__atlas.state().selected === 20)
    expect(await heading()).toBe(await site.nameOf(20))
    await panel()
      .getByRole('button', { name: `Forward to ${await site.nameOf(30)}` })
      .click()
    await site.page.waitForFunction(() => window.__atlas.state().selected === 30)
    await panel()
      .getByRole('button', { name: `Back to ${await site.nameOf(20)}` })
      .click()
    await panel()
      .getByRole('button', { name: `Back to ${await site.nameOf(7)}` })
      .click()
    await site.page.waitForFunction(() => window.__atlas.state().selected === 7)
  })

  it('entities are collected one by one without leaving what is looked at', async () => {
    await site.opened()
    for (const row of [7, 20, 30]) {
      await select(row)
      await panel().getByRole('button', { name: 'Add to a selection' }).click()
      await panel().getByRole('button', { name: 'In the selection', pressed: true }).waitFor()
    }
    expect(await site.page.evaluate(() => window.__atlas.picked())).toEqual([7, 20, 30])
    await panel().getByRole('button', { name: '‹ 3 towns selected' }).click()
    await site.page.getByRole('complementary', { name: 'Selection of 3 towns' }).waitFor()
  })

  it('with neighbours that are selected with it', { tags: ['slow'] }, async () => {
    await site.opened()
    await select(7)
    await nearest().waitFor()
    const count = (await nearest().getByRole('listitem').count()) + 1
    await panel()
      .getByRole('button', { name: `Select these ${count}` })
      .click()
    expect(await site.page.evaluate(() => window.__atlas.picked())).toHaveLength(count)
  })

  it('on a phone, where all of it can be hit by a finger', async () => {
    await site.opened('', PHONE)
    await select(7)
    await nearest().waitFor()
    const sizes = await panel()
      .locator('button:visible')
      .evaluateAll((nodes) =>
        nodes.map((n) => [n.getAttribute('aria-label') ?? n.textContent, n.getBoundingClientRect().height]),
      )
    for (const [name, height] of sizes)
      if (!/Larger|Smaller/.test(String(name))) expect(height, String(name)).toBeGreaterThanOrEqual(44)
    await panel().getByRole('button', { name: 'Add to a selection' }).tap()
    await panel().getByRole('button', { name: 'In the selection' }).waitFor()
    await panel().getByRole('button', { name: 'Close' }).tap()
    await panel().waitFor({ state: 'detached' })
  })
})
