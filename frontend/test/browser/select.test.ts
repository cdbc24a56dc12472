import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import type { Download, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { parseCsv } from '../support/csv'
import { manifest, PHONE, sitePage } from './site_page'

const site = sitePage()
const picked = () => site.page.evaluate(() => window.__atlas.picked())
const panel = () => site.page.getByRole('complementary', { name: /^Selection of/ })
const select = (row: number) => site.page.evaluate((r) => window.__atlas.select(r), row)

/** Opens the page with the neighbours of a row, and the row, picked. */
async function withSet(row = 5, options: Parameters<typeof site.opened>[1] = {}): Promise<number[]> {
  await site.opened('', options)
  await select(row)
  await site.page.getByRole('button', { name: /^Select these/ }).click()
  await panel().waitFor()
  return picked()
}
async function saveAs(name: string, tags = '', note = ''): Promise<void> {
  await panel().getByRole('button', { name: 'Save', exact: true }).click()
  await panel().getByRole('textbox', { name: 'Name' }).fill(name)
  await panel().getByRole('textbox', { name: /Tags/ }).fill(tags)
  await panel().getByRole('textbox', { name: 'Note' }).fill(note)
  await panel().locator('button[type=submit]').click()
  await site.page.getByText(`Saved as “${name}”`).waitFor()
}
async function downloaded(act: () => Promise<unknown>): Promise<{ name: string; bytes: Buffer }> {
  const [download] = (await Promise.all([site.page.waitForEvent('download'), act()])) as [Download, unknown]
  return { name: download.suggestedFilename(), bytes: readFileSync((await download.path())!) }
}
const exporting = (name: RegExp) => downloaded(() => panel().getByRole('button', { name }).click())
const openExport = () => panel().getByRole('button', { name: 'Export', exact: true }).click()

/** Colours of a PNG of 8 bits a channel: how many differ, and its size. */
function readPng(bytes: Buffer): { width: number; height: number; colours: number } {
  const [width, height, channels] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[25] === 6 ? 4 : 3]
  const parts: Buffer[] = []
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)))
  const raw = inflateSync(Buffer.concat(parts))
  const colours = new Set<number>()
  const stride = 1 + width * channels
  for (let y = 0; y < height; y += 7)
    for (let i = 1; i < stride; i += channels) colours.add(raw.readUIntBE(y * stride + i, 3)) // filtered bytes: enough to tell a picture from one colour
  return { width, height, colours: colours.size }
}

describe('a picked set', () => {
  it('grows out of the entity looked at by ctrl-click, and shrinks again', async () => {
    const page = await site.opened()
    const row = await site.popularRow()
    const at = await site.screenOf(row)
    await select(3)
    await page.keyboard.down('Control')
    await page.mouse.click(at.x, at.y)
    await page.keyboard.up('Control')
    await panel().waitFor()
    expect(await picked()).toEqual([3, row].sort((a, b) => a - b))
    expect(await panel().getByRole('heading', { level: 2 }).textContent()).toBe('2 towns')
    await panel()
      .getByRole('button', { name: `Take ${await site.nameOf(3)} out` })
      .click()
    await page.getByRole('complementary', { name: /^Details of/ }).waitFor() // one alone is looked at
    expect((await site.state()).selected).toBe(row)
    await page.keyboard.press('Control+z')
    await panel().waitFor()
    expect(await picked()).toHaveLength(2)
  })

  it('comes from a lasso, is inverted, and comes back step by step', async () => {
    const page = await site.opened()
    await page.locator('.stage').focus()
    await page.keyboard.press('l')
    await page.mouse.move(500, 200)
    await page.mouse.down()
    for (const [x, y] of [
      [800, 200],
      [800, 500],
      [500, 500],
      [500, 210],
    ])
      await page.mouse.move(x, y, { steps: 5 })
    await page.mouse.up()
    await panel().waitFor()
    const drawn = await picked()
    expect(drawn.length).toBeGreaterThan(50)
    await panel().getByRole('button', { name: 'Invert' }).click()
    const inverted = await picked()
    expect(inverted).toHaveLength(manifest.n - drawn.length)
    expect(inverted.some((row) => drawn.includes(row))).toBe(false)
    await panel().getByRole('button', { name: 'Undo inverting' }).click()
    expect(await picked()).toEqual(drawn)
    await page.keyboard.press('Escape')
    await panel().waitFor({ state: 'detached' })
    await page.getByText(/Selection of \d+ cleared/).waitFor()
    await page.getByRole('button', { name: 'Undo', exact: true }).click()
    await panel().waitFor()
    expect(await picked()).toEqual(drawn)
  })

  it('says what it has in common, grows by neighbours and is shown alone', async () => {
    const rows = await withSet()
    await panel()
      .getByText(/of these, [\d.]+ % of all/)
      .first()
      .waitFor()
    await panel().getByRole('button', { name: 'Add neighbours' }).click()
    await site.page.waitForFunction((before) => window.__atlas.picked().length > before, rows.length)
    const grown = await picked()
    expect(rows.every((row) => grown.includes(row))).toBe(true)
    await panel().getByRole('button', { name: 'Only these' }).click()
    await site.page.waitForFunction(
      (row) => !window.__atlas.passes(row),
      grown[0] === 0 ? grown.find((row, i) => row !== i)! - 1 : 0,
    )
    for (const row of rows) expect(await site.page.evaluate((r) => window.__atlas.passes(r), row)).toBe(true)
  })

  it('lists the most popular first; hovering shows on the map, a click opens details and there is a way back', async () => {
    const rows = await withSet()
    const list = panel().getByRole('listitem')
    const entries = panel().locator('.entry')
    expect(await entries.count()).toBe(rows.length)
    await entries.first().hover()
    await site.page.waitForFunction(() => window.__atlas.state().hovered >= 0)
    const hovered = (await site.state()).hovered
    const sizes = await site.page.evaluate((all) => all.map((row) => window.__atlas.sizeOf(row)), rows)
    expect(await site.page.evaluate((row) => window.__atlas.sizeOf(row), hovered)).toBe(Math.max(...sizes))
    await entries.first().click()
    const details = site.page.getByRole('complementary', { name: /^Details of/ })
    await details.waitFor()
    expect((await site.state()).selected).toBe(hovered)
    await details.getByRole('button', { name: `‹ ${rows.length} towns selected` }).click()
    await panel().waitFor()
    expect(await list.count()).toBeGreaterThan(0)
  })

  it('is remembered by the link and by the back button', async () => {
    const rows = await withSet()
    await site.page.waitForFunction(() => location.hash.includes('s='))
    const hash = new URL(site.page.url()).hash
    await panel().getByRole('button', { name: 'Add neighbours' }).click()
    await site.page.waitForFunction((before) => location.hash !== before, hash)
    await site.page.goBack()
    await site.page.waitForFunction((count) => window.__atlas.picked().length === count, rows.length)
    await site.close()
    await site.opened(hash)
    await panel().waitFor()
    expect(await picked()).toEqual(rows)
  })

  it('of many entities fits in a link too', async () => {
    await site.opened()
    await withSet()
    for (let i = 0; i < 4; i++) {
      const before = (await picked()).length
      await panel().getByRole('button', { name: 'Add neighbours' }).click()
      await site.page.waitForFunction((count) => window.__atlas.picked().length > count, before)
    }
    const rows = await picked()
    expect(rows.length).toBeGreaterThan(100)
    await site.page.waitForFunction(() => location.hash.includes('s=~'))
    const hash = new URL(site.page.url()).hash
    expect(hash.length).toBeLessThan(rows.length * 8)
    await site.close()
    await site.opened(hash)
    expect(await picked()).toEqual(rows)
  })
})

