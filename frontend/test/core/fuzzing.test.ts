import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { Bundle } from '../../src/core/data/bundle'
import { BundleError } from '../../src/core/data/errors'
import { parseQuery } from '../../src/core/filter/query'
import { unpackProfile } from '../../src/core/profile/shared'
import { unpackIds } from '../../src/core/select/ids'
import { readCamera, readParts, writeParts } from '../../src/core/url/state'
import { FIXTURE } from '../support/global_setup'
import { generator } from '../support/random'

/** Tries of each kind; ATLAS_FUZZING makes it more. */
const TRIES = Number(process.env.ATLAS_FUZZING ?? 150)
vi.setConfig({ testTimeout: Math.max(30_000, TRIES * 60) })

type Random = () => number
const below = (random: Random, n: number) => Math.floor(random() * n)
const pick = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)]

/** Bytes that were right: cut, lengthened, or with some of them changed. */
function broken(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const at = below(random, copy.length + 1)
  switch (below(random, 4)) {
    case 0:
      return copy.subarray(0, at)
    case 1:
      return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(Math.max(0, at - 40))])
    case 2:
      return Uint8Array.from({ length: below(random, 300) }, () => below(random, 256))
    default:
      for (let i = 0; i <= below(random, 8); i++) copy[below(random, copy.length)] = pick(random, [0, 1, 34, 123, 255])
      return copy
  }
}

const manifestText = readFileSync(join(FIXTURE, 'manifest.json'), 'utf8')

/** Everything that a page may ask of a bundle, one after the other; what is not a sentence for people is a defect. */
async function lookAtAll(bundle: Bundle): Promise<string[]> {
  const { manifest } = bundle
  const asked: (() => Promise<unknown>)[] = [
    () => bundle.names(0),
    () => bundle.ids(0),
    () => bundle.rowsOfIds(['a']),
    () => bundle.neighbours(0),
    () => bundle.details(0),
    ...manifest.columns.map((column) => () => bundle.column(column)),
    ...manifest.projections.flatMap((projection) => [
      () => bundle.positions(projection, 0, new Uint16Array(4 * manifest.n)),
      () => bundle.regions(projection),
      ...(projection.distortion ? [() => bundle.distortion(projection)] : []),
      ...(projection.region_rows ? [() => bundle.regionRows(projection)] : []),
    ]),
    () => Promise.resolve(bundle.searchTexts(0)),
  ]
  const said: string[] = []
  for (const ask of asked) {
    try {
      await ask()
    } catch (error) {
      if (!(error instanceof BundleError)) throw error
      said.push(error.message)
    }
  }
  return said
}

describe('a bundle of which some bytes are others', () => {
  it('is read, or refused with a sentence, whichever file it is', async () => {
    const random = generator(41)
    const refused = { packed: 0, inside: 0 }
    for (let i = 0; i < TRIES / 15; i++) {
      const inside = i % 2 === 0
      const get = async (url: string) => {
        const path = new URL(url).pathname
        const bytes = readFileSync(join(FIXTURE, path))
        if (path.endsWith('manifest.json') || random() < 0.3) return new Response(bytes)
        // Inside, as a server sends it that has unpacked it, so that neither length nor hash can tell.
        return new Response(broken(inside ? gunzipSync(bytes) : bytes, random) as BodyInit)
      }
      const said = await lookAtAll(await Bundle.open('http://h/manifest.json', { get }))
      for (const message of said) expect(message).toMatch(/\w.*\.$/s)
      refused[inside ? 'inside' : 'packed'] += said.length
    }
    expect(refused.packed).toBeGreaterThan(TRIES / 5)
    expect(refused.inside).toBeGreaterThan(TRIES / 15)
  })

  it('that unpacks to something else than its name says is refused', async () => {
    const get = async (url: string) => {
      const path = new URL(url).pathname
      const bytes = readFileSync(join(FIXTURE, path))
      if (!path.includes('/names/')) return new Response(bytes)
      return new Response(gzipSync(new Uint8Array(1000)) as BodyInit)
    }
    const bundle = await Bundle.open('http://h/manifest.json', { get })
    await expect(bundle.names(0)).rejects.toThrow(/manifest promises|another content/)
  })
})

