/** No file of the viewer imports itself through others: reading can begin at any file and go one way. */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SRC = join(dirname(fileURLToPath(import.meta.url)), '../../src')
/** Static, type-only and dynamic imports, re-exports, and workers. */
const IMPORTED = /(?:\bfrom|\bimport\s*\(|\bimport|new URL\()\s*'(\.[^']*)'/g

/** Files -> what each imports, by name without `.ts`. */
function imports(root: string): Map<string, string[]> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|svelte)$/.test(name))
  const names = new Set(files.map((file) => file.replace(/\.ts$/, '')))
  return new Map(
    files.map((file) => {
      const found = [...readFileSync(join(root, file), 'utf8').matchAll(IMPORTED)].map(([, path]) =>
        relative(root, resolve(root, dirname(file), path)).replace(/\.ts$/, ''),
      )
      return [file.replace(/\.ts$/, ''), found.filter((name) => names.has(name))]
    }),
  )
}

/** A circle of imports, in order; null where there is none. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    path.push(file)
    for (const next of graph.get(file) ?? []) {
      const found = visit(next)
      if (found) return found
    }
    path.pop()
    done.add(file)
    return null
  }
  for (const file of graph.keys()) {
    const found = visit(file)
    if (found) return found
  }
  return null
}

describe('imports', () => {
  it('are read from every kind of file, and stand in no circle', () => {
    const graph = imports(SRC)
    expect(graph.get('main')).toContain('ui/App.svelte')
    expect(graph.get('ui/App.svelte')).toContain('ui/atlas.svelte')
    expect(graph.get('ui/compare/panel')).toContain('ui/compare/ComparePanel.svelte')
    expect(graph.get('core/search/client')).toContain('core/search/worker')
    expect(circle(graph)).toBeNull()
  })

  it('that go round are found', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['c']],
      ['c', ['d']],
      ['d', ['b']],
    ])
    expect(circle(graph)).toEqual(['b', 'c', 'd', 'b'])
    expect(circle(new Map([...graph, ['d', ['e']]]))).toBeNull()
  })
})
