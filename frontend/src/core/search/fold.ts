/** Texts made comparable: lower case, without diacritics. */

const PLAIN = /^[\0-\x7f]*$/
/** Letters that no decomposition takes apart. */
const LETTERS: Record<string, string> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
  ς: 'σ',
}

/** Keeps words and lines, not lengths. Works on one name as on a text of many lines, line by line the same. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase()
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[łøđðħßæœıς]/g, (letter) => LETTERS[letter])
}

/** The folded text, and for each of its characters where in the given text it comes from; one more entry for the end. */
export function foldWithPlaces(text: string): { folded: string; places: number[] } {
  let folded = ''
  const places: number[] = []
  let at = 0
  for (const character of text) {
    const piece = fold(character)
    for (let i = 0; i < piece.length; i++) places.push(at)
    folded += piece
    at += character.length
  }
  places.push(text.length)
  return { folded, places }
}

/** A letter or a digit. */
export function isWord(character: string): boolean {
  const code = character.charCodeAt(0)
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90)
  return /[\p{L}\p{N}]/u.test(character)
}
