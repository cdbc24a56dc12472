/** The page's side of the search worker. Only the newest question is answered. */
import type { Answer, Ask } from './search'
import type { FromWorker, ToWorker } from './worker'

/** A pattern such as /(a+)+$/ may take forever; nobody waits longer for an answer than this. */
const PATIENCE_MS = 4000

const NOTHING: Answer = { hits: [], similar: [], total: 0, byName: true, done: true }

/** A question on its way. */
interface Asked {
  send: () => void
  tell: (answer: Answer) => void
  tooSlow: () => void
  /** The last answer so far. */
  told: Answer | null
}

export class SearchClient {
  #worker = this.#start()
  /** What the worker knows, for its successor when it has to be ended. */
  readonly #known: (() => void)[] = []
  #importance: Uint8Array | null = null
  #lastRows = 0
  #last = 0
  #asked: Asked | null = null
  /** Resolves a promise of an older question with null. */
  #overtake: () => void = () => {}
  readonly #rows = new Map<number, (rows: Uint32Array | null) => void>()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Called when more can be found than before. */
  grown: () => void = () => {}

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'grown') return this.grown()
      if (data.kind === 'rows') return this.#settle(data.id, data.rows)
      if (data.kind === 'over') return this.#over(data.id)
      if (data.id === this.#last && this.#asked) {
        this.#asked.told = data.answer
        this.#asked.tell(data.answer)
      }
    }
    return worker
  }

  #settle(id: number, rows: Uint32Array | null): void {
    this.#rows.get(id)?.(rows)
    this.#rows.delete(id)
  }

  /** Ends the worker in the middle of its work and tells another one all that it knew. */
  #restart(): void {
    this.#worker.terminate()
    this.#worker = this.#start()
    for (const id of [...this.#rows.keys()]) this.#settle(id, null)
    for (const send of this.#known) send()
    if (this.#importance) this.#send({ kind: 'importance', importance: this.#importance })
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #learn(send: () => void): void {
    this.#known.push(send)
    send()
  }

  // One text travels much faster than many.
  add(first: number, names: string[]): void {
    this.#learn(() => this.#send({ kind: 'names', first, texts: names.join('\n') }))
  }

  /** What else is searched of rows whose names were added. */
  addFields(first: number, fields: string[]): void {
    this.#learn(() => this.#send({ kind: 'fields', first, texts: fields.join('\n') }))
  }

  /** Size byte per row: of names that answer equally well, the larger come first. */
  setImportance(importance: Uint8Array): void {
    this.#importance = importance
    this.#send({ kind: 'importance', importance })
  }

  /**
   * `tell` is called with the matches, and once more where similar names come later; never after a newer question.
   * `tooSlow`: instead, when the question took longer than anybody would wait. What was found by then is kept, and is all.
   */
  ask(ask: Ask, limit: number, tell: (answer: Answer) => void, tooSlow: () => void = () => {}): void {
    this.cancel()
    const id = this.#last
    this.#asked = { send: () => this.#send({ kind: 'ask', id, ask, limit }), tell, tooSlow, told: null }
    this.#asked.send()
    // Counted from the oldest question without an answer: it may be the one that keeps this one waiting.
    this.#timer ??= setTimeout(() => this.#outOfPatience(id), PATIENCE_MS)
  }

  /** The worker is done with a question, answered or given up. */
  #over(id: number): void {
    clearTimeout(this.#timer)
    const asked = this.#asked
    if (id === this.#last && asked) this.#conclude(asked)
    const waiting = this.#asked !== null && id !== this.#last
    this.#timer = waiting ? setTimeout(() => this.#outOfPatience(this.#last), PATIENCE_MS) : undefined
  }

  #outOfPatience(id: number): void {
    this.#timer = undefined
    const asked = this.#asked
    const culprit = id === this.#last
    if (culprit) this.#asked = null
    this.#restart()
    if (culprit) {
      if (asked?.told) this.#conclude(asked)
      else asked?.tooSlow()
    } else if (asked) {
      asked.send()
      this.#timer = setTimeout(() => this.#outOfPatience(this.#last), PATIENCE_MS)
    }
  }

  /** What was told is all that comes, though more was being looked for. */
  #conclude(asked: Asked): void {
    this.#asked = null
    if (!asked.told?.done) asked.tell({ ...(asked.told ?? NOTHING), done: true })
  }

  /** Nobody waits for an answer any more. */
  cancel(): void {
    this.#last++
    this.#asked = null
    this.#overtake()
    this.#overtake = () => {}
  }

  /** Rows, best first; null when a newer question came. */
  query(text: string, limit: number): Promise<number[] | null> {
    return new Promise((resolve) => {
      this.ask(
        { kind: 'words', text },
        limit,
        ({ hits, similar, done }) => done && resolve([...hits, ...similar].slice(0, limit).map((hit) => hit.row)),
      )
      this.#overtake = () => resolve(null)
    })
  }

  /** All matches of a question, in the order of rows; null when it took too long. */
  rows(ask: Ask): Promise<Uint32Array | null> {
    const id = ++this.#lastRows
    return new Promise((resolve) => {
      this.#rows.set(id, resolve)
      this.#send({ kind: 'rows', id, ask })
    })
  }
}
