/**
 * The built site in Chromium, on the invented bundle: call `sitePage()` once at the top of a test file. A test in which the
 * page reports an error on its console fails, unless it says in `allowed` which one it provokes.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Manifest } from '../../src/core/data/manifest'
import type { AtlasHooks } from '../../src/ui/hooks'
import { launch } from '../support/browser.mjs'
import { FIXTURE } from '../support/global_setup'
import { serveSite, type Site } from '../support/site.mjs'

declare global {
  interface Window {
    __atlas: AtlasHooks
  }
}

export const manifest = JSON.parse(readFileSync(join(FIXTURE, 'manifest.json'), 'utf8')) as Manifest

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1200, height: 800 }, reducedMotion: 'reduce' }
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  reducedMotion: 'reduce',
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
}

export class SitePage {
  browser!: Browser
  site!: Site
  page!: Page
  /** What the page's console said. */
  problems: string[] = []
  /** Failed requests that a test provokes; the browser reports them on the console by itself. */
  allowed: RegExp | null = null

  /** Goes to the page. `path`: query and hash. */
  async open(path = '', options: BrowserContextOptions & { init?: () => void } = {}): Promise<Page> {
    const { init, ...context } = options
    this.page = await (await this.browser.newContext({ ...DESKTOP, ...context })).newPage()
    this.page.on('console', (message) => message.type() === 'error' && this.problems.push(message.text()))
    this.page.on('pageerror', (error) => this.problems.push(String(error)))
    if (init) await this.page.addInitScript(init)
    this.site.requests.length = 0
    await this.page.goto(this.site.url + path)
    return this.page
  }

  /** The same, and waits until all is loaded and drawn. */
  async opened(path = '', options: Parameters<SitePage['open']>[1] = {}): Promise<Page> {
    await this.open(path, options)
    await this.page.evaluate(() => window.__atlas.ready)
    await this.settled()
    return this.page
  }

  settled = () => this.page.evaluate(() => window.__atlas.settled())
  state = () => this.page.evaluate(() => window.__atlas.state())
  screenOf = (row: number) => this.page.evaluate((r) => window.__atlas.screenOf(r)!, row)
  nameOf = (row: number) => this.page.evaluate((r) => window.__atlas.nameOf(r)!, row)

  /** A popular row well inside the map that a click on its place finds. */
  popularRow = () =>
    this.page.evaluate(() => {
      const [left, right] = innerWidth > 720 ? [420, innerWidth - 100] : [40, innerWidth - 40]
      for (let row = 0; row < window.__atlas.rows; row++) {
        const at = window.__atlas.screenOf(row)!
        if (
          at.x > left &&
          at.x < right &&
          at.y > 80 &&
          at.y < innerHeight - 120 &&
          window.__atlas.pick(at.x, at.y) === row
        )
          return row
      }
      return -1
    })
}

/** `dist`: another viewer than the one that is built once per run. */
export function sitePage(dist?: string): SitePage {
  const it = new SitePage()
  beforeAll(async () => {
    it.browser = await launch()
    it.site = await serveSite({ data: FIXTURE, dist })
  })
  afterAll(async () => {
    await it.browser?.close()
    await it.site?.close()
  })
  afterEach(async () => {
    await it.page?.context().close()
    it.site.override = () => null
    const unexpected = it.problems.filter((text) => !it.allowed?.test(text))
    it.problems = []
    it.allowed = null
    expect(unexpected).toEqual([])
  })
  return it
}
