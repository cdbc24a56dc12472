import { describe, expect, it } from 'vitest'
import { sitePage } from './site_page'

const site = sitePage()
const section = () => site.page.getByRole('button', { name: /^Regions/ }).first()
const tree = () => site.page.getByRole('navigation', { name: 'Regions of the map' })
const panel = () => site.page.getByRole('complementary', { name: /^Details of/ })
const zoom = () => site.page.evaluate(() => window.__atlas.state().zoom)

describe('the regions of a map', () => {
  it('are a table of contents that flies there and says what is typical', async () => {
    await site.opened()
    await section().click()
    const first = tree().getByRole('listitem').first()
    const name = first.getByRole('button', { name: /\d$/ }).first()
    const before = await zoom()
    await name.click()
    await site.page.waitForFunction((from) => window.__atlas.state().zoom > from, before)
    await tree().getByText('The name is true of 84 %.').waitFor()
    await tree().getByText('old roads').waitFor()
    await tree()
      .getByRole('button', { name: /^Regions inside/ })
      .first()
      .click()
    expect(await first.getByRole('listitem').count()).toBeGreaterThan(2)
    await tree()
      .getByRole('button', { name: /^Select these/ })
      .click()
    await site.page.getByRole('complementary', { name: /^Selection of/ }).waitFor()
  })

  it('are the way to where an entity lies', async () => {
    await site.opened()
    await site.page.evaluate(() => window.__atlas.select(7))
    const path = panel().getByRole('navigation', { name: 'Where it lies on the map' })
    await path.waitFor()
    expect(await path.getByRole('button').count()).toBe(2)
  })
})
