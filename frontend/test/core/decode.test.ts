import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { encodeColumn } from '../../src/core/colour/encode'
import { Bundle } from '../../src/core/data/bundle'
import {
  decodeBooleans,
  decodeCodes,
  decodeLists,
  decodeNeighbours,
  decodeNumbers,
  decodePositions,
  decodeTexts,
} from '../../src/core/data/decode'
import type { Manifest } from '../../src/core/data/manifest'
import { SLOT } from '../../src/core/gl/look'
import { encodePositions } from '../fixtures/encode.mjs'
import { FIXTURE } from '../support/global_setup'
import { FRONTEND } from '../support/site.mjs'
import { generator } from '../support/random'

describe('positions', () => {
  it('are decoded by hand-worked bytes: 0, 1, 65535, 65534', () => {
    // Differences 0, 1, 65534 (= -2 modulo 2^16), -1; zigzag 0, 2, 3, 1.
    const bytes = Uint8Array.from([0, 2, 3, 1, 0, 0, 0, 0, ...new Array(8).fill(0)])
    const into = new Uint16Array(16)
    decodePositions(bytes, 2, 4, into, 0)
    expect([into[0], into[4], into[8], into[12]]).toEqual([0, 1, 65535, 65534])
  })

  it.each([2, 3] as const)('come back within half a quantisation step in %i-D, at their rows', (dims) => {
    const random = generator(3)
    const rows = 500
    const values = Float64Array.from({ length: rows * dims }, () => random() * 20 - 7)
    const bbox = [Array(dims).fill(-7), Array(dims).fill(13)]
    const into = new Uint16Array(rows * 4)
    decodePositions(encodePositions(values, dims, bbox, 0, 200), dims, 200, into, 0)
    decodePositions(encodePositions(values, dims, bbox, 200, rows), dims, 300, into, 200)
    const half = 20 / 65535 / 2
    for (let row = 0; row < rows; row++) {
      for (let d = 0; d < dims; d++) {
        expect(Math.abs((into[4 * row + d] / 65535) * 20 - 7 - values[row * dims + d])).toBeLessThanOrEqual(half + 1e-9)
      }
    }
  })

  it('of the wrong length are refused with both lengths and what to do', () => {
    expect(() => decodePositions(new Uint8Array(7998), 2, 2000, new Uint16Array(8000), 0)).toThrow(
      /7998 bytes, expected 8000.*build the site again/,
    )
  })
})

describe('columns', () => {
  it('of numbers keep every bit, NaN included', () => {
    const values = Float32Array.from([0, -1.5, NaN, 3.4e38, 1e-40])
    const bytes = new Uint8Array(values.buffer)
    const planes = Uint8Array.from({ length: 20 }, (_, i) => bytes[(i % 5) * 4 + Math.floor(i / 5)])
    expect(decodeNumbers(planes, 5, 'x')).toEqual(values)
  })

  it('of codes say unknown in one way, whatever their width', () => {
    expect([...decodeCodes(Uint8Array.from([0, 254, 255]), 3, 'codes-u8', 'x')]).toEqual([0, 254, 65535])
    expect([...decodeCodes(Uint8Array.from([1, 255, 2, 255]), 2, 'codes-u16', 'x')]).toEqual([513, 65535])
  })

  it('of lists know the codes of each row, empty ones too', () => {
    const { starts, codes } = decodeLists(Uint8Array.from([2, 0, 1, /* low */ 5, 6, 7, /* high */ 0, 1, 0]), 3, 'x')
    expect([...starts]).toEqual([0, 2, 2, 3])
    expect([...codes]).toEqual([5, 262, 7])
  })

  it('that are truncated are refused', () => {
    expect(() => decodeBooleans(new Uint8Array(3), 4, 'cols/a.bin')).toThrow('cols/a.bin: 3 bytes, expected 4')
    expect(() => decodeLists(Uint8Array.from([2, 0]), 2, 'cols/b.bin')).toThrow('cols/b.bin: 2 bytes, expected 6')
  })
})

