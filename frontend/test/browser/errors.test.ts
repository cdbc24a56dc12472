/**
 * Every kind of file is broken once, in every way that servers break them: the page says which one it is, keeps what it
 * has, and goes on when the file is back.
 */
import { describe, expect, it } from 'vitest'
import { eachTimeIf } from '../support/slow'
import { manifest, sitePage } from './site_page'

const site = sitePage()
const first = manifest.projections[0]
const name = (path: string) => path.slice(path.lastIndexOf('/') + 1)

const WAYS = {
  'is not there': () => ({ status: 404 }),
  'was cut off': () => ({ body: Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0]) }),
  'is a page of the server': () => ({ body: '<!doctype html><title>Not found</title>' }),
} as const
const SENTENCES = {
  'is not there': /is missing on the server/,
  'was cut off': /has 6 bytes and the manifest promises \d+: it was cut off/,
  'is a page of the server': /the server sent a web page in its place/,
}

/** Waits until an alert names the file, mends the server, and presses its button. */
async function sayAndMend(path: string, sentence: RegExp): Promise<void> {
  const alert = site.page.getByRole('alert').filter({ hasText: path })
  await alert.waitFor()
  expect(await alert.textContent()).toMatch(sentence)
  site.site.override = () => null
  await alert.getByRole('button', { name: 'Try again' }).click()
  await alert.waitFor({ state: 'detached' })
}

function breakFile(path: string, way: Way): void {
  site.allowed = /Failed to load resource/
  site.site.override = (asked: string) => (asked.endsWith(path) ? WAYS[way]() : null)
}

type Way = keyof typeof WAYS
interface Broken {
  what: string
  path: string
  /** What is read and kept just like another of the list. */
  alike?: boolean
}
/** Every file in every way; each time, every kind of file in one of them, and every way for some file. */
function eachBroken<File extends Broken>(
  files: readonly File[],
  says: string,
  test: (way: Way, file: File) => Promise<void>,
): void {
  const ways = Object.keys(WAYS) as Way[]
  for (const [i, file] of files.entries())
    for (const [j, way] of ways.entries()) {
      const options = { timeout: 60_000, ...eachTimeIf(j === i % ways.length && !file.alike) }
      it(`${says}: ${file.what} ${way}`, options, () => test(way, file))
    }
}

describe('a file that is broken', () => {
  eachBroken(
    [
      { what: 'the manifest', path: 'manifest.json' },
      { what: 'the first names', path: manifest.names[0].path },
      { what: 'the first positions', path: first.buckets[0].path },
    ],
    'stops the map before it is there',
    async (way, { path }) => {
      breakFile(path, way)
      await site.open()
      const sentence = path === 'manifest.json' && way === 'was cut off' ? /damaged or was cut off/ : SENTENCES[way]
      await sayAndMend(path, sentence)
      await site.page.waitForFunction(() => '__atlas' in window) // the page was loaded again
      await site.page.evaluate(() => window.__atlas.ready)
      expect((await site.state()).colour).toBe('field:region')
    },
  )

  eachBroken(
    [
      { what: 'the rest of the names', path: manifest.names[1].path },
      { what: 'the rest of the positions', path: first.buckets[1].path },
      { what: 'the first colours', path: manifest.columns[3].files[0].path },
      { what: 'the rest of the colours', path: manifest.columns[3].files[1].path, alike: true },
      {
        what: 'the meaning of colours',
        path: (manifest.columns[3] as { dictionary: { path: string } }).dictionary.path,
      },
      { what: 'the rest of the sizes', path: manifest.columns[0].files[1].path, alike: true },
      { what: 'the names of regions', path: first.regions!.path },
    ],
    'leaves the map as far as it goes',
    async (way, { path }) => {
      breakFile(path, way)
      await site.open()
      await site.page.locator('.stage').waitFor()
      await sayAndMend(path, SENTENCES[way])
      await site.page.evaluate(() => window.__atlas.ready)
      await site.page.waitForFunction(() => window.__atlas.state().colour === 'field:region')
      expect(await site.page.evaluate(() => window.__atlas.nameOf(window.__atlas.rows - 1))).not.toBeNull()
      await site.page.locator('.label.region').first().waitFor()
    },
  )

  eachBroken(
    [
      {
        what: 'another map',
        ask: () => site.page.evaluate(() => void window.__atlas.showProjection('k15_d3_mde')),
        path: manifest.projections[2].buckets[1].path,
        there: () => site.page.waitForFunction(() => window.__atlas.state().projection === 'k15_d3_mde'),
      },
      {
        what: 'how faithful the map is',
        ask: () => site.page.evaluate(() => void window.__atlas.setColour('distortion')),
        path: first.distortion![1].path,
        there: () => site.page.waitForFunction(() => window.__atlas.state().colour === 'distortion'),
      },
      {
        what: 'regions as colours',
        ask: () => site.page.evaluate(() => void window.__atlas.setColour('region')),
        path: first.region_rows![1].path,
        alike: true,
        there: () => site.page.waitForFunction(() => window.__atlas.state().colour === 'region'),
      },
      {
        what: 'neighbours',
        ask: () => site.page.evaluate(() => void window.__atlas.select(3)),
        path: manifest.neighbours.shards[0].path,
        there: () => site.page.getByRole('list', { name: /Nearest/ }).waitFor(),
      },
      {
        what: 'details',
        ask: () => site.page.evaluate(() => void window.__atlas.select(3)),
        path: manifest.details.shards[0].path,
        there: () => site.page.getByRole('complementary').getByText('On the coast').waitFor(),
      },
    ],
    'is said when somebody asks for it',
    async (way, { path, ask, there }) => {
      await site.opened()
      breakFile(path, way)
      await ask()
      await sayAndMend(path, SENTENCES[way])
      await there()
    },
  )
})