describe('exporting', () => {
  it('writes tables with every field, and pictures that are none of one colour', async () => {
    const rows = await withSet()
    await openExport()
    const csv = await exporting(/as a table/)
    expect(csv.name).toBe(`towns-${rows.length}-towns.csv`)
    const [header, ...lines] = parseCsv(csv.bytes.toString())
    expect(header).toEqual(['id', 'name', ...manifest.details.fields.map((field) => field.name)])
    expect(lines.map((line) => line[1])).toEqual(await Promise.all(rows.map((row) => site.nameOf(row))))
    for (const line of lines) expect(line).toHaveLength(header.length)

    const excel = await exporting(/for Excel/)
    expect([...excel.bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])

    const json = await exporting(/for programs/)
    const objects = JSON.parse(json.bytes.toString()) as Record<string, unknown>[]
    expect(objects.map(({ id }) => id)).toEqual(lines.map((line) => line[0]))
    expect(Object.keys(objects[0])).toEqual(header)
    expect(objects.some(({ trades }) => Array.isArray(trades))).toBe(true)

    const png = await exporting(/Picture of the map/)
    expect(png.name).toMatch(/^towns-.*\.png$/)
    const { width, height, colours } = readPng(png.bytes)
    expect(width).toBeGreaterThan(1200) // twice what the panels at the left leave free
    expect(height).toBeGreaterThan(1500)
    expect(colours).toBeGreaterThan(200)
  })

  it('of a picture needs no selection', async () => {
    const page = await site.opened()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Export' }).click()
    const { name, bytes } = await downloaded(() =>
      page
        .getByRole('dialog')
        .getByRole('button', { name: /Picture of the map/ })
        .click(),
    )
    expect(name).toBe('towns-umap.png')
    expect(readPng(bytes).colours).toBeGreaterThan(200)
    expect(await page.locator('dialog[open]').count()).toBe(0)
  })

  it('says what is missing, and goes on once it is there', async () => {
    await withSet()
    site.site.override = (path) => (path.includes('/detail/') ? { status: 404 } : null)
    site.allowed = /Failed to load resource/
    await openExport()
    await panel().getByRole('button', { name: 'Add neighbours' }).click() // rows of shards not loaded before
    await panel().getByRole('button', { name: 'Invert' }).click()
    await panel()
      .getByRole('button', { name: /as a table/ })
      .click()
    await site.page.getByText(/is missing on the server/).waitFor()
    site.site.override = () => null
    const { bytes } = await downloaded(() => site.page.getByRole('button', { name: 'Try again' }).click())
    expect(parseCsv(bytes.toString()).length).toBe((await picked()).length + 1)
  })
})

