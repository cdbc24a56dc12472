/** The values of a column, decoded. */
import type { Lists } from './decode'

export type Dictionary = [value: string, count: number][]

export type ColumnData =
  | { kind: 'numbers'; values: Float32Array }
  | { kind: 'codes'; codes: Uint16Array; dictionary: Dictionary }
  | { kind: 'booleans'; values: Uint8Array }
  | { kind: 'lists'; lists: Lists; dictionary: Dictionary }
