/** What parts entities into groups. */
import type { GroupType } from './field_type'

export const CATEGORY: GroupType = { name: 'category', column: 'codes', example: 'jazz|rock or ? for unknown' }

export const LIST: GroupType = { name: 'list', column: 'lists', example: 'jazz|rock, jazz&rock or ? for unknown' }

export const BOOLEAN: GroupType = { name: 'boolean', column: 'booleans', example: 'yes, no or ? for unknown' }
