/** The words of a text as atlas_assets/sources/prose/tokens.py finds them: a question must be read as the texts were. */

const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー々'
const SPACED = `(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])`
const WORD = new RegExp(`[${UNSPACED}]+|${SPACED}+(?:['’]${SPACED}+)*(?:\\+\\+|#)?`, 'gu')
// \b of Rust's regular expressions, which knows letters of all scripts.
const LETTER = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]'
const POSSESSIVE = new RegExp(`['’]s(?!${LETTER})`, 'gu')
const ELIDED = new RegExp(`(?<!${LETTER})(?:[cdjlmnst]|qu|dell|nell|sull|dall|all|un)['’]`, 'gu')
const STARTS_UNSPACED = new RegExp(`^[${UNSPACED}]`, 'u')

export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase().replace(POSSESSIVE, '').replace(ELIDED, ' ')
  return (plain.match(WORD) ?? []).flatMap((word) => {
    const characters = [...word]
    if (!STARTS_UNSPACED.test(word)) return characters.length > 1 ? word : []
    // A run of a script without blanks is its pairs of characters.
    return characters.length < 3 ? word : characters.slice(1).map((character, i) => characters[i] + character)
  })
}
