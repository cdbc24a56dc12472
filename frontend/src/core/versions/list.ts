/** The versions of a map that its site keeps, as versions.json lists them (atlas_assets/stages/site/versions.py). */
import { BundleError } from '../data/errors'

export interface Version {
  /** Of the map, whichever viewer showed it. */
  id: string
  published: Date
  /** Number of entities. */
  n: number
  /** Where its manifest lies, relative to the site's root. */
  manifest: string
}

/** Oldest first; a map that was published several times, with newer viewers, is one version. Throws BundleError. */
export function readVersions(text: string): Version[] {
  let listed: unknown
  try {
    listed = JSON.parse(text)
  } catch {
    throw new BundleError('The list of versions is damaged. Try again, or publish the site again.')
  }
  const versions = new Map<string, Version>()
  for (const entry of Array.isArray(listed) ? (listed as Partial<Record<string, unknown>>[]) : []) {
    const { published, n, manifest } = entry
    if (typeof published !== 'string' || typeof n !== 'number' || typeof manifest !== 'string') continue
    const [date, id] = [new Date(published), idOf(manifest)]
    if (!Number.isNaN(date.getTime()) && !versions.has(id)) versions.set(id, { id, published: date, n, manifest })
  }
  return [...versions.values()]
}

/** A map is called as the folder in which its manifest lies. */
export function idOf(manifest: string): string {
  return manifest.split(/[?#]/)[0].split('/').at(-2) ?? ''
}

/** Those published before the map `own`, newest first, and whether a newer one than it is there. */
export function around(
  versions: readonly Version[],
  own: string,
): { earlier: Version[]; own: Version | null; newer: boolean } {
  const at = versions.findIndex(({ id }) => id === own)
  return {
    earlier: versions.slice(0, Math.max(0, at)).reverse(),
    own: versions[at] ?? null,
    newer: versions.length > 0 && at < versions.length - 1,
  }
}

/** What a link says: the date, so that a version that is gone can be named, its id and the place on the way to the latest. */
export function writeSince({ published, id }: Version, t: number): string {
  return `${published.toISOString().slice(0, 10)}:${id}${t > 0 ? `~${Math.round(t * 100) / 100}` : ''}`
}

export function readSince(text: string): { date: Date; id: string; t: number } | null {
  const found = /^(\d{4}-\d\d-\d\d):([^~:]+)(?:~(0?\.\d+|[01]))?$/.exec(text)
  const date = new Date(found?.[1] ?? NaN)
  return found && !Number.isNaN(date.getTime()) ? { date, id: found[2], t: Number(found[3] ?? 0) } : null
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long' })
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })
const short = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/** "3 November", with the year where it is not this one. */
export function inWords(date: Date, now = new Date()): string {
  return (date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date)
}

/** "3 Nov 2026", with the time where another version is of the same day. */
export function dateLabel(date: Date, all: readonly Version[]): string {
  const text = short.format(date)
  return all.filter(({ published }) => short.format(published) === text).length > 1
    ? `${text}, ${time.format(date)}`
    : text
}
