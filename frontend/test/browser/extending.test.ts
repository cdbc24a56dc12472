/** "A panel of the viewer" of docs/extending.md, built as it stands there: the viewer with the document's panel added. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildViewer, FRONTEND } from '../support/site.mjs'
import { PHONE, sitePage } from './site_page'

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
  buildViewer(COPY)
}, 180_000) // a build takes a while beside other work

describe('the panel of the document', () => {
  it('is two files, and in the column of a desktop, in its place, fetched when it is opened', async () => {
    expect(documented().map(([path]) => path)).toEqual(['src/ui/chance/panel.ts', 'src/ui/chance/ChancePanel.svelte'])
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
