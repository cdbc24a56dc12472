/** Reads and matches lists off the main thread. Messages are handled in order: names always arrive before the first list. */
import type { ParsedList } from './entry'
import { NameIndex, type Match } from './match'
import { parseItems, parseList } from './parse'

export type ToWorker =
  | { kind: 'names'; first: number; names: string[]; ids: string[] }
  | { kind: 'popularity'; values: ArrayLike<number> }
  | { kind: 'read'; id: number; text: string; as: 'text' | 'items' }

export interface FromWorker {
  id: number
  list: ParsedList
  matches: Match[]
}

const index = new NameIndex()

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data
  if (message.kind === 'names') index.add(message.first, message.names, message.ids)
  else if (message.kind === 'popularity') index.setPopularity(message.values)
  else
    self.postMessage({
      id: message.id,
      ...index.read(message.as === 'items' ? parseItems(message.text) : parseList(message.text)),
    } satisfies FromWorker)
}
