/** The page's side of the worker that reads lists. Made when the first list comes; the names go to it once. */
import type { Bundle } from '../data/bundle'
import type { FromWorker, ToWorker } from './worker'

export class ListReader {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  readonly #waiting = new Map<number, (answer: FromWorker) => void>()
  readonly #filled: Promise<void>
  #last = 0

  constructor(bundle: Bundle, popularity: ArrayLike<number> | null) {
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => {
      this.#waiting.get(event.data.id)?.(event.data)
      this.#waiting.delete(event.data.id)
    }
    if (popularity) this.#send({ kind: 'popularity', values: popularity })
    this.#filled = this.#fill(bundle)
  }

  destroy(): void {
    this.#worker.terminate()
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  async #fill(bundle: Bundle): Promise<void> {
    for (let bucket = 0; bucket < bundle.manifest.buckets.length; bucket++) {
      const [names, ids] = await Promise.all([bundle.names(bucket), bundle.ids(bucket)])
      this.#send({ kind: 'names', first: bundle.bucketStart(bucket), names, ids })
    }
  }

  /** Rejects when names or ids cannot be had; a new reader tries again. */
  async read(text: string, as: 'text' | 'items'): Promise<FromWorker> {
    await this.#filled
    const id = ++this.#last
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#send({ kind: 'read', id, text, as })
    })
  }
}
