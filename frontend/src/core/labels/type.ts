/** How the name of a region is set: as on printed maps, by its level and by how large it is. */
import { shorten } from './text'

export interface RegionType {
  lines: string[]
  px: number
  /** Between letters, in em. */
  spacing: number
  capitals: boolean
  /** The name says who lives there, not what it is. */
  italic: boolean
}

/** Least and greatest size per level in px, and of narrow screens. */
const SIZES = [
  [14, 23],
  [12.5, 16],
  [11.5, 13],
] as const
const NARROW = 0.74
/** How far the size of a name that claims nothing may go from the least to the greatest. */
const OF_MEMBERS = 0.35
/** The share of all that a region must hold for the greatest size of its level. */
const LARGE = [0.2, 0.06, 0.02] as const
export const MAX_LINE = 20
/** Longer words are cut at their end: they would leave the screen. */
const MAX_WORD = 30

/** Words and nothing else: what may be set in capitals. Names of code, with dots, slashes or both cases in a word, may not. */
const WORDS = /^[\p{Lu}\p{Ll}][\p{Ll}\p{M}’']*(?:[ ,&–-]+[\p{Lu}\p{Ll}][\p{Ll}\p{M}’']*)*$/u
/** Years, dates and numbers are as wide as capitals. */
const NUMBERS = /^[\p{Nd}\s–.,%-]+$/u

export interface Named {
  name: string
  level: number
  /** Of everything on the map, 0 … 1. */
  share: number
  /** The name claims something of its members; else it is that of some of them. */
  says: boolean
}

export function regionType({ name, level, share, says }: Named, narrow: boolean): RegionType {
  const rank = Math.min(level, SIZES.length - 1)
  const [least, most] = SIZES[rank]
  const large = Math.min(says ? 1 : OF_MEMBERS, Math.sqrt(share / LARGE[rank]))
  const px = (least + (most - least) * large) * (narrow ? NARROW : 1)
  const capitals = says && level === 0 && WORDS.test(name)
  const lines = inLines(name, MAX_LINE)
  return {
    lines: capitals ? lines.map((line) => line.toLocaleUpperCase()) : lines,
    px: Math.round(px * 2) / 2,
    // Only capitals and numerals bear it: small letters fall apart.
    spacing: capitals ? 0.16 : level === 0 && NUMBERS.test(name) ? 0.12 : 0.02,
    capitals,
    italic: !says,
  }
}

/** A line per part of a double name; a part that is too long in as few lines as it needs, of similar length, broken at spaces. */
export function inLines(name: string, max: number): string[] {
  if (name.length <= max) return [name]
  return name.split(' · ').flatMap((part) => wrapped(part, max))
}

interface Word {
  text: string
  /** Between it and the word before, where they stand in one line. */
  glue: string
}

function wrapped(part: string, max: number): string[] {
  // A line does not end in &; a path that is too long for one may be broken where its parts meet.
  const words = part.split(/(?<!&) /).flatMap((word): Word[] =>
    (word.length > max ? word.split(/(?<=[/._:\\-])/) : [word]).map((text, i) => ({
      text: shorten(text, Math.max(max, MAX_WORD)),
      glue: i > 0 ? '' : ' ',
    })),
  )
  const longest = Math.max(max, ...words.map(({ text }) => text.length))
  const few = filled(words, longest)
  // The narrowest lines that are no more than these.
  for (let room = Math.ceil(part.length / few.length); room < longest; room++) {
    const lines = filled(words, room)
    if (lines.length === few.length && lines.every((line) => line.length <= room)) return lines
  }
  return few
}

/** As many words in each line as go into it. */
function filled(words: readonly Word[], room: number): string[] {
  const lines: string[] = []
  for (const { text, glue } of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + glue.length + text.length <= room)
      lines[lines.length - 1] = `${last}${glue}${text}`
    else lines.push(text)
  }
  return lines
}
