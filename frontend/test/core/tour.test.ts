import { expect, it } from 'vitest'
import { dwellMs, hashOf, isTour, yamlOf } from '../../src/core/tours/tour'

it('reads a view as the hash of an address, however it was pasted', () => {
  expect(hashOf('#select=7')).toBe('#select=7')
  expect(hashOf('select=7')).toBe('#select=7')
  expect(hashOf('https://maps.example/books/#select=7&at=1,2,3')).toBe('#select=7&at=1,2,3')
  expect(hashOf('')).toBe('')
})

it('takes nothing for a tour that cannot be gone on', () => {
  expect(isTour({ title: 'A', stops: [{ view: '', text: 'x' }] })).toBe(true)
  for (const broken of [{}, { title: 'A' }, { title: 'A', stops: [] }, { title: 'A', stops: [null] }, { stops: [{}] }])
    expect(isTour(broken)).toBe(false)
})

it('is written as lines of YAML, whatever its words are', () => {
  const text = yamlOf({ title: 'He said: "no"', stops: [{ view: '#f=year:2000..', text: 'one\ntwo' }] })
  expect(text).toBe('- title: "He said: \\"no\\""\n  stops:\n    - {view: "#f=year:2000..", text: "one\\ntwo"}\n')
})

it('shows a stop the longer the more there is to read', () => {
  expect(dwellMs({ view: '', text: 'x'.repeat(200) })).toBeGreaterThan(dwellMs({ view: '', text: 'x' }))
})
