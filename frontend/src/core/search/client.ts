/** The page's side of the search worker. Only the newest question is answered. */
import type { Answer, Ask } from './search'
import type { FromWorker, ToWorker } from './worker'

export class SearchClient {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  #last = 0
  #lastRows = 0
  #tell: (answer: Answer) => void = () => {}
  /** Resolves a promise of an older question with null. */
  #overtake: () => void = () => {}
  readonly #rows = new Map<number, (rows: Uint32Array) => void>()
  /** Called when more can be found than before. */
  grown: () => void = () => {}

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'grown') this.grown()
      else if (data.kind === 'rows') {
        this.#rows.get(data.id)?.(data.rows ?? new Uint32Array(0))
        this.#rows.delete(data.id)
      } else if (data.id === this.#last) this.#tell(data.answer)
    }
  }

  destroy(): void {
    this.#worker.terminate()
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  // One text travels much faster than many.
  add(first: number, names: string[]): void {
    this.#send({ kind: 'names', first, texts: names.join('\n') })
  }

  /** What else is searched of rows whose names were added. */
  addFields(first: number, fields: string[]): void {
    this.#send({ kind: 'fields', first, texts: fields.join('\n') })
  }

  setImportance(importance: Uint8Array): void {
    this.#send({ kind: 'importance', importance })
  }

  /** `tell` is called with the matches, and once more where similar names come later; never after a newer question. */
  ask(ask: Ask, limit: number, tell: (answer: Answer) => void): void {
    this.#overtake()
    this.#overtake = () => {}
    this.#tell = tell
    this.#send({ kind: 'ask', id: ++this.#last, ask, limit })
  }

  /** Rows, best first; null when a newer question came. */
  query(text: string, limit: number): Promise<number[] | null> {
    return new Promise((resolve) => {
      this.ask({ kind: 'words', text }, limit, ({ hits, similar, done }) => done && resolve([...hits, ...similar].slice(0, limit).map((hit) => hit.row)))
      this.#overtake = () => resolve(null)
    })
  }

  /** All matches of a question. */
  rows(ask: Ask): Promise<Uint32Array> {
    const id = ++this.#lastRows
    return new Promise((resolve) => {
      this.#rows.set(id, resolve)
      this.#send({ kind: 'rows', id, ask })
    })
  }
}
