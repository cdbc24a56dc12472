/** What docs/extending.md adds to the viewer, a panel and the look of a type, built as it stands there. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildViewer, FRONTEND } from '../support/site.mjs'
import { manifest, PHONE, sitePage } from './site_page'

// Inside of the frontend, where its packages are found.
const COPY = join(FRONTEND, 'test/.fixture/extending')
const site = sitePage(join(COPY, 'dist'))

/** The files of the document: each block's first line is a comment with the path. */
function documented(): [path: string, text: string][] {
  const text = readFileSync(join(FRONTEND, '../docs/extending.md'), 'utf8')
  const blocks = text.matchAll(/^```(?:ts|svelte)\n(?:\/\/|<!--) frontend\/(\S+)(?: -->)?\n([^]*?)^```$/gm)
  return [...blocks].map(([, path, body]) => [path, body])
}

beforeAll(() => {
  rmSync(COPY, { recursive: true, force: true })
  for (const part of ['src', 'index.html', 'vite.config.ts', 'svelte.config.js'])
    cpSync(join(FRONTEND, part), join(COPY, part), { recursive: true })
  for (const [path, body] of documented()) {
    mkdirSync(dirname(join(COPY, path)), { recursive: true })
    writeFileSync(join(COPY, path), body)
  }
  const index = join(COPY, 'src/core/fields/index.ts')
  const types = readFileSync(index, 'utf8')
  const added = types.replace(/^const TYPES.* = \[/m, (line) => `${line}DURATION, `)
  expect(added).not.toBe(types)
  writeFileSync(index, `import { DURATION } from './duration'\n${added}`)
  buildViewer(COPY)
}, 180_000) // a build takes a while beside other work

describe('the panel of the document', () => {
  it('is two files, and in the column of a desktop, in its place, fetched when it is opened', async () => {
    expect(documented().map(([path]) => path)).toEqual([
      'src/core/fields/duration.ts',
      'src/ui/chance/panel.ts',
      'src/ui/chance/ChancePanel.svelte',
    ])
    const page = await site.opened('#f=region:%22Harbour%20towns%22')
    const head = page.getByRole('button', { name: /^By chance/ })
    expect(await head.textContent()).toContain('of what passes')
    const heads = await page.locator('h2 button').allTextContents()
    const at = heads.findIndex((text) => text.includes('By chance'))
    expect(heads[at - 1]).toContain('My list')
    const fetched = () => site.site.requests.some((path) => path.includes('ChancePanel'))
    expect(fetched()).toBe(false)
    await head.click()
    await page.getByRole('button', { name: 'Go to any town' }).click()
    expect(fetched()).toBe(true)
    await expect.poll(async () => (await site.state()).selected).toBeGreaterThanOrEqual(0)
    const { selected } = await site.state()
    expect(await page.evaluate((row) => window.__atlas.passes(row), selected)).toBe(true)
  })

  it('is a sheet on a phone', async () => {
    const page = await site.opened('', PHONE)
    await page.getByRole('button', { name: 'Chance' }).click()
    await page.getByRole('button', { name: 'Go to any town' }).click()
    await expect.poll(async () => (await site.state()).selected).toBeGreaterThanOrEqual(0)
  })
})

describe('the type of the document', () => {
  it('is one file and its name in the index: in the legend, the filter, queries, the details and the list', async () => {
    // Years read as seconds: 1234 is 20:34.
    const typed = (type: string) =>
      JSON.stringify(manifest).replace(/("name":"founded"[^}]*?"type":)"year"/g, `$1"${type}"`)
    const opened = (type: string, path: string) => {
      site.site.override = (asked) => (asked.endsWith('manifest.json') ? { body: typed(type) } : null)
      return site.opened(path)
    }
    const count = (text: string) => site.page.evaluate(async (query) => window.__atlas.filter(query), text)
    await opened('year', '')
    const wanted = (await count('founded:>1500')).count
    expect(wanted).toBeGreaterThan(100)

    const page = await opened('duration', `#colour=field:founded&f=${encodeURIComponent('founded:>25:00')}`)
    const passing = await page.evaluate(() => {
      const { rows, passes } = window.__atlas
      return Array.from({ length: rows }, (_, row) => row).filter((row) => passes(row))
    })
    expect(passing).toHaveLength(wanted)
    const ticks = await page.locator('.legend .ticks span').allTextContents()
    expect(ticks.length).toBeGreaterThan(2)
    for (const tick of ticks) expect(tick.trim()).toMatch(/^\d\d:\d\d$/)
    const filter = page.getByRole('region', { name: 'Filter by Founded' })
    const head = page.getByRole('button', { name: /^Filter/ })
    if ((await head.getAttribute('aria-expanded')) === 'false') await head.click()
    expect(await filter.getByLabel('Founded, from').inputValue()).toBe('25:00')
    await filter.getByLabel('Founded, to').fill('1600')
    await page.keyboard.press('Enter')
    expect(await filter.getByRole('alert').textContent()).toBe('Write a duration as 3:25, the shorter one first.')
    await filter.getByLabel('Founded, to').fill('26:40')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes('f=founded:>25:00..26:40'))
    const row = await page.evaluate(() => {
      const { rows, passes } = window.__atlas
      return Array.from({ length: rows }, (_, row) => row).find((row) => passes(row))!
    })
    await page.evaluate((r) => window.__atlas.select(r), row)
    const fact = page.getByRole('complementary').locator('dl div', { hasText: 'Founded' }).locator('dd')
    expect((await fact.textContent())!.trim()).toMatch(/^2[56]:\d\d$/)
    expect((await count('founded:soon')).text).toBe('founded:>25:00..26:40') // it is none, so nothing changes
  })
})
