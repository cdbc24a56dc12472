/** The link of this page: the address bar, and the parts for what every atlas has. Other concerns register their own. */
import { projectionOf } from '../core/data/manifest'
import { Link } from '../core/url/link'
import { readCamera, writeCamera } from '../core/url/state'
import type { Atlas } from './atlas.svelte'

export function browserLink(): Link {
  const link = new Link({
    hash: () => location.hash,
    write: (hash, mode) => {
      const url = hash === '' ? location.pathname + location.search : hash
      if (mode === 'push') history.pushState(null, '', url)
      else history.replaceState(null, '', url)
    },
  })
  addEventListener('popstate', () => void link.changed())
  return link
}

export function registerAtlasParts(atlas: Atlas): void {
  const { link, selection } = atlas
  link.register({
    key: 'map',
    read: () => (atlas.projectionKey === atlas.manifest!.default.projection ? null : atlas.projectionKey),
    apply: (value, all) => {
      const manifest = atlas.manifest!
      const key = value && projectionOf(manifest, value) ? value : manifest.default.projection
      if (all.has('c') && atlas.compare.pair?.a === key) return // a step within a comparison, which is its own part
      return atlas.showProjection(key, { remember: false })
    },
  })
  link.register({
    key: 'v',
    read: () => (atlas.hasMap && atlas.view === 'list' ? 'list' : null),
    apply: (value) => atlas.showAs(value === 'list' ? 'list' : 'map', { remember: false }),
  })
  link.register({
    key: 'select', // an id, not a row: rows change when an atlas is rebuilt
    read: () => (selection.row < 0 ? null : atlas.bundle!.idOf(selection.row)),
    apply: (value, all) => atlas.attempt(() => selection.chooseId(value, { fly: !all.has('at') })),
  })
}

/** Registered once there is a map; without one, the link keeps the camera it came with. */
export function registerCamera(atlas: Atlas): void {
  const { link } = atlas
  link.register({
    key: 'at',
    read: () => {
      const map = atlas.map!
      const { pose } = map.camera
      const fitted =
        map.projection.dims === 2 && Math.abs(map.camera.zoomOf(pose) - 1) < 0.01 && Math.hypot(pose.x, pose.y) < 0.01
      // A link that selects without a camera flies there; this page has not.
      return fitted && atlas.selection.row < 0 ? null : writeCamera({ ...pose, zoom: map.camera.zoomOf(pose) })
    },
    apply: (value, all) => {
      const map = atlas.map!
      const camera = readCamera(value ?? '')
      if (camera) map.camera.setPose({ ...camera, scale: map.camera.scaleOf(camera.zoom) })
      else if (!all.has('select')) map.camera.fit()
    },
  })
}
