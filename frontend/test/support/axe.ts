/** Accessibility rules (WCAG 2.2 A and AA, and good practice) on the page as it is, by axe. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { SitePage } from '../browser/site_page'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

declare global {
  interface Window {
    axe: typeof axe
  }
}

/** One line per rule and element that breaks it. */
export async function violations(site: SitePage): Promise<string[]> {
  await site.settled()
  if (!(await site.page.evaluate(() => 'axe' in window))) await site.page.evaluate(AXE)
  return site.page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      // Axe sees the canvas below a name as its background, and cannot know the halo that keeps the name readable.
      rules: { 'color-contrast': { enabled: true }, region: { enabled: true } },
    })
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        (node) =>
          `${id}: ${help}: ${node.html.slice(0, 160)} ${node.failureSummary?.split('\n').slice(1, 3).join(' ') ?? ''}`,
      ),
    )
  })
}
