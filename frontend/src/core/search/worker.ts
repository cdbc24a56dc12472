/** Runs NameSearch off the main thread. Messages are handled in order, so an answer never overtakes its question. */
import { NameSearch } from './search'

export type ToWorker =
  | { kind: 'names'; first: number; names: string[] }
  | { kind: 'importance'; importance: Uint8Array }
  | { kind: 'query'; id: number; text: string; limit: number }

export interface FromWorker {
  id: number
  rows: number[]
}

const search = new NameSearch()

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data
  if (message.kind === 'names') search.add(message.first, message.names)
  else if (message.kind === 'importance') search.setImportance(message.importance)
  else self.postMessage({ id: message.id, rows: search.query(message.text, message.limit) } satisfies FromWorker)
}