describe('texts', () => {
  it('may be empty in the middle and at the end', () => {
    expect(decodeTexts(new TextEncoder().encode('é\n\nc'), 3, 'names')).toEqual(['é', '', 'c'])
    expect(decodeTexts(new TextEncoder().encode('a\n'), 2, 'names')).toEqual(['a', ''])
    expect(decodeTexts(new TextEncoder().encode('a\nb\n'), 2, 'names')).toEqual(['a', 'b'])
  })

  it('with a missing line are refused', () => {
    expect(() => decodeTexts(new TextEncoder().encode('a\nb'), 3, 'names/0.bin')).toThrow(
      'names/0.bin: 2 lines, expected 3',
    )
  })
})

describe('neighbour shards', () => {
  it('of the fixture hold no row as its own neighbour, nearest first', () => {
    const manifest = JSON.parse(readFileSync(join(FIXTURE, 'manifest.json'), 'utf8')) as Manifest
    const { k, shards, shard_rows } = manifest.neighbours
    const shard = decodeNeighbours(gunzipSync(readFileSync(join(FIXTURE, shards[1].path))), shard_rows, k, true)
    for (let row = 0; row < shard_rows; row++) {
      for (let j = 0; j < k; j++) {
        expect(shard.indices[row * k + j]).not.toBe(shard_rows + row)
        if (j > 0) expect(shard.similarity[row * k + j]).toBeLessThanOrEqual(shard.similarity[row * k + j - 1])
      }
    }
    expect(shard.shared).toHaveLength(shard_rows * k)
  })

  it('without shared counts have none', () => {
    expect(decodeNeighbours(new Uint8Array(16), 1, 2, false).shared).toBeNull()
    expect(() => decodeNeighbours(new Uint8Array(16), 1, 2, true)).toThrow('16 bytes, expected 24')
  })
})

const golden = join(FRONTEND, '../atlas_tests/bundle/golden')
describe.skipIf(!existsSync(golden))('the golden bundle of the Python writer', () => {
  const fromDisk = async (url: string) => new Response(readFileSync(join(golden, new URL(url).pathname)))

  it('is read file by file, and every file is as long as it should be', async () => {
    const bundle = await Bundle.open('http://h/manifest.json', { get: fromDisk })
    const { manifest } = bundle
    for (let bucket = 0; bucket < manifest.buckets.length; bucket++) {
      expect((await bundle.names(bucket)).every((name) => name.length > 0)).toBe(true)
      expect(new Set(await bundle.ids(bucket)).size).toBe(manifest.buckets[bucket] - bundle.bucketStart(bucket))
    }
    for (const column of manifest.columns) {
      const data = await bundle.column(column)
      const { slots } = encodeColumn(column, data)
      expect(slots.length).toBe(manifest.n)
      const unknown = slots.filter((slot) => slot === SLOT.unknown).length
      if (column.type === 'list')
        expect(unknown, column.name).toBeGreaterThanOrEqual(column.nulls) // an empty list has no colour either
      else expect(unknown, column.name).toBe(column.nulls)
    }
    for (const projection of manifest.projections) {
      const positions = new Uint16Array(manifest.n * 4)
      for (let bucket = 0; bucket < manifest.buckets.length; bucket++)
        await bundle.positions(projection, bucket, positions)
      // Quantised on its own bounding box: every axis reaches both ends.
      for (let axis = 0; axis < projection.dims; axis++) {
        const values = Array.from({ length: manifest.n }, (_, row) => positions[4 * row + axis])
        expect([Math.min(...values), Math.max(...values)]).toEqual([0, 65535])
      }
      if (projection.distortion) expect((await bundle.distortion(projection)).length).toBe(manifest.n)
      for (const region of await bundle.regions(projection)) expect(typeof region.name).toBe('string')
    }
    for (let row = 0; row < manifest.n; row++) {
      expect(await bundle.details(row)).toHaveLength(manifest.details.fields.length)
      for (const neighbour of await bundle.neighbours(row))
        expect(neighbour.row < manifest.n && neighbour.row !== row).toBe(true)
    }
  })
})
