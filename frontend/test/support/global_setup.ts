import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeFixture } from '../fixtures/make_fixture.mjs'
import { buildViewer, FRONTEND } from './site.mjs'

export const FIXTURE = join(FRONTEND, 'test/.fixture/data/towns')

/** Once per run: the fixture bundle, and the built viewer that the browser suites open. */
export function setup(): void {
  makeFixture(FIXTURE)
  buildViewer()
  if (!existsSync(join(FRONTEND, 'dist/index.html'))) throw new Error('the viewer was not built')
}
