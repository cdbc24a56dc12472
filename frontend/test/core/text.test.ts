import { describe, expect, it } from 'vitest'
import { shorten } from '../../src/core/labels/text'
import { inLines, regionType } from '../../src/core/labels/type'

describe('names that are too long', () => {
  it('keep what tells them apart', () => {
    expect(shorten('fontTools.ttLib.tables.otTables.PairSet', 34)).toBe('fontTools…tables.otTables.PairSet')
    expect(shorten('a.very_long_function_name_that_never_ends', 20)).toBe('…ame_that_never_ends')
    expect(shorten('The Hitchhiker’s Guide to the Galaxy. Part 2', 20)).toBe('The Hitchhiker’s…')
    expect(shorten('An incomprehensibilities', 20)).toBe('An incomprehensibil…')
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
    expect(inLines('apache/shardingsphere-elasticjob', 20)).toEqual(['apache/', 'shardingsphere-', 'elasticjob'])
    expect(inLines('The One and Only Ivan · When You Reach Me', 20)).toEqual([
      'The One and',
      'Only Ivan',
      'When You Reach Me',
    ])
  })
})

const type = (name: string, level: number, share = 0.05, says = true) => regionType({ name, level, share, says }, false)
const linesOf = (name: string, level: number) => type(name, level).lines

describe('the name of a region', () => {
  it('is set in capitals where it is the coarsest and of words', () => {
    expect(linesOf('The far coast', 0)).toEqual(['THE FAR COAST'])
    expect(linesOf('Été à la mer', 0)).toEqual(['ÉTÉ À LA MER'])
    expect(linesOf('The far coast', 1)).toEqual(['The far coast'])
  })

  it.each(['numpy.linalg', 'facebook/react', 'PyTorch', '1975 – 1981', 'C++', 'sys · os'])(
    'stays as it is written: %s',
    (name) => {
      expect(linesOf(name, 0)).toEqual([name])
    },
  )

  it('is never cut, but has as many lines as it needs', () => {
    expect(linesOf('Fantasy, science fiction & graphic novels', 0).join(' ')).toBe(
      'FANTASY, SCIENCE FICTION & GRAPHIC NOVELS',
    )
    const long = 'The Unbearable Lightness of Being and Nothingness in the Time of Cholera'
    expect(linesOf(long, 1).join(' ')).toBe(long)
    for (const line of linesOf(long, 1)) expect(line.length).toBeLessThanOrEqual(20)
  })

  it('is as large as its region, at each level', () => {
    const px = (level: number, share: number) => type('Coast', level, share).px
    expect(px(0, 0.2)).toBeGreaterThan(px(0, 0.02))
    expect(px(0, 0.02)).toBeGreaterThan(px(1, 0.02))
    expect(px(1, 0.02)).toBeGreaterThan(px(2, 0.001))
    expect(regionType({ name: 'Coast', level: 0, share: 0.1, says: true }, true).px).toBeLessThan(px(0, 0.1))
  })

  it('has space between capitals and numerals only', () => {
    const spacing = (name: string) => type(name, 0).spacing
    expect(spacing('Coast')).toBeGreaterThan(0.1)
    expect(spacing('1975 – 1981')).toBeGreaterThan(0.1)
    expect(spacing('Nora Roberts & J.D. Robb')).toBeLessThan(0.05)
  })
  it('is in italics and no capitals where it is that of some who live there', () => {
    expect(type('Splinter Twin', 0, 0.2, false)).toMatchObject({ italic: true, lines: ['Splinter Twin'] })
    expect(type('Splinter Twin', 0, 0.2, false).px).toBeLessThan(type('Modern', 0, 0.2).px)
  })
})
