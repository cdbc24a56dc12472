import { describe, expect, it } from 'vitest'
import { violations } from '../support/axe'
import { manifest, PHONE, sitePage } from './site_page'

const site = sitePage()
const mark = () => site.page.locator('.mark .name')

/** Names that occur once: `first` near one place of the map, and `second` as far from it as can be. */
const names = (first: number, second: number) =>
  site.page.evaluate(
    ([a, b]) => {
      const all = Array.from({ length: window.__atlas.rows }, (_, row) => window.__atlas.nameOf(row)!)
      const times = new Map<string, number>()
      for (const name of all) times.set(name.toLowerCase(), (times.get(name.toLowerCase()) ?? 0) + 1)
      const own = all.flatMap((name, row) =>
        times.get(name.toLowerCase()) === 1 && /^[A-Z][a-z]{5,}$/.test(name)
          ? [{ name, row, at: window.__atlas.screenOf(row)! }]
          : [],
      )
      const from = (centre: { x: number; y: number }) =>
        own.toSorted(
          (p, q) => Math.hypot(p.at.x - centre.x, p.at.y - centre.y) - Math.hypot(q.at.x - centre.x, q.at.y - centre.y),
        )
      const near = from(own[0].at)
      const far = from(near.at(-1)!.at)
      return { near: near.slice(0, a), far: far.slice(0, b) }
    },
    [first, second] as const,
  )

async function list(lines: string[]): Promise<void> {
  await site.page.getByRole('textbox', { name: 'Your list of towns' }).fill(lines.join('\n'))
  await site.page.getByRole('button', { name: 'Show on the map' }).click()
  await site.page.waitForFunction(() => window.__atlas.profile().mine.length > 0 && !window.__atlas.profile().loading)
}

/** px between the mark and the nearest of some rows. */
const apart = (rows: number[]) =>
  site.page.evaluate((some) => {
    const box = document.querySelector('.mark .ring')!.getBoundingClientRect()
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    return Math.min(
      ...some.map((row) => Math.hypot(window.__atlas.screenOf(row)!.x - x, window.__atlas.screenOf(row)!.y - y)),
    )
  }, rows)

describe('where a list would stand', () => {
  it('is marked as a guess beside the largest part of it, and the list is said to fall apart', async () => {
    await site.opened()
    const { near, far } = await names(7, 3)
    await site.page.getByRole('button', { name: 'My list' }).click()
    await list([...near, ...far].map(({ name }) => name))
    await site.page.getByRole('button', { name: 'Mark it on the map' }).click()
    await mark().waitFor()
    expect(await mark().textContent()).toBe('Your list, by guess')
    await site.settled()
    expect(
      await site.page.getByText(/^This list falls apart into \d places\. The mark is at the largest/).count(),
    ).toBe(1)
    expect(await apart(near.map(({ row }) => row))).toBeLessThan(await apart(far.map(({ row }) => row)))
    expect(await site.page.getByRole('list', { name: 'Nearest to it' }).getByRole('listitem').count()).toBe(5)
    const before = await apart([near[0].row])
    await site.page.getByRole('button', { name: 'Zoom in' }).click()
    await site.settled()
    expect((await apart([near[0].row])) / before).toBeCloseTo(1.8, 1) // it stays on its place
    expect(await violations(site)).toEqual([])
    await site.page.getByRole('button', { name: 'Take the mark away' }).click()
    expect(await mark().count()).toBe(0)
  })

  it('is nowhere where nothing of the list is close', async () => {
    await site.opened()
    const { near, far } = await names(1, 1)
    await site.page.getByRole('button', { name: 'My list' }).click()
    await list([near[0].name, far[0].name])
    await site.page.getByRole('button', { name: 'Mark it on the map' }).click()
    await site.page.getByText(/it has no place of its own/).waitFor()
    expect(await mark().count()).toBe(0)
  })
})

describe('where a text would stand', () => {
  const dims = 2
  const files: Record<string, Buffer> = {
    'words.bin': Buffer.from('sea\nhill'),
    'vectors.bin': Buffer.concat([
      Buffer.from(new Float32Array([1, 1]).buffer),
      Buffer.from(new Int8Array([127, 0, 0, 127]).buffer),
    ]),
    'rows.bin': Buffer.from(
      Int8Array.from({ length: manifest.n * dims }, (_, i) => {
        const row = Math.floor(i / dims)
        return (i % dims === 0) === row < 5 ? 127 : 0 // the sea for the first five, a hill for the others
      }).buffer,
    ),
  }
  const entry = (name: string) => ({ path: `meaning/${name}`, bytes: files[name].length })
  const described = JSON.stringify({
    ...manifest,
    meaning: {
      model: 'invented',
      dims,
      words: entry('words.bin'),
      vectors: entry('vectors.bin'),
      rows: entry('rows.bin'),
    },
  })

  it.each([
    ['a desktop', {}],
    ['a phone', PHONE],
  ])('is beside the five that are nearest to it by meaning, on %s', async (_, size) => {
    site.site.override = (path) => {
      const file = /meaning\/(.*)$/.exec(path)
      if (file) return { body: files[file[1]] as unknown as string }
      return path.endsWith('manifest.json') ? { body: described } : null
    }
    await site.opened('', size)
    await site.page.getByRole('button', { name: 'My list' }).click()
    const text = site.page.getByRole('textbox', { name: 'A text that is not on the map' })
    await text.fill('of nothing known')
    await site.page.getByRole('button', { name: 'Find its place' }).click()
    await site.page.getByText(/None of these words is known/).waitFor()
    await text.fill('A house by the sea')
    await site.page.getByRole('button', { name: 'Find its place' }).click()
    await mark().waitFor()
    expect(await mark().textContent()).toBe('Your text, by guess')
    const shown = site.page.getByRole('list', { name: 'Nearest to it' }).getByRole('listitem')
    const wanted = await Promise.all([0, 1, 2, 3, 4].map((row) => site.nameOf(row)))
    expect((await shown.allTextContents()).map((name) => name.trim()).sort()).toEqual(wanted.sort())
    expect(await violations(site)).toEqual([])
  })
})
