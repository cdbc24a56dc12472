import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { eachTimeIf } from '../support/slow'
import { DESKTOP, PHONE, sitePage } from './site_page'

const site = sitePage()
const SIZES: [string, BrowserContextOptions][] = [
  ['a desktop', DESKTOP],
  ['a phone', PHONE],
]

const profile = () => site.page.evaluate(() => window.__atlas.profile())
const read = () =>
  site.page.waitForFunction(() => window.__atlas.profile().mine.length > 0 && !window.__atlas.profile().loading)
const field = (page: Page) => page.getByRole('textbox', { name: 'Your list of towns' })
/** On screen; a screen reader is told the same. */
const found = (page: Page, text: string) => page.locator('p.found', { hasText: text })
const openList = (page: Page) => page.getByRole('button', { name: 'My list' }).click()

/** Rows whose names occur once, so that a name is enough. */
const rowsWithOwnName = (count: number) =>
  site.page.evaluate((wanted) => {
    const names = Array.from({ length: window.__atlas.rows }, (_, row) => window.__atlas.nameOf(row)!)
    const times = new Map<string, number>()
    for (const name of names) times.set(name.toLowerCase(), (times.get(name.toLowerCase()) ?? 0) + 1)
    const plain = names.flatMap((name, row) =>
      times.get(name.toLowerCase()) === 1 && /^[A-Z][a-z]{5,}$/.test(name) && row % 7 === 0 ? [{ row, name }] : [],
    )
    return plain.slice(0, wanted)
  }, count)

/** Everything that a page sent anywhere: addresses and bodies. */
function traffic(page: Page): string[] {
  const sent: string[] = []
  page.on('request', (request) => sent.push(decodeURIComponent(request.url()) + (request.postData() ?? '')))
  return sent
}

describe.each(SIZES)('a list on %s', (_, size) => {
  /** The sheet of a phone holds what the column of a desktop does: one of its tests each time. */
  const further = eachTimeIf(size === DESKTOP)

  it('is put on the map from pasted names, and nothing of it is sent anywhere', async () => {
    const page = await site.opened('', size)
    const sent = traffic(page)
    const towns = await rowsWithOwnName(6)
    await openList(page)
    expect((await field(page).getAttribute('placeholder'))!.split('\n')).toHaveLength(4)
    await field(page).fill(
      `${towns.map(({ name }, i) => `- ${name.toUpperCase()} ${5 - (i % 2)}/5`).join('\n')}\nAtlantis Beneath The Waves`,
    )
    await page.getByRole('button', { name: 'Show on the map' }).click()
    await read()
    expect(await found(page, '6 of 7 found').isVisible()).toBe(true)
    const { mine, close } = await profile()
    expect(mine.map(([row]) => row).sort((a, b) => a - b)).toEqual(towns.map(({ row }) => row))
    expect(mine.map(([, weight]) => weight).every((weight) => weight === 1 || weight === 0.75)).toBe(true)
    expect(close.length).toBeGreaterThan(5)
    expect(close.some((row) => towns.some((town) => town.row === row))).toBe(false)

    await page.getByText('1 not on this map').click()
    expect(await page.getByText('Atlantis Beneath The Waves').isVisible()).toBe(true)
    const first = page.getByRole('list', { name: 'Close to yours' }).getByRole('listitem').first()
    expect(await first.textContent()).toMatch(/close to \S+/)
    for (const text of sent) for (const { name } of towns) expect(text.toLowerCase()).not.toContain(name.toLowerCase())
    expect(await page.evaluate(() => location.href + document.cookie + JSON.stringify(localStorage))).not.toContain(
      towns[0].name,
    )
  })

  it('comes with a link: ids or names, ratings, and a second list', further, async () => {
    const page = await site.opened('?items=town-5:5,town-9,town-11:1,no-such-town&items2=town-9,town-12', size)
    await read()
    const { mine, theirs } = await profile()
    expect(await Promise.all(mine.map(([row]) => site.nameOf(row)))).toHaveLength(3)
    expect(mine.map(([, weight]) => weight)).toEqual([1, 0.75, 0])
    expect(theirs).toHaveLength(2)
    if (size === PHONE) await openList(page)
    expect(await found(page, '3 of 4 found').isVisible()).toBe(true)
    expect(await page.getByText(/% of yours are theirs too/).count()).toBe(1)
    await page.getByRole('button', { name: 'In common' }).click()
    await page.waitForFunction((row) => window.__atlas.state().selected === row, mine[1][0]) // one town in common: its details
  })

  it('is cleared again', further, async () => {
    const page = await site.opened('?items=town-5', size)
    await read()
    if (size === PHONE) await openList(page)
    await page.getByRole('button', { name: 'Clear' }).click()
    expect(await profile()).toEqual({ mine: [], theirs: [], close: [], loading: false })
    expect(await field(page).inputValue()).toBe('')
  })
})

