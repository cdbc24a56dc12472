/** Runs NameSearch off the main thread. The newest question wins: older ones stop at their next breath. */
import { NameSearch, type Answer, type Ask, type Manners } from './search'

export type ToWorker =
  | { kind: 'names'; first: number; texts: string }
  | { kind: 'fields'; first: number; texts: string }
  | { kind: 'importance'; importance: Uint8Array }
  | { kind: 'ask'; id: number; ask: Ask; limit: number }
  | { kind: 'rows'; id: number; ask: Ask }

export type FromWorker =
  | { kind: 'answer'; id: number; answer: Answer }
  | { kind: 'over'; id: number }
  | { kind: 'rows'; id: number; rows: Uint32Array | null }
  /** More can be found than before. */
  | { kind: 'grown' }

const search = new NameSearch()
let newest = 0
let adding: Promise<void> = Promise.resolve()

/** A task of its own, so that messages that wait are heard; timers would wait longer. */
const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
const patient: Manners = { stale: () => false, breathe }
const reply = (message: FromWorker) => self.postMessage(message)

function add({ kind, first, texts }: Extract<ToWorker, { first: number }>): void {
  const lines = texts.split('\n')
  adding = adding
    .then(() => (kind === 'names' ? search.add(first, lines, null, patient) : search.addFields(first, lines, patient)))
    .then(() => reply({ kind: 'grown' }))
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'names' || data.kind === 'fields') add(data)
  else if (data.kind === 'importance') search.setImportance(data.importance)
  else if (data.kind === 'rows')
    void search.rows(data.ask, patient).then(
      (rows) => reply({ kind: 'rows', id: data.id, rows }),
      (error: unknown) => {
        reply({ kind: 'rows', id: data.id, rows: null })
        throw error
      },
    )
  else {
    const { id } = data
    newest = id
    void search
      .answer(data.ask, data.limit, (answer) => reply({ kind: 'answer', id, answer }), {
        stale: () => id !== newest,
        breathe,
      })
      .finally(() => reply({ kind: 'over', id })) // also when it fails: whoever waits must not wait for ever
  }
}
