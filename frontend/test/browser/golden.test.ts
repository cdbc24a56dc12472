/**
 * Pictures of the page, compared with those in test/golden. They differ a little from machine to machine, by fonts and by
 * the rasteriser, so a share of the pixels may; UPDATE_GOLDEN=1 writes new ones, which are then to be looked at.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pixelmatch from 'pixelmatch'
import { PNG } from 'pngjs'
import { expect, it } from 'vitest'
import { FRONTEND } from '../support/site.mjs'
import { eachTimeIf } from '../support/slow'
import { PHONE, sitePage } from './site_page'

const GOLDEN = join(FRONTEND, 'test/golden')
const SEEN = join(FRONTEND, 'test/.screenshots')
/** Shares of pixels that may differ: another font moves text by a pixel or two. */
const TOLERANCE = 0.04
const site = sitePage()

async function matches(name: string): Promise<void> {
  await site.settled()
  const png = await site.page.screenshot({ animations: 'disabled', caret: 'hide', scale: 'css' })
  const file = join(GOLDEN, `${name}.png`)
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(GOLDEN, { recursive: true })
    writeFileSync(file, png)
  }
  expect(existsSync(file), `${file} is missing: make it with UPDATE_GOLDEN=1`).toBe(true)
  const [now, before] = [PNG.sync.read(png), PNG.sync.read(readFileSync(file))]
  expect([now.width, now.height]).toEqual([before.width, before.height])
  const difference = new PNG({ width: now.width, height: now.height })
  const share =
    pixelmatch(before.data, now.data, difference.data, now.width, now.height, { threshold: 0.2 }) /
    (now.width * now.height)
  if (share > TOLERANCE) {
    mkdirSync(SEEN, { recursive: true })
    writeFileSync(join(SEEN, `${name}.png`), png)
    writeFileSync(join(SEEN, `${name}.difference.png`), PNG.sync.write(difference))
  }
  expect(share, `see ${SEEN}/${name}.difference.png`).toBeLessThanOrEqual(TOLERANCE)
}

for (const [name, options, always] of [
  ['desktop-dark', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }, true],
  ['desktop-light', { viewport: { width: 1440, height: 900 }, colorScheme: 'light' }, false],
  ['tablet-dark', { viewport: { width: 1024, height: 768 }, colorScheme: 'dark' }, false],
  ['phone-dark', { ...PHONE, colorScheme: 'dark' }, false],
  ['phone-light', { ...PHONE, colorScheme: 'light' }, true],
] as const)
  it(`the whole map: ${name}`, eachTimeIf(always), async () => {
    await site.opened('', options)
    await matches(name)
  })

for (const [name, options, always] of [
  ['details-desktop', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }, true],
  ['details-phone', { ...PHONE, colorScheme: 'light' }, false],
] as const)
  it(`one entity with what is nearest to it: ${name}`, eachTimeIf(always), async () => {
    await site.opened('#select=town-7', options)
    await site.page.getByRole('list', { name: /Nearest/ }).waitFor()
    await matches(name)
  })

it('three dimensions', async () => {
  await site.opened('#map=k15_d3_mde', { viewport: { width: 1024, height: 768 }, colorScheme: 'dark' })
  await matches('spatial')
})

it('a map that cannot be opened', async () => {
  site.allowed = /Failed to load resource/
  await site.open('', { viewport: { width: 1024, height: 768 }, colorScheme: 'dark' })
  site.site.override = (path) => (path.endsWith('manifest.json') ? { status: 404 } : null)
  await site.page.reload()
  await site.page.getByRole('alert').waitFor()
  const png = await site.page.screenshot({ animations: 'disabled' })
  expect(png.length).toBeGreaterThan(5_000)
})
