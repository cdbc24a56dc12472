import { expect, it } from 'vitest'
import { manifest, sitePage } from './site_page'

const site = sitePage()

it('the first paint has colours and sizes, and waits for no other file than those it needs', async () => {
  const page = await site.opened()
  const before = await page.evaluate(() => {
    const { startTime } = performance.getEntriesByName('atlas:first-paint')[0]
    return performance
      .getEntriesByType('resource')
      .filter((entry) => entry.startTime < startTime)
      .map((entry) => new URL(entry.name).pathname)
  })
  const first = manifest.projections[0]
  const [colour, size] = ['region', 'popularity'].map((name) =>
    manifest.columns.find((column) => column.name === name)!,
  )
  const needed = [
    manifest.names[0],
    first.buckets[0],
    first.regions!,
    colour.files[0],
    (colour as { dictionary: { path: string } }).dictionary,
    size.files[0],
  ]
  const asked = before.filter((path) => path.includes('/data/map/')).map((path) => path.split('/data/map/')[1])
  expect(asked.sort()).toEqual(['manifest.json', ...needed.map(({ path }) => path)].sort())
})
