import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { contrast, parseHex, type Rgb } from '../../src/core/colour/oklab'
import type { Theme } from '../../src/core/data/manifest'
import { FIXTURE } from '../support/global_setup'
import { eachTimeIf } from '../support/slow'
import { manifest, PHONE, sitePage } from './site_page'

const site = sitePage()
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="#c2410c"/><script>parent.document.title = "pwned"</script></svg>'

function dressed(theme: Theme): void {
  const body = JSON.stringify({ ...manifest, atlas: { ...manifest.atlas, theme } })
  site.site.override = (path) =>
    path.endsWith('manifest.json') ? { body } : path.endsWith('logo.svg') ? { body: LOGO } : null
}

const variable = (name: string) =>
  site.page.evaluate((n) => getComputedStyle(document.documentElement).getPropertyValue(n).trim(), name)
/** Of the most frequent categories, as the list shows them. */
async function coloursOf(places: number[]): Promise<string[]> {
  const file = (manifest.columns[3] as { dictionary: { path: string } }).dictionary.path
  const dictionary = JSON.parse(gunzipSync(readFileSync(join(FIXTURE, file))).toString()) as [string, number][]
  return Promise.all(
    places.map((place) =>
      site.page
        .locator('ol .name', { hasText: dictionary[place][0] })
        .first()
        .locator('.dot')
        .evaluate((dot) => getComputedStyle(dot).backgroundColor),
    ),
  )
}
const rgbOf = (css: string): Rgb => css.match(/\d+/g)!.slice(0, 3).map(Number) as Rgb

describe("an atlas's own look", () => {
  it('is taken on: ground, accent, palette, logo and links', async () => {
    dressed({
      accent: '#c2410c',
      background: { dark: '#14110e' },
      palette: ['#ff8800', '#00aaff'],
      logo: { path: 'theme/logo.svg', bytes: LOGO.length },
    })
    const page = await site.opened('#v=list', { colorScheme: 'dark' })
    await page.locator('ol .value').first().waitFor()
    expect(await variable('--map')).toBe('#14110e')
    expect(contrast(parseHex(await variable('--accent'))!, [31, 38, 47])).toBeGreaterThanOrEqual(4.5)
    expect(await coloursOf([0, 1])).toEqual(['rgb(255, 136, 0)', 'rgb(0, 170, 255)'])
    expect(await page.locator('header img').evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(40)
    expect(await page.title()).toBe(manifest.atlas.title)
    await page.getByRole('button', { name: 'About this map' }).first().click()
    const link = page.getByRole('dialog').getByRole('link', { name: 'How the towns were invented' })
    expect(await link.getAttribute('href')).toBe('https://example.org/towns')
    expect(await link.getAttribute('rel')).toContain('noopener')
    await page.getByRole('dialog').getByText('Licence of the data: CC0').waitFor()
  })

  for (const colorScheme of ['dark', 'light'] as const)
    it(`is made readable where it is not: ${colorScheme}`, eachTimeIf(colorScheme === 'dark'), async () => {
      dressed({ accent: '#777777', background: { dark: '#e0e0a0', light: '#203040' }, palette: ['#111111', '#f8f8f8'] })
      const page = await site.opened('#v=list', { colorScheme })
      await page.locator('ol .value').first().waitFor()
      const ground = parseHex(await variable('--map'))!
      expect(
        contrast(rgbOf(await page.evaluate(() => getComputedStyle(document.body).color)), ground),
      ).toBeGreaterThanOrEqual(6.5)
      for (const css of await coloursOf([0, 1])) expect(contrast(rgbOf(css), ground)).toBeGreaterThanOrEqual(2.9)
    })

  it('gives way to black or white for those who ask for more contrast', async () => {
    dressed({ background: { dark: '#14110e' } })
    const page = await site.opened('', { colorScheme: 'dark', contrast: 'more', alone: true })
    expect(await variable('--map')).toMatch(/^#000(000)?$/)
    expect(await variable('--text')).toMatch(/^#fff(fff)?$/)
    await page.emulateMedia({ contrast: 'no-preference' })
    await expect.poll(() => variable('--map')).toBe('#14110e')
  })

  for (const [name, device] of [
    ['a desktop', {}],
    ['a phone', PHONE],
  ] as const)
    it(
      `leaves everything there to people with colours of their own, on ${name}`,
      eachTimeIf(device === PHONE),
      async () => {
        dressed({ background: { dark: '#14110e' } })
        const page = await site.opened('', { ...device, forcedColors: 'active' })
        await page.evaluate(() => window.__atlas.select(3))
        await page.getByRole('list', { name: /Nearest/ }).waitFor()
        const selected = page.locator('.label.selected').first()
        if (await selected.count())
          expect(await selected.evaluate((node) => getComputedStyle(node).borderTopWidth)).not.toBe('0px')
      },
    )
})
