import { beforeEach, describe, expect, it } from 'vitest'
import { PHONE, sitePage } from './site_page'

const site = sitePage()
const box = () => site.page.getByRole('combobox', { name: /^Search/ })
const options = () => site.page.getByRole('listbox').getByRole('option')
const names = () => site.page.locator('[role=option] .name').allTextContents()
/** Types and waits for the answer to all of it. */
async function type(text: string): Promise<void> {
  await box().fill(text)
  await site.page.waitForFunction(
    () =>
      document.querySelector('[role=listbox]')!.textContent !== '' &&
      !document.querySelector('[role=listbox] .none')?.textContent!.includes('Searching'),
  )
  await site.page.waitForTimeout(150)
}

describe('searching with a keyboard', () => {
  beforeEach(() => site.opened())

  it('finds, flies and selects; diacritics do not matter; letters are marked', async () => {
    const { page } = site
    const name = await site.nameOf(1500)
    const plain = name.normalize('NFKD').replace(/\p{M}/gu, '')
    await page.keyboard.press('/')
    await page.keyboard.type(plain.toUpperCase())
    await page.waitForFunction((wanted) => document.querySelector('[role=option] .name')?.textContent === wanted, name)
    expect(await page.locator('[role=option] mark').first().textContent()).toBe(name)
    expect(await box().getAttribute('aria-activedescendant')).toBe('hit-0')
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').waitFor()
    await site.settled()
    const { selected, zoom } = await site.state()
    expect(await site.nameOf(selected)).toBe(name)
    expect(zoom).toBeGreaterThan(4)
    const at = await site.screenOf(selected)
    // In the middle of what the panels leave free: 338 … 814 of 1200.
    expect(Math.abs(at.x - 576) < 40 && Math.abs(at.y - 400) < 40, JSON.stringify(at)).toBe(true)
    expect(await box().inputValue()).toBe(name)
  })

  it('walks through the list and leaves it again', async () => {
    const { page } = site
    await page.keyboard.press('/')
    await type('mar')
    const count = await options().count()
    expect(count).toBeGreaterThan(10)
    // The region and the values that are called so stand above the best entity.
    const start = await options().evaluateAll((all) => all.findIndex((one) => one.querySelector('.name')))
    expect(start).toBeGreaterThan(0)
    const at = () => box().getAttribute('aria-activedescendant')
    await page.keyboard.press('ArrowDown')
    expect(await at()).toBe(`hit-${start + 1}`)
    await page.keyboard.press('End')
    expect(await at()).toBe(`hit-${count - 1}`)
    await page.keyboard.press('ArrowDown')
    expect(await at()).toBe('hit-0')
    await page.keyboard.press('ArrowUp')
    expect(await at()).toBe(`hit-${count - 1}`)
    await page.keyboard.press('Home')
    await page.keyboard.press('PageDown')
    expect(await at()).toBe('hit-8')
    const visible = await page.locator('#hit-8').evaluate((node) => {
      const [a, b] = [node.getBoundingClientRect(), node.closest('ul')!.getBoundingClientRect()]
      return a.top >= b.top - 1 && a.bottom <= b.bottom + 1
    })
    expect(visible).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.getByRole('listbox').isVisible()).toBe(false)
    expect(await box().inputValue()).toBe('mar')
    await page.keyboard.press('ArrowDown')
    await page.getByRole('listbox').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    expect(await box().inputValue()).toBe('')
    await page.keyboard.press('Escape')
    expect(await box().evaluate((node) => node === document.activeElement)).toBe(false)
  })

  it('takes Enter for all that was typed, not for an answer that is late', async () => {
    const { page } = site
    const name = await site.nameOf(40)
    await box().focus()
    await page.keyboard.type(name, { delay: 0 })
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').waitFor()
    expect(await site.nameOf((await site.state()).selected)).toBe(name)
  })

  it('offers fields and their values while they are typed, with counts, and puts them in', async () => {
    const { page } = site
    await page.keyboard.press('/')
    await page.getByText('Search in a field').waitFor()
    await page.keyboard.type('reg')
    await page
      .locator('.offer', { hasText: /Region/ })
      .first()
      .waitFor()
    await box().fill('region:har')
    const offer = page.locator('.offer').first()
    await offer.waitFor()
    expect(await offer.textContent()).toMatch(/Harbour towns\s*[\d,]+/)
    const count = Number((await offer.locator('.note').textContent())!.replace(',', ''))
    await page.keyboard.press('Enter')
    expect(await box().inputValue()).toBe('region:"Harbour towns" ')
    await page.getByText(`${count.toLocaleString('en')} matches`).waitFor()
    expect(await page.locator('[role=option] .aside').first().textContent()).toBe('Harbour towns')
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').waitFor()
    expect(await box().inputValue()).toBe('region:"Harbour towns" ') // to go on with the next
  })
})

