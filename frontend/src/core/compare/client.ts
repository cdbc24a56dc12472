/** The page's side of the comparison worker. A new pair of maps overtakes the one before. */
import type { Layer } from '../gl/renderer'
import type { FromWorker, ToWorker } from './worker'

export interface ComparisonEvents {
  movement(found: Extract<FromWorker, { kind: 'movement' }>): void
  progress(share: number): void
  neighbours(found: Extract<FromWorker, { kind: 'neighbours' }>): void
}

export class CompareClient {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  #id = 0
  #question = 0
  readonly #answers = new Map<number, (near: [Uint32Array, Uint32Array] | null) => void>()

  constructor(private readonly events: ComparisonEvents) {
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => this.#receive(event.data)
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'near') {
      this.#answers.get(message.question)?.(message.near)
      this.#answers.delete(message.question)
    } else if (message.id !== this.#id) {
      return
    } else if (message.kind === 'movement') this.events.movement(message)
    else if (message.kind === 'progress') this.events.progress(message.share)
    else this.events.neighbours(message)
  }

  compare(keys: [string, string], layers: [Layer, Layer]): void {
    this.stop()
    this.#send({ kind: 'maps', id: this.#id, keys, layers })
  }

  /** What is still being found out is of no use any more. */
  stop(): void {
    this.#id++
    for (const answer of this.#answers.values()) answer(null)
    this.#answers.clear()
  }

  /** Neighbours of rows on both maps, NEIGHBOURS per row; null when the maps changed meanwhile. */
  near(rows: Uint32Array): Promise<[Uint32Array, Uint32Array] | null> {
    const question = ++this.#question
    return new Promise((resolve) => {
      this.#answers.set(question, resolve)
      this.#send({ kind: 'near', id: this.#id, question, rows })
    })
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }
}
