import { makeFixture } from '../fixtures/make_fixture.mjs'
import { FIXTURE } from './global_setup'

/** Once per run: the fixture bundle, which is all that the suites without a browser read. */
export function setup(): void {
  makeFixture(FIXTURE)
}
