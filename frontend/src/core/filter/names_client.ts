/** The page's side of the names worker: one clause at a time, and none longer than a person would wait. */
import type { NameClause } from './names'
import type { ToNames } from './names_worker'

const LIMIT_MS = 4000

export class NameMatcher {
  #worker: Worker | null = null
  #queue: Promise<unknown> = Promise.resolve()

  /** `names`: all of them, bucket by bucket, in the order of rows. */
  constructor(private readonly names: () => Promise<string[][]>) {}

  /** 1 for rows whose name satisfies the clause; null when the pattern took too long. */
  match(clause: NameClause): Promise<Uint8Array | null> {
    const answer = this.#queue.then(() => this.#match(clause))
    this.#queue = answer.catch(() => {})
    return answer
  }

  /** Frees the names; the next question loads them again. */
  rest(): void {
    this.#worker?.terminate()
    this.#worker = null
  }

  async #match(clause: NameClause): Promise<Uint8Array | null> {
    const worker = this.#worker ?? (await this.#start())
    const answer = await ask<Uint8Array>(worker, { kind: 'match', clause }, LIMIT_MS)
    if (!answer) this.rest()
    return answer
  }

  async #start(): Promise<Worker> {
    const names = await this.names()
    const worker = new Worker(new URL('./names_worker.ts', import.meta.url), { type: 'module' })
    this.#worker = worker
    for (const bucket of names) await ask(worker, { kind: 'names', names: bucket }, Infinity)
    return worker
  }
}

/** The answer, or null after `limit` milliseconds. */
function ask<T>(worker: Worker, message: ToNames, limit: number): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = limit < Infinity ? setTimeout(() => resolve(null), limit) : undefined
    worker.onmessage = (event: MessageEvent<T>) => {
      clearTimeout(timer)
      resolve(event.data)
    }
    worker.onerror = () => {
      clearTimeout(timer)
      reject(new Error('the names could not be compared'))
    }
    worker.postMessage(message)
  })
}
