import { expect, it, describe } from 'vitest'
import { eachTimeIf } from '../support/slow'
import { manifest, PHONE, sitePage } from './site_page'

const site = sitePage()
const hash = () => site.page.evaluate(() => decodeURIComponent(location.hash))
const waitForHash = (text: string) =>
  site.page.waitForFunction((wanted) => decodeURIComponent(location.hash).includes(wanted), text)

describe('back and forward', () => {
  it('restore map, camera, colour, filter and selection, step by step', async () => {
    const page = await site.opened('#at=0.2,-0.1,3')
    const seen: { hash: string; state: Awaited<ReturnType<typeof site.state>> }[] = []
    const note = async () => {
      await site.settled()
      await page.evaluate(() => window.__atlas.remembered())
      seen.push({ hash: await hash(), state: await site.state() })
    }
    await note()
    await page.evaluate(() => window.__atlas.select(5))
    await waitForHash('select=')
    await note()
    await page.evaluate(() => window.__atlas.select(12))
    await page.waitForFunction((before) => decodeURIComponent(location.hash) !== before, seen[1].hash)
    await note()
    const box = page.getByRole('combobox', { name: /^Search/ })
    await box.fill('coastal:yes')
    await page.getByRole('button', { name: 'Show only these' }).click()
    await waitForHash('f=coastal:yes')
    await note()
    const same = async (i: number) => {
      await waitForHash(seen[i].hash.slice(1) || '')
      await page.waitForFunction((row) => window.__atlas.state().selected === row, seen[i].state.selected)
      await site.settled()
      await page.evaluate(() => window.__atlas.remembered())
      expect(await hash()).toBe(seen[i].hash)
      const now = await site.state()
      expect(now).toMatchObject({
        projection: seen[i].state.projection,
        colour: seen[i].state.colour,
        selected: seen[i].state.selected,
      })
      expect(now.zoom).toBeCloseTo(seen[i].state.zoom, 2)
    }
    for (const i of [2, 1, 0]) {
      await page.goBack()
      await same(i)
    }
    for (const i of [1, 2, 3]) {
      await page.goForward()
      await same(i)
    }
  })

  it('do not mind parts that make no sense, and keep those from another version', async () => {
    await site.opened('#map=none&at=a,b&select=nobody&colour=field:none&f=%25%25:%20%22&later=1')
    expect(await site.state()).toMatchObject({
      projection: manifest.default.projection,
      colour: `field:${manifest.default.colour}`,
      selected: -1,
    })
    await site.page.evaluate(() => window.__atlas.select(5))
    await waitForHash('select=')
    expect(await hash()).toContain('later=1')
    expect(await hash()).not.toContain('none')
  })
})

describe('sharing', () => {
  for (const [name, device] of [
    ['desktop', {}],
    ['phone', PHONE],
  ] as const)
    it(`gives a link and code that open the same view (${name})`, eachTimeIf(device !== PHONE), async () => {
      const page = await site.opened('#at=0.2,-0.1,3', { ...device, alone: true })
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('button', { name: 'Share this view' }).click()
      const dialog = page.getByRole('dialog', { name: 'Share this view' })
      await dialog.getByText(/the part of the map that you see/).waitFor()
      expect(await dialog.getByLabel('Link', { exact: true }).inputValue()).toBe(`${site.site.url}#at=0.2,-0.1,3`)
      const code = await dialog.getByLabel('For a page of your own').inputValue()
      expect(code).toContain(`src="${site.site.url}?embed#at=0.2,-0.1,3"`)
      await dialog.getByLabel('Size').selectOption('1')
      expect(await dialog.getByLabel('For a page of your own').inputValue()).toContain('width="800" height="600"')
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await dialog.getByRole('button', { name: 'Copy link' }).click()
      await dialog.getByText('Copied').waitFor()
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${site.site.url}#at=0.2,-0.1,3`)
    })
})