describe('questions', () => {
  beforeEach(() => site.opened())

  it('find regions and values of fields: one is flown to, the other becomes a query', async () => {
    const { page } = site
    await type('salt')
    const place = (text: string) => page.locator('[role=option].offer', { hasText: text })
    await place('Salt coast').filter({ hasText: 'region' }).first().click()
    await site.settled()
    expect((await site.state()).zoom).toBeGreaterThan(2)
    await type('salt')
    await place('salt').filter({ hasText: 'Trades' }).first().click()
    expect(await box().inputValue()).toMatch(/^trades:salt\b/)
    await page
      .locator('.search footer')
      .getByText(/[\d,]+ matches/)
      .waitFor()
  })

  it('find in searched fields and say in which', async () => {
    await type('harbour towns')
    const aside = site.page.locator('[role=option] .aside').first()
    expect(await aside.textContent()).toMatch(/^Region: Harbour towns/)
    expect(await aside.locator('mark').first().textContent()).toBe('Harbour towns')
  })

  it('show similar names apart, and say when there is nothing', async () => {
    const name = (
      await site.page.evaluate(() => Array.from({ length: 300 }, (_, row) => window.__atlas.nameOf(row)!))
    ).find((one) => /^[A-Za-z]{9,}$/.test(one))!
    await type(name.slice(0, 4) + name[5] + name[4] + name.slice(6))
    const list = site.page.getByRole('listbox') // a screen reader is told much the same
    await list.getByText(/similar/i).waitFor()
    expect(await names()).toContain(name)
    await type('zzzzzzz')
    await list.getByText('Nothing by that name.').waitFor()
  })

  it('select all matches, and show only these', async () => {
    const { page } = site
    await type('founded:1200..1500 coastal:yes')
    const total = Number(
      (await page.locator('.search footer').textContent())!.match(/([\d,]+) matches/)![1].replace(',', ''),
    )
    expect(total).toBeGreaterThan(5)
    expect(await page.locator('[role=option] .aside').first().textContent()).toMatch(/^1[2-5]\d\d · yes$/)
    await page.getByRole('button', { name: 'Show only these' }).click()
    await page.waitForFunction(() => location.hash.includes('f='))
    expect(decodeURIComponent(page.url())).toContain('f=founded:1200..1500 coastal:yes')
    await type('/^b/i')
    for (const name of await names()) expect(name).toMatch(/^b/i)
    await page.getByRole('button', { name: 'Select all' }).click()
    await page.waitForFunction(() => location.hash.includes('s='))
  })

  it('show what the filter leaves out, and a way to see it', async () => {
    const { page } = site
    await type('region:"Harbour towns"')
    await page.getByRole('button', { name: 'Show only these' }).click()
    await page.waitForFunction(() => location.hash.includes('f='))
    await type('mar')
    await page.locator('.out', { hasText: 'filtered out' }).first().waitFor()
    await page.getByRole('button', { name: 'Clear filter' }).click()
    await page.waitForFunction(() => !location.hash.includes('f='))
    await page.locator('.out').first().waitFor({ state: 'detached' })
  })

  it('explain in place what is wrong with them', async () => {
    const { page } = site
    await type('founded:abc')
    await page.locator('.said', { hasText: '“abc” is not a year' }).waitFor()
    await type('/(/')
    await page.locator('.said', { hasText: 'This pattern cannot be read' }).waitFor()
    await type('regin:x')
    await page.locator('.said', { hasText: 'Did you mean “region”?' }).waitFor()
    expect(await box().getAttribute('aria-describedby')).toBe('search-problem')
  })

  it('survive a pattern that never ends', async () => {
    await type('/(.*)*(.*)*(.*)*(.*)*Q$/')
    await site.page.getByText('takes too long').waitFor({ timeout: 12_000 })
    await type(await site.nameOf(3))
    expect(await names()).toContain(await site.nameOf(3))
  })
})

it('on a phone: touch targets, a list that scrolls under the finger, and a tap', async () => {
  const page = await site.opened('', PHONE)
  await box().tap()
  await type('mar')
  for (const height of await page
    .locator('[role=option], .search footer button')
    .evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().height)))
    expect(height).toBeGreaterThanOrEqual(44)
  const frame = await page.locator('.search .list').evaluate((node) => node.getBoundingClientRect().toJSON() as DOMRect)
  expect(frame.left >= 0 && frame.right <= 390 && frame.bottom <= 844).toBe(true)
  const name = await options().nth(2).locator('.name').textContent()
  await options().nth(2).tap()
  await page.getByRole('complementary').waitFor()
  expect(await site.nameOf((await site.state()).selected)).toBe(name)
})