describe('files', () => {
  const folder = join(tmpdir(), 'atlas-lists')
  const csv = (name: string, text: string) => {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const drop = (page: Page, name: string, text: string) =>
    page.evaluate(
      ([fileName, content]) => {
        const data = new DataTransfer()
        data.items.add(new File([content], fileName))
        const send = (kind: string) =>
          document
            .querySelector('canvas')!
            .dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }))
        send('dragenter')
        send('dragover')
        return new Promise<boolean>((resolve) =>
          setTimeout(() => {
            const hinted = document.body.textContent!.includes('Drop your list of towns')
            send('drop')
            resolve(hinted)
          }, 50),
        )
      },
      [name, text],
    )

  it('are dropped anywhere on the page, which says so while they hover', async () => {
    const page = await site.opened()
    expect(await drop(page, 'towns.csv', 'id;rating\ntown-1;9\ntown-2;2\n')).toBe(true)
    await read()
    expect((await profile()).mine.map(([, weight]) => weight)).toEqual([expect.closeTo(8 / 9), expect.closeTo(1 / 9)])
    expect(await page.getByText('Drop your list of towns').count()).toBe(0)
    expect(await page.getByText('Read as a table, towns.csv').isVisible()).toBe(true)
    expect(await found(page, '2 of 2 found').isVisible()).toBe(true)
  })

  it('are chosen', async () => {
    const page = await site.opened()
    await openList(page)
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Choose a file' }).click(),
    ])
    await chooser.setFiles(csv('list.json', '[{"id": "town-1"}, {"id": "town-2"}]'))
    await read()
    expect((await profile()).mine).toHaveLength(2)
  })

  it('that are no text are refused in a sentence', async () => {
    const page = await site.opened()
    await drop(page, 'towns.xlsx', 'PK\u0003\u0004rest')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toMatch(/towns\.xlsx is a spreadsheet or an archive, not text/)
  })
})

describe('what is not clear', () => {
  it('is asked, never guessed, and decided in place', async () => {
    const page = await site.opened()
    const twins = await page.evaluate(() => {
      const rows = new Map<string, number[]>()
      for (let row = 0; row < window.__atlas.rows; row++)
        rows.set(window.__atlas.nameOf(row)!, [...(rows.get(window.__atlas.nameOf(row)!) ?? []), row])
      const [name, found] = [...rows].find(([, all]) => all.length === 2)!
      return { name, rows: found }
    })
    const [{ name, row }] = await rowsWithOwnName(1)
    await openList(page)
    await field(page).fill(`${twins.name}\n${name.slice(0, 2)}x${name.slice(2)}`)
    await page.getByRole('button', { name: 'Show on the map' }).click()
    await found(page, '0 of 2 found').waitFor()
    const questions = page.getByRole('combobox').filter({ hasText: 'None of these' })
    expect(await questions.count()).toBe(2)
    await questions.first().selectOption(String(twins.rows[1]))
    await questions.last().selectOption({ label: name })
    await read()
    expect((await profile()).mine.map(([mine]) => mine)).toEqual([twins.rows[1], row])
    await questions.first().selectOption({ label: 'None of these' })
    expect((await profile()).mine.map(([mine]) => mine)).toEqual([row])
  })
})

