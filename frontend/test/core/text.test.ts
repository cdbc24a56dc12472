import { describe, expect, it } from 'vitest'
import { inLines, regionLines, shorten } from '../../src/core/labels/text'

describe('names that are too long', () => {
  it('keep what tells them apart', () => {
    expect(shorten('fontTools.ttLib.tables.otTables.PairSet', 34)).toBe('fontTools…tables.otTables.PairSet')
    expect(shorten('a.very_long_function_name_that_never_ends', 20)).toBe('…ame_that_never_ends')
    expect(shorten('The Hitchhiker’s Guide to the Galaxy. Part 2', 20)).toBe('The Hitchhiker’s Gu…')
    expect(shorten('numpy.asarray', 34)).toBe('numpy.asarray')
  })

  it('never grow beyond the limit', () => {
    for (const name of [
      'x'.repeat(99),
      'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q',
      'first.second.third.fourth',
      'one two three four five six',
      'a/'.repeat(40),
    ]) {
      for (const max of [8, 15, 20, 34]) expect(shorten(name, max).length).toBeLessThanOrEqual(max)
    }
  })

  it('are broken into two lines of similar length', () => {
    expect(inLines('standard library · typing.TYPE_CHECKING', 20)).toEqual(['standard library', 'typing.TYPE_CHECKING'])
    expect(inLines('Contemporary fantasy for adults', 20)).toEqual(['Contemporary', 'fantasy for adults'])
    expect(inLines('sympy', 20)).toEqual(['sympy'])
    expect(inLines('The One and Only Ivan · When You Reach Me', 20)).toEqual([
      'The One and',
      'Only Ivan',
      'When You Reach Me',
    ])
  })
})

describe('the name of a region', () => {
  it('is set in capitals where it is the coarsest and of words', () => {
    expect(regionLines('The far coast', 0, 20)).toEqual(['THE FAR COAST'])
    expect(regionLines('Été à la mer', 0, 20)).toEqual(['ÉTÉ À LA MER'])
    expect(regionLines('The far coast', 1, 20)).toEqual(['The far coast'])
  })

  it.each(['numpy.linalg', 'facebook/react', 'PyTorch', '1975 – 1981', 'C++', 'sys · os'])(
    'stays as it is written: %s',
    (name) => {
      expect(regionLines(name, 0, 20)).toEqual([name])
    },
  )
})