describe('saved selections', () => {
  const section = () => site.page.getByRole('list', { name: 'Saved selections' })
  const unfold = async () => {
    await site.page.getByRole('button', { name: /^Saved selections/ }).click()
    await section().waitFor()
  }

  it('are kept over a reload, changed, combined, deleted and brought back', async () => {
    const first = await withSet(5)
    await saveAs('Ports', 'sea, trade', 'First look.')
    await select(40)
    await site.page.getByRole('button', { name: 'Close details' }).click()
    await panel().getByRole('button', { name: 'Clear the selection' }).click()
    await select(40)
    await site.page.getByRole('button', { name: /^Select these/ }).click()
    const second = await picked()
    await saveAs('Mills', 'trade')
    await site.page.reload()
    await site.page.evaluate(() => window.__atlas.ready)
    await unfold()
    expect(await section().getByRole('listitem').count()).toBe(2)
    expect(await section().textContent()).toContain('First look.')

    await site.page.getByRole('group', { name: 'Filter by tag' }).getByRole('button', { name: 'sea' }).click()
    expect(await section().getByRole('listitem').count()).toBe(1)
    await section()
      .getByRole('button', { name: /^Ports/ })
      .click()
    await site.page.waitForFunction((count) => window.__atlas.picked().length === count, first.length)
    expect(await picked()).toEqual(first)
    await site.page.getByRole('group', { name: 'Filter by tag' }).getByRole('button', { name: 'sea' }).click()
    await section().getByRole('button', { name: 'Combine Mills with the selection' }).click()
    await section().getByRole('button', { name: 'Add' }).click()
    const both = [...new Set([...first, ...second])].sort((a, b) => a - b)
    await site.page.waitForFunction((count) => window.__atlas.picked().length === count, both.length)
    expect(await picked()).toEqual(both)

    await section().getByRole('button', { name: 'Edit Ports' }).click()
    await section().getByRole('textbox', { name: 'Name' }).fill('Harbours')
    await section().getByRole('button', { name: 'Save' }).click()
    await section().getByRole('button', { name: 'Delete Harbours' }).click()
    expect(await section().getByRole('listitem').count()).toBe(1)
    await site.page.getByRole('button', { name: 'Undo', exact: true }).click()
    expect(await section().getByRole('listitem').count()).toBe(2)
  })

  it('leave in a file and are merged on another machine', async () => {
    const rows = await withSet()
    await saveAs('Ports', 'sea')
    await openExport()
    const { name, bytes } = await exporting(/Save all selections/)
    expect(name).toBe('towns-selections.json')
    await site.close()
    await site.opened()
    await site.page.getByRole('button', { name: 'More' }).click()
    await site.page.getByRole('button', { name: 'Export' }).click()
    const read = async (buffer: Buffer) =>
      site.page
        .locator('dialog[open] input[type=file]')
        .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer })
    await read(bytes)
    await site.page.getByText('1 added').waitFor()
    await unfold()
    await section()
      .getByRole('button', { name: /^Ports/ })
      .click()
    await panel().waitFor()
    expect(await picked()).toEqual(rows)
  })

  it('work where the browser keeps nothing, and say so', async () => {
    await withSet(5, {
      init: () => {
        const refuse = () => {
          throw new DOMException('denied', 'SecurityError')
        }
        Object.defineProperty(window, 'localStorage', { get: refuse })
      },
    })
    await panel().getByRole('button', { name: 'Save', exact: true }).click()
    await panel().getByRole('textbox', { name: 'Name' }).fill('Ports')
    await site.page.keyboard.press('Enter')
    await site.page
      .getByText(/this browser keeps nothing/i)
      .first()
      .waitFor()
    await unfold()
    expect(await section().getByRole('listitem').count()).toBe(1)
  })
})

describe('on a phone', () => {
  const largeEnough = async (page: Page) => {
    const sizes = await panel()
      .locator('button:visible, input:visible')
      .evaluateAll((nodes) =>
        nodes.map((n) => [n.getAttribute('aria-label') ?? n.textContent, n.getBoundingClientRect().height]),
      )
    expect(sizes.length).toBeGreaterThan(8)
    for (const [name, height] of sizes)
      if (!/Larger|Smaller/.test(String(name))) expect(height, String(name)).toBeGreaterThanOrEqual(44)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  }

  it('a set is a sheet, everything in it can be hit by a finger, and it can be saved', async () => {
    const rows = await withSet(5, PHONE)
    const page = site.page
    await panel()
      .getByText(/of these, [\d.]+ % of all/)
      .first()
      .waitFor()
    await largeEnough(page)
    await saveAs('Ports')
    await panel().getByRole('button', { name: 'Close' }).tap()
    await panel().waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Close this message' }).tap()
    await page.getByRole('button', { name: 'Saved', exact: true }).tap()
    await page
      .getByRole('list', { name: 'Saved selections' })
      .getByRole('button', { name: /^Ports/ })
      .tap()
    await panel().waitFor()
    expect(await picked()).toEqual(rows)
  })
})