it('a picture of a map that is not there leaves the name of the map', async () => {
  breakFile(manifest.projections[1].thumbnail!.path, 'is not there')
  const page = await site.opened()
  await page.getByRole('button', { name: /^Map/ }).first().click()
  await page
    .getByRole('button', { name: new RegExp(manifest.projections[1].name) })
    .first()
    .click()
  await page.waitForFunction((key) => window.__atlas.state().projection === key, manifest.projections[1].key)
})

it('a site that was updated meanwhile asks for the page to be loaded again', async () => {
  const page = await site.opened()
  site.allowed = /Failed to load resource/
  const { path, bytes } = first.distortion![1]
  // Of the right length, gzip, and of other content: what a mixed deployment hands out.
  site.site.override = (asked: string) =>
    asked.endsWith(path) ? { body: Uint8Array.from({ length: bytes }, (_, i) => [0x1f, 0x8b, 8][i] ?? 0) } : null
  await page.evaluate(() => void window.__atlas.setColour('distortion'))
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toMatch(new RegExp(`${name(path)}.*load the page again`))
  site.site.override = () => null
  await alert.getByRole('button', { name: 'Load again' }).click()
  await page.waitForFunction(() => window.__atlas?.state().projection !== '')
})

it('without a connection the page says so, keeps what it has, and tries again by itself when there is one', async () => {
  const page = await site.opened()
  site.allowed = /Failed to load resource|ERR_INTERNET_DISCONNECTED/
  await page.context().setOffline(true)
  await page.getByText('You are offline. What has been loaded keeps working.').waitFor()
  await page.evaluate(() => void window.__atlas.setColour('distortion'))
  const alert = page.getByRole('alert')
  expect(await alert.textContent()).toMatch(/You are offline, so proj\/.* could not be loaded/)
  await page.context().setOffline(false)
  await page.waitForFunction(() => window.__atlas.state().colour === 'distortion')
  await alert.waitFor({ state: 'detached' })
})

it('on a slow connection the bytes count up, then a line at the top stays until all is there', async () => {
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const page = await site.open()
  await page.route(`**/${manifest.names[1].path}`, async (route) => {
    await held
    await route.continue()
  })
  await page.reload()
  await page.getByRole('progressbar', { name: 'Loading the rest' }).waitFor({ state: 'attached' })
  expect(await page.getByRole('progressbar', { name: 'Loading the rest' }).getAttribute('title')).toMatch(
    /^\d.* of \d.*(bytes|kB|MB)$/,
  )
  release()
  await page.evaluate(() => window.__atlas.ready)
  await page.getByRole('progressbar', { name: 'Loading the rest' }).waitFor({ state: 'detached' })
})
