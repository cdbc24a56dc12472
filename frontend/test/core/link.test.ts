import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Link, type Address, type LinkPart, type Remember } from '../../src/core/url/link'
import { generator } from '../support/random'

/** A browser's history in memory. */
class Tab implements Address {
  entries = ['']
  at = 0
  hash(): string {
    return this.entries[this.at]
  }
  write(hash: string, mode: Remember): void {
    if (mode === 'push') this.entries.splice(++this.at, Infinity, hash)
    else this.entries[this.at] = hash
  }
}

const log: string[] = []
/** A part that holds a text; `''` is how the page opens. */
class Text implements LinkPart {
  value = ''
  constructor(
    readonly key: string,
    private readonly ms = 0,
  ) {}
  async read(): Promise<string | null> {
    await Promise.resolve()
    return this.value || null
  }
  async apply(value: string | null): Promise<void> {
    log.push(this.key)
    if (this.ms > 0) await new Promise((resolve) => setTimeout(resolve, this.ms))
    this.value = value ?? ''
  }
}

const settle = () => vi.advanceTimersByTimeAsync(2000)

beforeEach(() => {
  vi.useFakeTimers()
  log.length = 0
})
afterEach(() => void vi.useRealTimers())

async function opened(hash = '', parts: LinkPart[] = []): Promise<{ tab: Tab; link: Link }> {
  const tab = new Tab()
  tab.entries[0] = hash
  const link = new Link(tab)
  for (const part of parts) link.register(part)
  void link.open()
  await settle()
  return { tab, link }
}

describe('the link', () => {
  it('applies what it says in the order that parts build on each other', async () => {
    const parts = ['at', 'select', 's', 'f', 'colour', 'c', 'map', 'p'].map((key) => new Text(key))
    await opened('#at=1&select=2&s=3&f=4&colour=5&c=6&map=7&p=8', parts)
    expect(log).toEqual(['map', 'c', 'colour', 'f', 'p', 's', 'select', 'at'])
    expect(parts.map((part) => part.value)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
  })

  it('leaves alone what it does not mention, and writes nothing before it is open', async () => {
    const tab = new Tab()
    const link = new Link(tab)
    const quick = new Text('select')
    link.register(quick)
    quick.value = 'chosen while loading'
    link.remember('push')
    await settle()
    expect(tab.entries).toEqual([''])
    void link.open()
    await settle()
    expect(quick.value).toBe('chosen while loading')
    expect(tab.entries).toEqual(['#select=chosen%20while%20loading'])
  })

  it('goes back and forward through any walk', async () => {
    const random = generator(3)
    const parts = ['map', 'f', 'select', 'at'].map((key) => new Text(key, 5))
    const { tab, link } = await opened('', parts)
    const seen = [parts.map((part) => part.value).join()]
    for (let i = 0; i < 40; i++) {
      const part = parts[Math.floor(random() * 3)]
      part.value = String(1 + i)
      link.remember('push')
      await settle()
      seen.push(parts.map((p) => p.value).join())
    }
    expect(tab.entries.length).toBe(41)
    for (let i = 0; i < 60; i++) {
      tab.at = Math.floor(random() * 41)
      void link.changed()
      await settle()
      expect(parts.map((p) => p.value).join()).toBe(seen[tab.at])
    }
    expect(tab.entries.length).toBe(41)
  })

  it('ends where the last of several quick steps back leads, slow parts or not', async () => {
    const [map, f] = [new Text('map', 300), new Text('f', 500)]
    const { tab, link } = await opened('', [map, f])
    for (const value of ['a', 'b', 'c', 'd']) {
      map.value = f.value = value
      link.remember('push')
      await settle()
    }
    for (let i = 0; i < 3; i++) {
      tab.at--
      void link.changed()
      await vi.advanceTimersByTimeAsync(40)
    }
    await vi.advanceTimersByTimeAsync(5000)
    expect([map.value, f.value, tab.hash()]).toEqual(['a', 'a', '#map=a&f=a'])
  })

  it('makes one step of what changes together, none of what did not change', async () => {
    const [f, s] = [new Text('f'), new Text('s')]
    const { tab, link } = await opened('', [f, s])
    f.value = s.value = 'x'
    link.remember('replace')
    link.remember('push')
    link.remember('replace')
    await settle()
    link.remember('push')
    await settle()
    expect(tab.entries).toEqual(['', '#f=x&s=x'])
  })

  it('replaces the entry at most a few times a second, and ends with the last state', async () => {
    const at = new Text('at')
    const { tab, link } = await opened('', [at])
    const write = vi.spyOn(tab, 'write')
    for (let i = 1; i <= 100; i++) {
      at.value = String(i)
      link.remember('replace')
      await vi.advanceTimersByTimeAsync(16)
    }
    await settle()
    expect(write.mock.calls.length).toBeLessThan(8)
    expect(tab.entries).toEqual(['#at=100'])
  })

  it('applies parts that register late, and keeps what nobody knows', async () => {
    const { tab, link } = await opened('#map=m&f=year:1990&future=1%2B1', [new Text('map')])
    const filter = new Text('f')
    link.register(filter)
    await settle()
    expect(filter.value).toBe('year:1990')
    filter.value = ''
    link.remember('push')
    await settle()
    expect(tab.entries).toEqual(['#map=m&f=year:1990&future=1%2B1', '#map=m&future=1%2B1'])
  })

  it('forgets a part that was removed, but not what the address says about it', async () => {
    const c = new Text('c')
    const { tab, link } = await opened('#c=1', [])
    const remove = link.register(c)
    await settle()
    remove()
    link.remember('push')
    await settle()
    expect(tab.entries).toEqual(['#c=1'])
  })

  it('survives parts that throw, and a browser that refuses', async () => {
    const broken: LinkPart = {
      key: 'f',
      read: () => {
        throw new Error('not now')
      },
      apply: () => Promise.reject(new Error('never')),
    }
    const select = new Text('select')
    const { tab, link } = await opened('#f=old&select=a', [broken, select])
    expect(select.value).toBe('a')
    const write = tab.write.bind(tab)
    tab.write = () => {
      throw new Error('SecurityError')
    }
    select.value = 'b'
    link.remember('push')
    await settle()
    tab.write = write
    link.remember('push')
    await settle()
    expect(tab.hash()).toBe('#select=b&f=old')
  })

  it('makes no step of what a part remembers while it is applied', async () => {
    const noisy = new Text('f')
    const { tab, link } = await opened('#f=a', [])
    const apply = noisy.apply.bind(noisy)
    noisy.apply = async (value) => {
      link.remember('push')
      await apply(value === 'a' ? 'canonical' : value)
      link.remember('push')
    }
    link.register(noisy)
    await settle()
    expect(tab.entries).toEqual(['#f=canonical'])
  })

  it('shares more than it shows only where a part offers it', async () => {
    const { link } = await opened('', [])
    link.register({ key: 'p', read: () => null, apply: () => {}, share: () => 'my list' })
    link.register({ key: 'f', read: () => 'year:1990', apply: () => {} })
    expect([await link.shared('p'), await link.shared('f'), await link.shared('x')]).toEqual([
      'my list',
      'year:1990',
      null,
    ])
    expect([...(await link.values())]).toEqual([['f', 'year:1990']])
  })
})
