import { INSIDE, isWhole } from '../core/data/carried'
import { BundleError } from '../core/data/errors'

/** Where the manifest lies: filled in by the site builder; the dev server may name another one with ?manifest=. */
export function manifestUrl(): string {
  const built = document.querySelector<HTMLMetaElement>('meta[name="atlas-manifest"]')?.content ?? ''
  const asked = import.meta.env.DEV ? new URLSearchParams(location.search).get('manifest') : null
  const path = asked ?? (built !== '' ? built : import.meta.env.DEV ? 'test/.fixture/data/towns/manifest.json' : '')
  if (path === '') {
    throw new BundleError(
      'This page holds the viewer but no map yet: its “atlas-manifest” entry is empty. Build a site with Atlas, which fills it in.',
    )
  }
  return new URL(path, isWhole() ? INSIDE : document.baseURI).href
}
