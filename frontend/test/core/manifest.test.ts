import Ajv from 'ajv/dist/2020'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Bundle } from '../../src/core/data/bundle'
import { fetchFile } from '../../src/core/data/fetch'
import { readManifest, type Manifest } from '../../src/core/data/manifest'
import { FIXTURE } from '../support/global_setup'
import { FRONTEND } from '../support/site.mjs'

const text = readFileSync(join(FIXTURE, 'manifest.json'), 'utf8')
const changed = (change: (manifest: Manifest) => void): string => {
  const manifest = JSON.parse(text) as Manifest
  change(manifest)
  return JSON.stringify(manifest)
}

describe('readManifest', () => {
  it('accepts what the writer writes', () => {
    expect(readManifest(text, 'manifest.json').n).toBe(3000)
  })

  it('finds the words for each method, and a name where a bundle made earlier has none', () => {
    const words = (manifest: string) => readManifest(manifest, 'manifest.json').projections[0].words
    expect(words(text)).toMatchObject({ label: 'UMAP', parameters: { n_neighbors: 'looks at the {} nearest' } })
    const earlier = changed((m) => {
      delete (m as { methods?: unknown }).methods
      m.projections[0].name = 'UMAP, n_neighbors 30, from the graph'
    })
    expect(words(earlier)).toEqual({ label: 'UMAP', about: '', parameters: {} })
  })

  const schema = join(FRONTEND, '../atlas_assets/stages/bundle/bundle_schema.json')
  it.skipIf(!existsSync(schema))('agrees with the schema that the Python writer is held to', () => {
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(schema, 'utf8')))
    expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true)
  })

  it.each([
    ['a page of the server', '<html>', /manifest\.json is missing: the server sent a web page/],
    [
      'half of itself',
      text.slice(0, 900),
      /manifest\.json is not the description of a map: it is damaged or was cut off/,
    ],
    ['another format', '{"format":"zip"}', /format is "zip"; expected "atlas-bundle"/],
    [
      'a newer version',
      changed((m) => Object.assign(m, { version: 3 })),
      /version 3 of the bundle format and this viewer reads version 2/,
    ],
    ['no rows', changed((m) => (m.n = 0)), /n is 0; expected the number of rows/],
    [
      'a type that it does not know',
      changed((m) => (m.columns[0].type = 'duration')),
      /columns\[popularity\]\.type is "duration"; expected one of number, year, date\. Build the site again\./,
    ],
    [
      'a type that keeps no such column',
      changed((m) => (m.columns.find((column) => column.encoding === 'bool-u8')!.type = 'number')),
      /columns\[coastal\]\.type is "number"; expected one of boolean/,
    ],
    [
      'details of a type that it does not know',
      changed((m) => (m.details.fields[0].type = 'sound')),
      /details\.fields\[\w+\]\.type is "sound"; expected one of number, category, list/,
    ],
    [
      'buckets that end early',
      changed((m) => (m.buckets = [1000, 2000])),
      /buckets is \[1000,2000\]; expected ends that finish at n = 3000/,
    ],
    [
      'a missing bucket',
      changed((m) => m.projections[1].buckets.pop()),
      /projections\[k15_tsne-p30\]\.buckets is 1; expected 2 files/,
    ],
    [
      'an unknown encoding',
      changed((m) => Object.assign(m.projections[0], { encoding: 'f64' })),
      /encoding is "f64"; expected "u16-delta-split"/,
    ],
    [
      'a flat box in 3-D',
      changed(
        (m) =>
          (m.projections[2].bbox = [
            [0, 0],
            [1, 1],
          ]),
      ),
      /bbox/,
    ],
    ['no projection', changed((m) => (m.projections = [])), /at least one projection/],
    ['a default that is not there', changed((m) => (m.default.projection = 'x')), /default\.projection is "x"/],
    [
      'missing shards',
      changed((m) => m.neighbours.shards.pop()),
      /neighbours\.shards is 2; expected 3 files of 1024 rows/,
    ],
    ['no columns', changed((m) => delete (m as Partial<Manifest>).columns), /columns is missing; expected a list/],
  ])('refuses %s in a sentence', (_, broken, sentence) => {
    expect(() => readManifest(broken, 'manifest.json')).toThrow(sentence)
  })
})

