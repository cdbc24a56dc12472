/**
 * The built site in Chromium, on the invented bundle: call `sitePage()` once at the top of a test file. A test in which the
 * page reports an error on its console fails, unless it says in `allowed` which one it provokes.
 *
 * Tests on the same device go on in one tab, which is emptied between them; a new one would start another process.
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

interface OpenOptions extends BrowserContextOptions {
  /** Runs in the page before its own scripts. */
  init?: () => void
  /** As somebody who has not been here; else as one who knows the page. */
  stranger?: boolean
  /** For tests that change the device, or what it permits: no other test goes on in their tab. */
  alone?: boolean
}

/** What the page remembers of a visitor. */
const known = () => {
  try {
    localStorage.setItem('atlas-welcomed', '1')
  } catch {
    // Where pages may store nothing, such as about:blank.
  }
}

/** One Chromium for all files of a worker. It ends with the worker. */
let chromium: Promise<Browser> | undefined

export class SitePage {
  site!: Site
  page!: Page
  /** What the page's console said. */
  problems: string[] = []
  /** Failed requests that a test provokes; the browser reports them on the console by itself. */
  allowed: RegExp | null = null
  /** What the tab is like; '' = only for the test that opened it. */
  #device = ''

  /** Goes to the page. `path`: query and hash. */
  async open(path = '', { init, alone = false, stranger = false, ...device }: OpenOptions = {}): Promise<Page> {
    const wanted = init || alone || stranger ? '' : JSON.stringify({ ...DESKTOP, ...device })
    if (wanted !== '' && wanted === this.#device && !this.page.isClosed()) {
      if (this.page.url() !== 'about:blank') await this.page.goto('about:blank')
    } else {
      await this.close()
      this.page = await (await (await (chromium ??= launch())).newContext({ ...DESKTOP, ...device })).newPage()
      this.page.on('console', (message) => message.type() === 'error' && this.problems.push(message.text()))
      this.page.on('pageerror', (error) => this.problems.push(String(error)))
      if (init) await this.page.addInitScript(init)
      if (!stranger) await this.page.addInitScript(known)
      this.#device = wanted
    }
    this.site.requests.length = 0
    await this.page.goto(this.site.url + path)
    return this.page
  }

  /** Closes the tab; what the browser keeps for the site goes with it. */
  async close(): Promise<void> {
    this.#device = ''
    await this.page?.context().close()
  }

  /** As if the tab were new. */
  async emptied(): Promise<void> {
    if (this.#device === '' || this.page.isClosed()) return this.close()
    const { page } = this
    page.removeAllListeners('request')
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    await page.context().setOffline(false)
    await page.evaluate(() => [localStorage, sessionStorage].forEach((kept) => kept.clear()))
    await page.mouse.move(-1, -1)
    await page.goto('about:blank')
  }

  /** The same, and waits until all is loaded and drawn. */
  async opened(path = '', options: OpenOptions = {}): Promise<Page> {
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
    it.site = await serveSite({ data: FIXTURE, dist })
  })
  afterAll(async () => {
    await it.close()
    await it.site?.close()
  })
  afterEach(async ({ task }) => {
    await (task.result?.state === 'fail' ? it.close() : it.emptied()) // keys may be down, or the page hangs
    it.site.override = () => null
    const unexpected = it.problems.filter((text) => !it.allowed?.test(text))
    it.problems = []
    it.allowed = null
    expect(unexpected).toEqual([])
  })
  return it
}