describe('with the keyboard alone', () => {
  it('a list is written, shown, decided on, dismissed from, selected and remembered', async () => {
    const page = await site.opened()
    const press = (key: string) => page.keyboard.press(key)
    await page.getByRole('button', { name: 'My list' }).focus()
    await press('Enter')
    await field(page).waitFor() // the panel is fetched when it is opened
    await press('Tab')
    expect(await field(page).evaluate((node) => node === document.activeElement)).toBe(true)
    await page.keyboard.insertText('town-3\ntown-4\ntown-8')
    await press('Control+Enter')
    await read()
    const before = (await profile()).close
    const away = page.getByRole('button', { name: /^Do not show/ }).first()
    await away.focus()
    await press('Enter')
    expect((await profile()).close).toEqual(before.slice(1))
    expect(await page.evaluate(() => document.activeElement!.getAttribute('aria-label'))).toMatch(/^Do not show/)
    await press('Shift+Tab')
    await press('Enter')
    await page.waitForFunction((row) => window.__atlas.state().selected === row, before[1])

    await page.getByRole('checkbox', { name: /Remember my list/ }).focus()
    await press('Space')
    await page.goto('about:blank')
    await page.goto(site.site.url)
    await page.evaluate(() => window.__atlas.ready)
    await read()
    expect((await profile()).mine).toHaveLength(3)
    await page.getByRole('checkbox', { name: /Remember my list/ }).focus()
    await press('Space')
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual(['atlas-welcomed']) // site_page.ts says so
  })
})

describe('a list in a link', () => {
  it('opens with its weights, leaves what the browser remembers alone, and goes from the address when the list changes', async () => {
    const page = await site.opened('#p=town-3:100,town-4:50', {
      init: () => localStorage.setItem('atlas-list:towns', 'town-9'),
    })
    await read()
    expect((await profile()).mine.map(([, weight]) => weight).sort()).toEqual([0.5, 1])
    expect(await page.evaluate(() => localStorage.getItem('atlas-list:towns'))).toBe('town-9')
    expect(page.url()).toContain('p=town-3:100,town-4:50')
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.waitForFunction(() => !location.hash.includes('p='))
  })

  it('is no part of the address unless it came with it', async () => {
    const page = await site.opened('?items=town-3,town-4')
    await read()
    await page.getByRole('button', { name: 'Zoom to mine' }).click()
    await page.waitForFunction(() => location.hash.includes('at='))
    expect(new URL(page.url()).hash).not.toMatch(/town|p=/)
  })
})

describe('a filter', () => {
  it('holds for what lies close too', async () => {
    const page = await site.opened('?items=town-5,town-9,town-14,town-20#f=popularity%3A%3E40')
    await read()
    const filtered = (await profile()).close
    await page.goto(`${site.site.url}?items=town-5,town-9,town-14,town-20`)
    await page.evaluate(() => window.__atlas.ready)
    await read()
    const all = (await profile()).close
    expect(filtered.length).toBeLessThan(all.length)
    expect(filtered).toEqual(all.filter((row) => filtered.includes(row)))
  })
})

describe('a file of neighbours that is missing', () => {
  it('is said, and had after trying again', async () => {
    site.allowed = /Failed to load resource/
    site.site.override = (path) => (path.includes('/knn/') ? { status: 404 } : null)
    const page = await site.opened('?items=town-5,town-9')
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(/knn\/.* is missing on the server/)
    site.site.override = () => null
    await alert.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('list', { name: 'Close to yours' }).waitFor()
    expect((await profile()).close.length).toBeGreaterThan(0)
  })
})
