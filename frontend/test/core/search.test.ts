import { describe, expect, it } from 'vitest'
import { fold, NameSearch, tier } from '../../src/core/search/search'

function searching(names: string[], importance: number[] = names.map(() => 0)): (text: string) => string[] {
  const search = new NameSearch()
  search.add(0, names)
  search.setImportance(Uint8Array.from(importance))
  return (text) => search.query(text, 10).map((row) => names[row])
}

describe('search', () => {
  it('ignores case and diacritics on both sides', () => {
    const find = searching(['Łódź', 'Ñandú', 'São Paulo', 'Straße'])
    expect(find('lodz')).toEqual(['Łódź'])
    expect(find('SÃO')).toEqual(['São Paulo'])
    expect(find('strasse')).toEqual(['Straße'])
    expect(find('nandu')).toEqual(['Ñandú'])
  })

  it('ranks exact before beginning before word before inside', () => {
    const find = searching(['remaster', 'grand master', 'mastering', 'master'], [255, 200, 100, 0])
    expect(find('master')).toEqual(['master', 'mastering', 'grand master', 'remaster'])
  })

  it('prefers the popular among equals', () => {
    expect(searching(['Anna K', 'Anna B', 'Anna C'], [1, 9, 5])('anna')).toEqual(['Anna B', 'Anna C', 'Anna K'])
  })

  it('finds the last part of a dotted name first', () => {
    const find = searching(['numpy.asarray_chkfinite', 'numpy.asarray', 'jax.numpy.asarray'], [1, 200, 90])
    expect(find('asarray').slice(0, 2)).toEqual(['numpy.asarray', 'jax.numpy.asarray'])
    expect(find('numpy.asa')[0]).toBe('numpy.asarray')
  })

  it('takes words in any order', () => {
    expect(searching(['The Lord of the Rings', 'Rings'])('rings lord')).toContain('The Lord of the Rings')
  })

  it('forgives one typo', () => {
    expect(searching(['Harry Potter', 'Moby Dick'])('hary poter')).toContain('Harry Potter')
  })

  it('answers signs alone, an empty question and an unknown word', () => {
    const find = searching(['C++', 'C', '++', 'plain'])
    expect(find('++')).toEqual(expect.arrayContaining(['++', 'C++']))
    expect(find('   ')).toEqual([])
    expect(find('zzzz')).toEqual([])
  })

  it('finds names in other scripts', () => {
    expect(searching(['進撃の巨人', '銀魂', 'Тетрадь'])('銀魂')).toEqual(['銀魂'])
    expect(searching(['進撃の巨人', 'Тетрадь'])('тетр')).toEqual(['Тетрадь'])
  })

  it('sees names that arrive later', () => {
    const search = new NameSearch()
    search.add(0, ['alpha'])
    search.add(1, ['beta'])
    expect(search.query('beta', 5)).toEqual([1])
  })

  it('takes a name with a subtitle or a series for the name itself', () => {
    expect(['dune (dune chronicles #1)', 'dune: a novel', 'dune road'].map((name) => tier(name, 'dune'))).toEqual([0, 0, 1])
  })

  it('has tiers that are worked out by hand', () => {
    expect(['torch', 'torch.nn', 'torchvision', 'my.torch', 'use torch now', 'pytorch'].map((name) => tier(name, 'torch'))).toEqual([0, 1, 2, 1, 3, 4])
    expect(fold('Ærø')).toBe('aero')
  })
})
