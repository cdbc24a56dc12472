/** Which letters of a text are the ones that were searched for, as pairs from, to (to is one past the last). */
import { foldWithPlaces, isWord } from './fold'

/** Folded words in a text as it is shown. A word is marked where it starts a word, if it does so anywhere. */
export function marksOf(text: string, words: readonly string[]): number[] {
  const { folded, places } = foldWithPlaces(text)
  const marked = new Uint8Array(folded.length)
  for (const word of words) {
    let at = folded.indexOf(word)
    for (let next = at; next >= 0; next = folded.indexOf(word, next + 1)) {
      if (next > 0 && isWord(folded[next - 1])) continue
      at = next
      break
    }
    if (at >= 0) marked.fill(1, at, at + word.length)
  }
  return pairs(marked, places)
}

/** Letters of a folded text, given as pairs, in the text as it is shown. */
export function marksFromFolded(text: string, ranges: readonly number[]): number[] {
  const { folded, places } = foldWithPlaces(text)
  const marked = new Uint8Array(folded.length)
  for (let i = 0; i < ranges.length; i += 2) marked.fill(1, ranges[i], ranges[i + 1])
  return pairs(marked, places)
}

function pairs(marked: Uint8Array, places: number[]): number[] {
  const found: number[] = []
  for (let i = 0; i < marked.length; i++) {
    if (!marked[i]) continue
    let end = i
    while (end < marked.length && marked[end]) end++
    // A letter that folds into two is marked whole; marks follow the letter they sit on.
    let to = end
    while (to < places.length - 1 && places[to] === places[end - 1]) to++
    const [from, until] = [places[i], places[to]]
    if (found.length > 0 && found[found.length - 1] >= from) found[found.length - 1] = until
    else found.push(from, until)
    i = end
  }
  return found
}
