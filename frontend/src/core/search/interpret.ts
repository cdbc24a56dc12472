/** What somebody means who types into the search box: words to look for, or a query about names and fields. */
import { parseQuery, type Clause, type FieldClause, type QueryError, type QueryField } from '../filter/query'
import type { NameCondition } from './search'

export type Meant =
  | { kind: 'nothing'; errors: QueryError[] }
  | { kind: 'words'; text: string; errors: QueryError[] }
  | {
      kind: 'query'
      names: NameCondition[]
      fields: FieldClause[]
      others: Extract<Clause, { kind: 'ids' | 'set' }>[]
      errors: QueryError[]
    }

export function interpret(text: string, fields: readonly QueryField[]): Meant {
  if (text.trim() === '') return { kind: 'nothing', errors: [] }
  const { clauses, words, errors } = parseQuery(text, fields)
  // Names have quotation marks and colons too: what cannot be read as a query is looked for as it stands.
  if (clauses.length === 0 && (errors.length > 0 || !/(^|\s)"[^"]+"/.test(text))) return { kind: 'words', text, errors }
  const names: NameCondition[] = words.map((word) => ({ kind: 'name', text: word, not: false }))
  const others: Extract<Meant, { kind: 'query' }>['others'] = []
  const inFields: FieldClause[] = []
  for (const clause of clauses) {
    if (clause.kind === 'name' || clause.kind === 'regex') names.push(clause)
    else if (clause.kind === 'ids' || clause.kind === 'set') others.push(clause)
    else inFields.push(clause)
  }
  return { kind: 'query', names, fields: inFields, others, errors }
}
