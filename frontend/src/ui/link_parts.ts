/** Parts of the link for what every atlas has. Other concerns register their own. */
import { projectionOf } from '../core/data/manifest'
import { readCamera, writeCamera } from '../core/url/state'
import type { Compare } from './compare.svelte'
import type { Page } from './page.svelte'
import type { Selection } from './selection.svelte'
import type { Work } from './selection/work.svelte'

interface Concerns {
  selection: Selection
  compare: Compare
  work: Work
}

export function registerParts(page: Page, { selection, compare, work }: Concerns): void {
  const { link } = page
  link.register({
    key: 'map',
    read: () => (page.projectionKey === page.manifest!.default.projection ? null : page.projectionKey),
    apply: (value, all) => {
      const manifest = page.manifest!
      const known = value !== null && projectionOf(manifest, value) !== undefined
      if (value !== null && !known)
        tell(work, page, 'The link names a map that is not here. This is the one that the page opens with.')
      const key = known ? value : manifest.default.projection
      if (all.has('c') && compare.pair?.a === key) return // a step within a comparison, which is its own part
      return page.showProjection(key, { remember: false, again: compare.pair !== null })
    },
  })
  link.register({
    key: 'v',
    read: () => (page.hasMap && page.view === 'list' ? 'list' : null),
    apply: (value) => page.showAs(value === 'list' ? 'list' : 'map', { remember: false }),
  })
  link.register({
    key: 'select', // an id, not a row: rows change when an page is rebuilt
    read: () => (selection.row < 0 ? null : page.bundle!.idOf(selection.row)),
    apply: (value, all) =>
      page.attempt(async () => {
        if (await selection.chooseId(value, { fly: !all.has('at') })) return
        const [one] = page.manifest!.atlas.entity
        tell(work, page, `The link names a ${one} that is not on this map.`)
      }),
  })
}

/** On screen, and to those who do not see it. */
function tell(work: Work, page: Page, text: string): void {
  work.say(text)
  page.say(text)
}

/** Registered once there is a map; without one, the link keeps the camera it came with. */
export function registerCamera(page: Page, selection: Selection): void {
  const { link } = page
  link.register({
    key: 'at',
    read: () => {
      const map = page.map!
      const { pose } = map.camera
      const fitted = map.projection.dims === 2 && map.camera.isFit(pose)
      // A link that selects without a camera flies there; this page has not.
      return fitted && selection.row < 0 ? null : writeCamera({ ...pose, zoom: map.camera.zoomOf(pose) })
    },
    apply: (value, all) => {
      const map = page.map!
      const camera = readCamera(value ?? '')
      if (camera) map.camera.setPose({ ...camera, scale: map.camera.scaleOf(camera.zoom) })
      else if (!all.has('select')) map.camera.fit()
    },
  })
}