/** A value of the manifest is another, or gone. */
function changedManifest(random: Random): string {
  const manifest = JSON.parse(manifestText) as Record<string, unknown>
  let at: Record<string, unknown> = manifest
  for (;;) {
    const key = pick(random, Object.keys(at))
    const inner = at[key]
    if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0 && random() < 0.8) {
      at = inner as Record<string, unknown>
      continue
    }
    const other = pick(random, [null, -1, 0, 1e308, '', '<script>', [], {}, [null], '../../x', undefined, true])
    if (other === undefined) delete at[key]
    else at[key] = other
    return JSON.stringify(manifest)
  }
}

describe('a manifest of which a value is another', () => {
  it('is opened, or refused with a sentence', async () => {
    const random = generator(42)
    let refused = 0
    for (let i = 0; i < 4 * TRIES; i++) {
      const text = changedManifest(random)
      const get = async (url: string) => {
        const path = new URL(url).pathname
        return path.endsWith('manifest.json') ? new Response(text) : new Response(null, { status: 404 })
      }
      try {
        await Bundle.open('http://h/manifest.json', { get })
      } catch (error) {
        if (!(error instanceof BundleError)) throw new Error(`${String(error)}\n${text}`)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(10)
  })

  it('is refused where it is cut off or damaged', async () => {
    const random = generator(43)
    for (let i = 0; i < TRIES; i++) {
      const bytes = broken(new TextEncoder().encode(manifestText), random)
      const get = async () => new Response(bytes as BodyInit)
      await Bundle.open('http://h/manifest.json', { get }).catch((error: unknown) => {
        if (!(error instanceof BundleError)) throw error
      })
    }
  })
})

const PIECES = [
  ...['map', 'at', 'c', 'f', 's', '=', '&', '#', '%', '%2', '%E0%A4%A', '%00', ',', ':', '>', '"', '|', '-', '..'],
  ...['__proto__', 'constructor', 'toString', '1e999', 'NaN', '0', '9'.repeat(400), '<img src=x>', '\ud800', '🦉', ' '],
]

describe('a link of any text', () => {
  const random = generator(44)
  const text = () => Array.from({ length: below(random, 12) }, () => pick(random, PIECES)).join('')

  it('is read, and what was read comes back', () => {
    for (let i = 0; i < 20 * TRIES; i++) {
      const parts = readParts(`#${text()}`)
      for (const [key, value] of parts) expect([typeof key, typeof value]).toEqual(['string', 'string'])
      const written = writeParts([...parts].filter(([key]) => !/[&=#]/.test(key)))
      expect([...readParts(written).values()]).toEqual(
        [...parts].filter(([key]) => !/[&=#]/.test(key)).map(([, value]) => value.replace(/\p{Surrogate}/gu, '\ufffd')),
      )
    }
  })

  it('gives a camera of finite numbers, or none', () => {
    for (let i = 0; i < 20 * TRIES; i++) {
      const camera = readCamera(text())
      if (camera) expect(Object.values(camera).every(Number.isFinite)).toBe(true)
    }
  })

  it('is a filter, or none, and ends', () => {
    const fields = [{ name: 'f', label: 'F', type: 'number' as const }]
    for (let i = 0; i < 10 * TRIES; i++) {
      const query = parseQuery(text(), fields)
      for (const error of query.errors) expect(error.message).toMatch(/\w/)
    }
  })

  it('is a list of ids, or none', async () => {
    for (let i = 0; i < 4 * TRIES; i++) {
      const ids = await unpackIds(`${pick(random, ['', '~'])}${text()}`)
      if (ids) expect(ids.every((id) => typeof id === 'string')).toBe(true)
      await unpackProfile(text())
    }
  })

  it('does not unpack to more than a page can hold', async () => {
    const bomb = deflateRawSync(Buffer.alloc(40 << 20, '1'), { level: 1 }).toString('base64')
    expect(await unpackIds(`~${bomb.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`)).toBeNull()
  })
})