describe('fetchFile', () => {
  const file = { path: 'cols/x.bin', bytes: 25 }
  const gzipped = async (bytes: Uint8Array) =>
    new Uint8Array(
      await new Response(
        new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('gzip')),
      ).arrayBuffer(),
    )
  const answer = (body: BodyInit | null, init?: ResponseInit) => async () => new Response(body, init)

  it('inflates gzip, and takes what a server has inflated already', async () => {
    const packed = await gzipped(Uint8Array.from([1, 2, 3]))
    expect([
      ...(await fetchFile('http://h/', { ...file, bytes: packed.length }, { get: answer(packed as BodyInit) })),
    ]).toEqual([1, 2, 3])
    expect([...(await fetchFile('http://h/', file, { get: answer(Uint8Array.from([1, 2, 3])) }))]).toEqual([1, 2, 3])
  })

  it('names a missing file', async () => {
    await expect(fetchFile('http://h/', file, { get: answer('', { status: 404 }) })).rejects.toThrow(
      'cols/x.bin is missing on the server',
    )
  })

  it('notices a file that was cut off', async () => {
    const packed = await gzipped(Uint8Array.from({ length: 100 }, (_, i) => i))
    await expect(
      fetchFile('http://h/', { ...file, bytes: packed.length }, { get: answer(packed.slice(0, -9) as BodyInit) }),
    ).rejects.toThrow(/was cut off or belongs to another build/)
    await expect(
      fetchFile('http://h/', { ...file, bytes: packed.length - 9 }, { get: answer(packed.slice(0, -9) as BodyInit) }),
    ).rejects.toThrow(/cannot be unpacked/)
  })

  it('notices a page that a server sends instead of a 404', async () => {
    await expect(fetchFile('http://h/', file, { get: answer('<!DOCTYPE html><title>Oh no</title>') })).rejects.toThrow(
      /cols\/x.bin is missing: the server sent a web page/,
    )
  })

  it('notices a file of another version by the digits in its name', async () => {
    const packed = await gzipped(Uint8Array.from([1, 2, 3]))
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', packed as BufferSource))
    const digits = Buffer.from(digest).toString('hex').slice(0, 16)
    const get = answer(packed as BodyInit)
    expect([
      ...(await fetchFile('http://h/', { path: `cols/x.${digits}.bin`, bytes: packed.length }, { get })),
    ]).toEqual([1, 2, 3])
    await expect(
      fetchFile('http://h/', { path: 'cols/x.0123456789abcdef.bin', bytes: packed.length }, { get }),
    ).rejects.toThrow(/updated while you looked: load the page again/)
  })

  it('says so when there is no connection', async () => {
    const offline = () => Promise.reject(new TypeError('network'))
    await expect(fetchFile('http://h/', file, { get: offline })).rejects.toThrow(
      'cols/x.bin could not be reached. Check the connection',
    )
  })
})

