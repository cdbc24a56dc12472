/** A site that keeps three versions of the invented towns: 2,400, then 2,700, today 3,000 of them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeFixture } from '../fixtures/make_fixture.mjs'
import { violations } from '../support/axe'
import { FIXTURE } from '../support/global_setup'
import { eachTimeIf } from '../support/slow'
import { manifest, PHONE, sitePage } from './site_page'

const at = sitePage()
const FIRST = join(FIXTURE, '../towns-first')
const SECOND = join(FIXTURE, '../towns-second')
const [A, B, C] = manifest.projections.map(({ key }) => key)
const entry = (id: string, published: string, n: number) => ({
  version: `${id}00`,
  published,
  n,
  manifest: `data/${id}/manifest.json`,
  files: [],
})
const listed = [
  entry('first', '2025-11-03T12:00:00Z', 2400),
  entry('second', '2025-11-14T12:00:00Z', 2700),
  entry('map', '2025-11-21T12:00:00Z', 3000),
]
let published = listed
let kept = ['first', 'second']

beforeAll(() => {
  const lost = { id: 'town-lost', name: 'Atlantis' }
  // Then: one town that has sunk since, and those of the salt coast elsewhere; without the map in three dimensions.
  makeFixture(FIRST, {
    n: 2400,
    change: (towns) =>
      towns.map((town, i) =>
        i === 0
          ? { ...town, ...lost }
          : town.cluster === 5
            ? { ...town, at: [town.at[0] + 3, town.at[1] + 2, town.at[2]] }
            : town,
      ),
  })
  makeFixture(SECOND, { n: 2700 })
})

beforeEach(() => {
  published = listed
  kept = ['first', 'second']
  at.site.override = (path) => {
    if (path === 'versions.json') return { body: JSON.stringify(published) }
    if (path === 'data/map/manifest.json') return { body: JSON.stringify({ ...manifest, versions: 'versions.json' }) }
    const [, id, rest] = /^data\/(first|second)\/(.*)$/.exec(path) ?? []
    if (!id || !kept.includes(id)) return null
    const file = join(id === 'first' ? FIRST : SECOND, rest)
    if (!existsSync(file)) return null
    const body = readFileSync(file)
    if (rest !== 'manifest.json' || id === 'second') return { body }
    const { projections, ...all } = JSON.parse(body.toString()) as typeof manifest
    return { body: JSON.stringify({ ...all, projections: projections.filter(({ key }) => key !== C) }) }
  }
})

const section = () => at.page.getByRole('button', { name: /^Versions/ })
const list = () => at.page.getByRole('list', { name: 'Versions of the map' })
const version = (name: RegExp) => list().getByRole('button', { name })
const bar = () => at.page.getByRole('region', { name: 'An earlier version of the map' })
const slider = () => bar().getByRole('slider')
const said = (text: RegExp) => at.page.locator('main > [aria-live=polite]').filter({ hasText: text }).waitFor()
const hash = (part: string) =>
  at.page.waitForFunction((wanted) => decodeURIComponent(location.hash).includes(wanted), part)
async function opened(path = '', options: Parameters<typeof at.opened>[1] = {}): Promise<void> {
  await at.opened(path, options)
  await section().waitFor()
}

describe('versions', { timeout: 60_000 }, () => {
  it('are listed by date with what they hold, and an earlier one is shown, by keyboard alone', async () => {
    await opened()
    await section().focus()
    await at.page.keyboard.press('Enter')
    await list().waitFor() // the panel is fetched when it is opened
    expect(await list().getByRole('button').allTextContents()).toEqual([
      expect.stringMatching(/21 Nov 2025\s*Latest\s*3,000 towns/),
      expect.stringMatching(/14 Nov 2025\s*2,700 towns/),
      expect.stringMatching(/3 Nov 2025\s*2,400 towns/),
    ])
    await version(/^3 Nov/).focus()
    await at.page.keyboard.press('Enter')
    await said(/The map of 3 November 2025: 2,400 towns\. 601 new towns since 3 November 2025, 1 gone\./)
    expect(await version(/^3 Nov/).getAttribute('aria-pressed')).toBe('true')
    await hash('since=2025-11-03:first')
    const list_ = (name: RegExp) => at.page.getByRole('list', { name })
    expect(
      await list_(/^601 new/)
        .getByRole('button')
        .count(),
    ).toBe(6)
    expect(await list_(/^1 gone/).textContent()).toContain('Atlantis')
    await list_(/^Moved most/).waitFor()
    await list_(/^Moved together/)
      .getByText(/moved together/)
      .first()
      .waitFor()
    await slider().focus()
    await at.page.keyboard.press('End')
    expect(await slider().getAttribute('aria-valuetext')).toBe('Latest')
    await hash('since=2025-11-03:first~1')
    await at.page.keyboard.press('Escape')
    await bar().waitFor({ state: 'detached' })
    await at.page.waitForFunction(() => !location.hash.includes('since='))
    await said(/The latest version is shown/)
  })

  it('show what moved where it was, and what is new not at all; on the way it comes', async () => {
    await opened()
    const rows = await at.page.evaluate(() => {
      const { rows, nameOf } = window.__atlas
      return Array.from({ length: rows }, (_, row) => row).filter((row) => nameOf(row) !== '')
    })
    const coast =
      (await at.page.evaluate(async () => (await window.__atlas.filter('region:"Salt coast"')).count, null)) > 0
    expect(coast).toBe(true)
    const moved = await at.page.evaluate((all) => all.filter((row) => window.__atlas.passes(row)), rows)
    await at.page.evaluate(() => window.__atlas.filter(''))
    const before = await at.screenOf(moved[0])
    await section().click()
    await version(/^3 Nov/).click()
    await slider().waitFor()
    await at.settled()
    const then = await at.screenOf(moved[0])
    expect(Math.hypot(then.x - before.x, then.y - before.y)).toBeGreaterThan(30)
    // Everyone else stays, whatever the box around the map has become.
    const still = await at.page.evaluate(
      (gone) => Array.from({ length: 40 }, (_, row) => row).filter((row) => !gone.includes(row)),
      moved,
    )
    const after = await Promise.all(still.map((row) => at.screenOf(row)))
    await slider().fill('1')
    await at.settled()
    const now = await Promise.all(still.map((row) => at.screenOf(row)))
    const shifts = after.map(({ x, y }, i) => Math.hypot(x - now[i].x, y - now[i].y)).sort((x, y) => x - y)
    expect(shifts[shifts.length >> 1]).toBeLessThan(2)
    const fresh = await at.page.evaluate((count) => {
      const seen = []
      for (let row = 0; row < window.__atlas.rows && seen.length < count; row++) {
        const place = window.__atlas.screenOf(row)!
        if (place.x > 420 && window.__atlas.pick(place.x, place.y) === row) seen.push({ row, ...place })
      }
      return seen
    }, 400)
    await slider().fill('0')
    await at.settled()
    const there = await at.page.evaluate(
      (places) =>
        places.filter(({ row, x, y }) => {
          const now = window.__atlas.screenOf(row)!
          return Math.hypot(now.x - x, now.y - y) < 3 && window.__atlas.pick(now.x, now.y) !== row
        }).length,
      fresh,
    )
    expect(there).toBeGreaterThan(20)
  })

  it('the one chosen last is shown, however quickly they were chosen; the back button leads back', async () => {
    await opened()
    await section().click()
    await version(/^3 Nov/).click()
    await version(/^14 Nov/).click()
    await hash('since=2025-11-14:second')
    await said(/300 new towns since 14 November 2025\./)
    expect(await bar().textContent()).toContain('14 Nov 2025')
    await version(/^3 Nov/).click()
    await hash('since=2025-11-03:first')
    await at.page.goBack()
    await hash('since=2025-11-14:second')
    await bar().getByText('14 Nov 2025').waitFor()
    await at.page.goBack()
    if (at.page.url().includes('since=')) await at.page.goBack() // the first click was no quicker than its answer
    await bar().waitFor({ state: 'detached' })
    await version(/^3 Nov/).click()
    await slider().waitFor()
    expect(await at.page.getByRole('alert').count()).toBe(0)
  })

  it('give way to a comparison of two maps, and the other way round', async () => {
    await opened('#since=2025-11-03:first')
    await at.page.getByRole('button', { name: /^Map/ }).first().click()
    await at.page.getByRole('button', { name: /^Compare with t-SNE/ }).click()
    await bar().waitFor({ state: 'detached' })
    const comparing = at.page.getByRole('region', { name: 'Comparing two maps' })
    await comparing.waitFor()
    await at.page.waitForFunction(() => location.hash.includes('c=') && !location.hash.includes('since='))
    await version(/^14 Nov/).click()
    await slider().waitFor()
    await comparing.waitFor({ state: 'detached' })
    await at.page.waitForFunction(() => !location.hash.includes('c=') && location.hash.includes('since='))
  })

  it('new ones are selected where they are seen, and one of them with its details', async () => {
    await opened('#since=2025-11-14:second')
    expect(await slider().inputValue()).toBe('0')
    await at.page.getByRole('button', { name: 'Select all' }).click()
    await at.page.waitForFunction(() => window.__atlas.picked().length === 300)
    expect(await slider().inputValue()).toBe('1')
    await at.page.keyboard.press('Escape')
    await at.page
      .getByRole('list', { name: /^300 new/ })
      .getByRole('button')
      .first()
      .click()
    await at.page.getByRole('list', { name: /Nearest/ }).waitFor()
    expect((await at.state()).selected).toBeGreaterThanOrEqual(0)
  })

  it('stay chosen when another map is shown; a map that the version did not have is said', async () => {
    await opened('#since=2025-11-03:first')
    await slider().waitFor()
    await at.page.evaluate((key) => window.__atlas.showProjection(key), B)
    await hash(`map=${B}`)
    await slider().waitFor()
    await hash('since=2025-11-03:first')
    await at.page.evaluate((key) => window.__atlas.showProjection(key), C)
    await bar().getByText('does not have this map').waitFor()
    expect(await slider().count()).toBe(0)
    await at.page.getByText(/Atlantis/).waitFor()
    await at.page.evaluate((key) => window.__atlas.showProjection(key), A)
    await slider().waitFor()
  })

  it('a link to one that is gone from the site says so, and shows the latest', async () => {
    published = listed.slice(1)
    await opened('#since=2025-11-03:first~0.5&colour=founded')
    await at.page
      .getByRole('status')
      .getByText('The version of 3 November 2025 is not kept any more; this is the latest one.')
      .waitFor()
    expect(await bar().count()).toBe(0)
    expect(await at.page.getByRole('alert').count()).toBe(0)
  })

  it('one that goes while the page is open says so, too', async () => {
    at.allowed = /404/
    await opened()
    await section().click()
    published = listed.slice(1)
    kept = ['second']
    await version(/^3 Nov/).click()
    await at.page
      .getByRole('status')
      .getByText(/not kept any more/)
      .waitFor()
    expect(await list().getByRole('button').count()).toBe(2)
  })

  it('a newer one is offered when the page is looked at again, and nobody asks before', async () => {
    await opened()
    const asked = () => at.site.requests.filter((path) => path === 'versions.json').length
    expect(asked()).toBe(1)
    published = [...listed, entry('newest', '2025-12-01T12:00:00Z', 3100)]
    await at.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
    const offer = at.page.getByRole('status').filter({ hasText: 'A newer version of this map is there.' })
    await offer.getByRole('button', { name: 'Reload' }).waitFor()
    expect(asked()).toBe(2)
  })

  it('a site with one version, or with none listed, has no such section; an embedded map never', async () => {
    published = listed.slice(2)
    await at.opened()
    await at.page.waitForTimeout(300)
    expect(await section().count()).toBe(0)
    published = listed
    await at.opened('?embed#since=2025-11-03:first')
    await at.page.waitForTimeout(300)
    expect(at.site.requests).not.toContain('versions.json')
    expect(await bar().count()).toBe(0)
  })

  it('a phone: a sheet with the list, the bar above, and every rule of accessibility', async () => {
    await at.opened('', PHONE)
    const chip = at.page.locator('nav .chips button', { hasText: 'Versions' })
    await chip.waitFor()
    await chip.tap()
    await version(/^3 Nov/).tap()
    await slider().waitFor()
    await at.page.getByRole('list', { name: /^Moved most/ }).waitFor()
    expect(await violations(at)).toEqual([])
    const [above, below] = [(await bar().boundingBox())!, (await list().boundingBox())!]
    expect(above.y + above.height).toBeLessThan(below.y)
  })

  for (const width of [390, 360])
    it(
      `a phone ${width} px wide: every chip of the bar is in sight, or an arrow points to where it is`,
      eachTimeIf(width === 360),
      async () => {
        const device = { ...PHONE, viewport: { width, height: 844 } }
        /** Those that lie inside the screen, in nobody's way. */
        const inSight = () =>
          at.page.locator('nav .chips button').evaluateAll((chips) =>
            chips
              .filter((chip) => {
                const { left, right, top, height } = chip.getBoundingClientRect()
                if (height < 44 || right - left < 44) throw new Error(`${chip.textContent} is too small for a finger`)
                return (
                  left >= 0 &&
                  right <= innerWidth &&
                  [left + 4, right - 4].every((x) => document.elementFromPoint(x, top + height / 2) === chip)
                )
              })
              .map((chip) => chip.textContent),
          )
        const arrow = (end: string) => at.page.locator(`nav .bar.${end}`).waitFor()
        await at.opened('', device)
        await at.page.locator('nav .chips button', { hasText: 'Versions' }).waitFor()
        // With versions there is one more than fits.
        expect((await inSight()).slice(0, 4)).toEqual(['Maps', 'Regions', 'Colour', 'Filter'])
        const chips = await at.page.locator('nav .chips button').count()
        expect(chips).toBe(8)
        expect(await at.page.locator('nav').getByRole('button').count()).toBe(chips + 3) // the tools are there, too
        await arrow('after')
        await at.page.locator('nav .chips').evaluate((row) => row.scrollTo(row.scrollWidth, 0))
        await arrow('before')
        expect((await inSight()).slice(-2)).toEqual(['Tours', 'Versions'])
        // While maps are compared there are two.
        await at.opened(`#c=${B}~0.3`, device)
        await at.page.locator('nav .chips button', { hasText: 'Versions' }).waitFor()
        await arrow('after')
        const seen = new Set<string | null>()
        for (const share of [0, 0.5, 1]) {
          await at.page
            .locator('nav .chips')
            .evaluate((row, to) => row.scrollTo(to * (row.scrollWidth - row.clientWidth), 0), share)
          for (const chip of await inSight()) seen.add(chip)
        }
        await arrow('before')
        expect((await inSight()).at(-1)).toBe('Versions')
        expect(seen).toEqual(
          new Set(['Maps', 'Regions', 'Changes', 'Colour', 'Filter', 'My list', 'Tours', 'Time', 'Versions']),
        )
      },
    )

  for (const colorScheme of ['light', 'dark'] as const)
    it(
      `a desktop in the ${colorScheme} theme keeps every rule of accessibility`,
      eachTimeIf(colorScheme === 'dark'),
      async () => {
        await opened('#since=2025-11-03:first', { colorScheme })
        await at.page.getByRole('list', { name: /^Moved together/ }).waitFor()
        expect(await violations(at)).toEqual([])
      },
    )

  it('slides where motion is welcome', { tags: ['slow'] }, async () => {
    await opened('', { reducedMotion: 'no-preference' })
    await section().click()
    await version(/^14 Nov/).click()
    await at.page.waitForFunction(
      () => {
        const t = Number(document.querySelector<HTMLInputElement>('.slider')?.value ?? 1)
        return t > 0.05 && t < 0.95
      },
      null,
      { polling: 'raf' },
    )
    await at.page.waitForFunction(() => document.querySelector<HTMLInputElement>('.slider')!.value === '0')
  })

  /** Where one of the coast, which lay elsewhere at first, is drawn in each frame until `then` and rest. */
  async function pathTo(name: RegExp, then: string): Promise<{ x: number; y: number }[]> {
    const row = await at.page.evaluate(async () => {
      await window.__atlas.filter('region:"Salt coast"')
      const found = Array.from({ length: window.__atlas.rows }, (_, row) => row).find((row) =>
        window.__atlas.passes(row),
      )!
      await window.__atlas.filter('')
      return found
    })
    await at.settled()
    await at.page.evaluate((watched) => {
      const seen: { x: number; y: number }[] = []
      const look = () => {
        seen.push(window.__atlas.screenOf(watched)!)
        requestAnimationFrame(look)
      }
      look()
      Object.assign(window, { seen })
    }, row)
    await version(name).click()
    await hash(then)
    await at.settled()
    return at.page.evaluate(() => (window as unknown as { seen: { x: number; y: number }[] }).seen)
  }
  /** Frames in which it was on the way, and how far it went. */
  function onTheWay(path: { x: number; y: number }[]): { between: number; way: number } {
    const share = ({ x, y }: { x: number; y: number }) => Math.hypot(x - path[0].x, y - path[0].y)
    const way = share(path.at(-1)!)
    return { between: path.filter((place) => share(place) > 0.03 * way && share(place) < 0.97 * way).length, way }
  }

  it('one slides straight into another, there and back, with what is gone since', async () => {
    await opened('#since=2025-11-14:second', { reducedMotion: 'no-preference' })
    const [there, back] = [
      await pathTo(/^3 Nov/, 'since=2025-11-03:first'),
      await pathTo(/^14 Nov/, 'since=2025-11-14:second'),
    ].map(onTheWay)
    expect(there.way).toBeGreaterThan(30)
    expect(back.way).toBeCloseTo(there.way, 0)
    expect(Math.min(there.between, back.between)).toBeGreaterThan(2)
    expect(await slider().inputValue()).toBe('0')
    // Whoever does not wait for it is led by the slider.
    await version(/^3 Nov/).click()
    await hash('since=2025-11-03:first')
    await slider().fill('1')
    await hash('since=2025-11-03:first~1')
    await at.settled()
    expect(await slider().inputValue()).toBe('1')
  })

  it('one takes the place of another at once where motion is unwelcome', async () => {
    await opened('#since=2025-11-14:second')
    const { between, way } = onTheWay(await pathTo(/^3 Nov/, 'since=2025-11-03:first'))
    expect(way).toBeGreaterThan(30)
    expect(between).toBe(0)
  })

  it('one that lacks this map gives way to the latest, as it says', async () => {
    await opened(`#map=${C}&since=2025-11-14:second`)
    await slider().waitFor()
    await at.settled()
    /** Rows that a click finds: none that was not there yet. */
    const found = () =>
      at.page.evaluate(() => {
        const places = Array.from({ length: window.__atlas.rows }, (_, row) => window.__atlas.screenOf(row)!)
        return places.filter(({ x, y }, row) => window.__atlas.pick(x, y) === row).length
      })
    const before = await found()
    await version(/^3 Nov/).click()
    await bar().getByText('does not have this map').waitFor()
    await at.settled()
    expect(await found()).toBeGreaterThan(before)
    await version(/^14 Nov/).click()
    await slider().waitFor()
    await at.settled()
    expect(await found()).toBe(before)
  })
})
