/** Who made an entity, where the atlas has a column of them: tells apart what is called the same. */
import type { Bundle } from '../data/bundle'
import type { Column } from '../data/manifest'

const CREATORS = /^(authors?|artists?|creators?|directors?|owners?|composers?|by)$/i

export function creatorColumn(columns: readonly Column[]): Column | null {
  return (
    columns.find((column) => 'dictionary' in column && (CREATORS.test(column.name) || CREATORS.test(column.label))) ??
    null
  )
}

/** Reads the column; the answer gives the creators of any row. */
export async function creatorsIn(bundle: Bundle, column: Column): Promise<(row: number) => string[]> {
  const data = await bundle.column(column)
  if (data.kind === 'lists')
    return (row) =>
      Array.from(
        data.lists.codes.subarray(data.lists.starts[row], data.lists.starts[row + 1]),
        (code) => data.dictionary[code]?.[0] ?? '',
      )
  if (data.kind === 'codes') return (row) => [data.dictionary[data.codes[row]]?.[0] ?? '']
  return () => []
}