describe('Bundle', () => {
  const fromDisk = async (url: string) => {
    const path = join(FIXTURE, new URL(url).pathname)
    return existsSync(path) ? new Response(readFileSync(path)) : new Response('', { status: 404 })
  }

  it('reports progress that ends where it promised', async () => {
    let last = { loaded: 0, total: 0 }
    const bundle = await Bundle.open('http://h/manifest.json', {
      get: fromDisk,
      onProgress: (progress) => (last = progress),
    })
    await Promise.all([bundle.names(0), bundle.names(1), bundle.ids(0)])
    const { names, ids } = bundle.manifest
    expect(last).toEqual({
      loaded: names[0].bytes + names[1].bytes + ids[0].bytes,
      total: names[0].bytes + names[1].bytes + ids[0].bytes,
    })
  })

  it('finds the row of an id in any bucket, and no row for an unknown one', async () => {
    const bundle = await Bundle.open('http://h/manifest.json', { get: fromDisk })
    for (const row of [0, 999, 1000, 2999]) expect(await bundle.rowOf(await bundle.idOf(row))).toBe(row)
    expect(await bundle.rowOf('nowhere')).toBe(-1)
  })

  it('finds the rows of many ids at once, and leaves out unknown ones', async () => {
    const bundle = await Bundle.open('http://h/manifest.json', { get: fromDisk })
    const rows = [2999, 0, 1000]
    const ids = await Promise.all(rows.map((row) => bundle.idOf(row)))
    expect([...(await bundle.rowsOfIds([...ids, 'nowhere']))]).toEqual(rows.map((row, i) => [ids[i], row]))
  })

  it('has of every column the first bucket alone, and all buckets together', async () => {
    const bundle = await Bundle.open('http://h/manifest.json', { get: fromDisk })
    const first = bundle.manifest.buckets[0]
    for (const column of bundle.manifest.columns) {
      const [start, whole] = [await bundle.columnStart(column), await bundle.column(column)]
      if (start.kind === 'numbers' && whole.kind === 'numbers')
        expect([...start.values]).toEqual([...whole.values.subarray(0, first)])
      if (start.kind === 'codes' && whole.kind === 'codes')
        expect([...start.codes]).toEqual([...whole.codes.subarray(0, first)])
      if (start.kind === 'booleans' && whole.kind === 'booleans')
        expect([...start.values]).toEqual([...whole.values.subarray(0, first)])
      if (start.kind === 'lists' && whole.kind === 'lists') {
        expect([...start.lists.starts]).toEqual([...whole.lists.starts.subarray(0, first + 1)])
        expect(whole.lists.starts).toHaveLength(3001)
        // Every row's values are those that its details list.
        for (const row of [0, 999, 1000, 1001, 2999]) {
          const values = [...whole.lists.codes.subarray(whole.lists.starts[row], whole.lists.starts[row + 1])].map(
            (code) => whole.dictionary[code][0],
          )
          expect(values).toEqual((await bundle.details(row))[5])
        }
      }
    }
  })

  it('knows the region of every row, and what can be searched', async () => {
    const bundle = await Bundle.open('http://h/manifest.json', { get: fromDisk })
    const [projection] = bundle.manifest.projections
    const [rows, regions] = [await bundle.regionRows(projection), await bundle.regions(projection)]
    const texts = await bundle.searchTexts(1)
    expect(texts).toHaveLength(2000)
    for (const row of [1000, 1500, 2999]) {
      const name = (await bundle.details(row))[3]
      expect(regions[rows[row]].name).toBe(name)
      expect(regions[regions[rows[row]].parent!].parent).toBeNull()
      expect(texts![row - 1000]).toContain(name)
    }
  })

  it('joins what a figure means to every projection', () => {
    const { projections } = readManifest(text, 'manifest.json')
    expect(projections[1].figures[0]).toMatchObject({
      label: 'Predicts unseen data',
      text: '13.7 %',
      error: '± 0.4',
      share: 0.137,
    })
  })

  it('leaves out neighbours that are not there', async () => {
    const bundle = await Bundle.open('http://h/manifest.json', { get: fromDisk })
    expect(await bundle.neighbours(0)).toHaveLength(10)
    expect(await bundle.neighbours(1)).toHaveLength(12)
  })

  it('fetches again after a failure, and only once after success', async () => {
    let broken = true
    let asked = 0
    const bundle = await Bundle.open('http://h/manifest.json', {
      get: async (url) => {
        if (!url.includes('detail')) return fromDisk(url)
        asked++
        return broken ? new Response('', { status: 500 }) : fromDisk(url)
      },
    })
    await expect(bundle.details(5)).rejects.toThrow(/refused by the server \(status 500\)/)
    broken = false
    expect((await bundle.details(5))[8]).toContain('A town of')
    await bundle.details(6)
    expect(asked).toBe(2)
  })
})
