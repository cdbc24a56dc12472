/** Opens earlier versions of a map, each once, and holds them against today's. */
import { Bundle } from '../data/bundle'
import { fetchText, type Fetch } from '../data/fetch'
import { readVersions, type Version } from './list'
import { matchIds, type Matched } from './match'

export interface Opened {
  version: Version
  bundle: Bundle
  matched: Matched
  /** In the order of `matched.gone`. */
  goneNames: string[]
}

export class VersionFiles {
  readonly #opened = new Map<string, Opened>()

  /** `base`: the address of the page. */
  constructor(
    private readonly today: Bundle,
    private readonly base: string,
    private readonly get?: Fetch,
  ) {}

  /** The list at `path`; asked for anew each time, since a site changes while its pages are open. */
  async list(path: string): Promise<Version[]> {
    const get = this.get ?? ((url, init) => fetch(url, { ...init, cache: 'no-cache' }))
    return readVersions(await fetchText(new URL(path, this.base).href, path, get))
  }

  async open(version: Version): Promise<Opened> {
    const known = this.#opened.get(version.id)
    if (known) return known
    const bundle = await Bundle.open(new URL(version.manifest, this.base).href, { get: this.get })
    const [now, then] = await Promise.all([idsOf(this.today), idsOf(bundle)])
    const matched = matchIds(now, then)
    const buckets = new Set(Array.from(matched.gone, (row) => bundle.bucketOf(row)))
    await Promise.all(Array.from(buckets, (bucket) => bundle.names(bucket)))
    const opened = { version, bundle, matched, goneNames: Array.from(matched.gone, (row) => bundle.nameOf(row) ?? '') }
    this.#opened.set(version.id, opened)
    return opened
  }
}

async function idsOf(bundle: Bundle): Promise<string[]> {
  return (await Promise.all(bundle.manifest.buckets.map((_, bucket) => bundle.ids(bucket)))).flat()
}
