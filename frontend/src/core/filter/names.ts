/** Which names hold a word or fit a pattern. */
import type { Clause } from './query'
import { foldValue } from './match'

export type NameClause = Extract<Clause, { kind: 'name' | 'regex' }>

/** Longer names are compared by their beginning. */
const LONGEST = 400

/** 1 for rows whose name satisfies the clause. A pattern may take forever (`(a+)+$`): only for a thread that can be ended. */
export function matchNames(names: readonly string[], clause: NameClause): Uint8Array {
  const hit = clause.not ? 0 : 1
  const passes = new Uint8Array(names.length)
  if (clause.kind === 'regex') {
    const pattern = new RegExp(clause.source, clause.flags)
    for (let row = 0; row < names.length; row++)
      passes[row] = pattern.test(names[row].slice(0, LONGEST)) ? hit : 1 - hit
    return passes
  }
  const wanted = foldValue(clause.text)
  for (let row = 0; row < names.length; row++) passes[row] = foldValue(names[row]).includes(wanted) ? hit : 1 - hit
  return passes
}
