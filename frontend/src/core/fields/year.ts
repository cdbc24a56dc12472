import { measure } from './field_type'
import { NUMBER, parseNumber } from './number'

const rounded = (value: number) => String(Math.round(value))

/** Without a thousands separator. */
export const YEAR = measure(
  {
    name: 'year',
    noun: 'a year',
    example: '2010, >2010, 2001..2010 or ? for unknown',
    ask: NUMBER.ask,
    parse: parseNumber,
    write: String,
  },
  {
    keyboard: 'decimal',
    /** `1990-1995` */
    parseRange(text) {
      const years = /^(\d{3,4})[-–](\d{3,4})$/.exec(text)
      return years && [Math.min(+years[1], +years[2]), Math.max(+years[1], +years[2])]
    },
    typed: NUMBER.typed,
    text: rounded,
    typical: rounded,
    tick: rounded,
    moment: true,
    exact: true,
  },
)
