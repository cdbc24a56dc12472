/** The page's side of the search worker. Only the newest question is answered; older ones resolve to null. */
import type { FromWorker, ToWorker } from './worker'

export class SearchClient {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  #last = 0
  #waiting: ((rows: number[] | null) => void) | null = null

  constructor() {
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => {
      if (event.data.id !== this.#last) return
      this.#waiting?.(event.data.rows)
      this.#waiting = null
    }
  }

  destroy(): void {
    this.#worker.terminate()
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  add(first: number, names: string[]): void {
    this.#send({ kind: 'names', first, names })
  }

  setImportance(importance: Uint8Array): void {
    this.#send({ kind: 'importance', importance })
  }

  query(text: string, limit: number): Promise<number[] | null> {
    this.#waiting?.(null)
    return new Promise((resolve) => {
      this.#waiting = resolve
      this.#send({ kind: 'query', id: ++this.#last, text, limit })
    })
  }
}
