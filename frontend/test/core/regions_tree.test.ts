import { describe, expect, it } from 'vitest'
import type { Region } from '../../src/core/data/bundle'
import { suggestionLine } from '../../src/core/regions/suggestion'
import { NONE, pathTo, rowsOf, treeOf } from '../../src/core/regions/tree'

const region = (name: string, size: number, parent: number | null = null): Region => ({
  name,
  size,
  level: parent === null ? 0 : 1,
  x: 0,
  y: 0,
  parent,
  priority: 0,
})
const regions = [region('Plains', 2), region('Coast', 5), region('Bay', 1, 1), region('Cliffs', 3, 1)]

describe('the regions of a map', () => {
  it('are a tree, larger ones first', () => {
    const tree = treeOf(regions)
    expect(tree.map(({ region: { name }, children }) => [name, children.map((c) => c.region.name)])).toEqual([
      ['Coast', ['Cliffs', 'Bay']],
      ['Plains', []],
    ])
    expect(treeOf([])).toEqual([])
  })

  it('lead from the coarsest to the finest that a row is in, or nowhere', () => {
    expect(pathTo(regions, 3).map((place) => regions[place].name)).toEqual(['Coast', 'Cliffs'])
    expect(pathTo(regions, 0)).toEqual([0])
    expect(pathTo(regions, NONE)).toEqual([])
  })

  it('are suggested another name in a line of YAML', () => {
    expect(suggestionLine(' The "old" coast ', ['Bay: one', 'Cliff'], 5)).toBe(
      '- {name: "The \\"old\\" coast", members: ["Bay: one", "Cliff"], size: 5}',
    )
  })

  it('have the rows of all that lies inside them', () => {
    const finest = Uint16Array.from([0, 2, 3, NONE, 1, 3])
    expect([...rowsOf(regions, finest, 1)]).toEqual([1, 2, 4, 5])
    expect([...rowsOf(regions, finest, 3)]).toEqual([2, 5])
  })
})
