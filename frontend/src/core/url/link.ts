/**
 * Keeps the address and the page in step. Every concern registers one part, `key=value` of the hash; parts are read when
 * something is to be remembered, and applied when the page opens, goes back or forward, or a part registers late.
 */
import { readParts, writeParts } from './state'

export type Remember = 'push' | 'replace'

export interface LinkPart {
  key: string
  /** What the link should say; null = nothing, as the page is when it opens. */
  read(): string | null | Promise<string | null>
  /**
   * Brings the page to what a link says; null = as it is when it opens. A value that makes no sense is treated as null.
   * Resolves when that is done: what is remembered meanwhile makes no new step. `all` holds the whole link.
   */
  apply(value: string | null, all: ReadonlyMap<string, string>): void | Promise<void>
  /** What a shared link may say besides, once the person agrees; parts without it share what they read. */
  share?(): string | null | Promise<string | null>
}

/** The address of the page: `hash` begins with # or is empty. */
export interface Address {
  hash(): string
  write(hash: string, mode: Remember): void
}

/** Parts that others build on come first; unknown ones follow in the order of their registration. */
const ORDER = ['map', 'since', 'c', 'colour', 'f', 'p', 's', 'select', 'at', 'region']
/** Browsers refuse more than about a hundred changes in half a minute. */
const REPLACE_MS = 300

export class Link {
  readonly #parts = new Map<string, LinkPart>()
  #open = false
  #applying = 0
  #queue: Promise<void> = Promise.resolve()
  #token = 0
  #wanted: Remember | null = null
  #writing = false
  #lastWrite = -Infinity
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly address: Address) {}

  /** Adds a part and applies what the link says about it; returns what removes it. */
  register(part: LinkPart): () => void {
    this.#parts.set(part.key, part)
    if (this.#open && readParts(this.address.hash()).has(part.key)) void this.#enqueue([part.key])
    return () => {
      if (this.#parts.get(part.key) === part) this.#parts.delete(part.key)
    }
  }

  /** Applies the link that the page was opened with; before that, nothing is written. */
  async open(): Promise<void> {
    this.#open = true
    // Parts that the link does not mention are as they should be, or as somebody who was quick has made them.
    await this.#enqueue([...readParts(this.address.hash()).keys()])
  }

  /** Applies the address after it changed: back, forward, or edited by hand. */
  async changed(): Promise<void> {
    if (!this.#open) return
    clearTimeout(this.#timer)
    this.#wanted = null
    this.#token++
    await this.#enqueue(null)
  }

  /** Goes to another link, as if it were clicked: a step that the back button undoes. */
  async follow(hash: string): Promise<void> {
    this.address.write(hash, 'push')
    await this.changed()
  }

  /** What the address says once all is written. */
  async now(): Promise<string> {
    return writeParts(await this.values())
  }

  /** `push` makes a step that the back button undoes; `replace` is for what moves all the time, such as the camera. */
  remember(mode: Remember): void {
    if (this.#wanted !== 'push') this.#wanted = mode
    this.#schedule()
  }

  /** Every part with a value, in order; parts that nobody registered are kept from the address. */
  async values(): Promise<Map<string, string>> {
    const kept = readParts(this.address.hash())
    const values = new Map<string, string>()
    for (const part of this.#ordered()) {
      try {
        const value = await part.read()
        if (value !== null) values.set(part.key, value)
        kept.delete(part.key)
      } catch {
        // A part that cannot be read now, say because a file is missing, stays what the address says.
      }
    }
    for (const [key, value] of kept) values.set(key, value)
    return values
  }

  /** Whether the address says all that there is to say, and nothing is on its way to it. */
  async written(): Promise<boolean> {
    if (this.#applying > 0 || this.#writing || this.#wanted !== null) return false
    return writeParts(await this.values()) === this.address.hash()
  }

  /** What a part would add to a shared link; null where it has nothing. */
  async shared(key: string): Promise<string | null> {
    const part = this.#parts.get(key)
    if (!part) return null
    return (await part.share?.()) ?? (await part.read())
  }

  #ordered(): LinkPart[] {
    const place = (part: LinkPart) => (ORDER.includes(part.key) ? ORDER.indexOf(part.key) : ORDER.length)
    return [...this.#parts.values()].sort((a, b) => place(a) - place(b))
  }

  // ---- Applying

  /** One after another, so that two steps back in a row cannot mix. */
  #enqueue(keys: string[] | null): Promise<void> {
    const token = this.#token
    this.#applying++
    this.#queue = this.#queue
      .then(() => this.#apply(keys, token))
      .finally(() => {
        this.#applying--
        if (this.#wanted) this.#wanted = 'replace' // applying makes no step of its own
        this.#schedule()
      })
    return this.#queue
  }

  async #apply(keys: string[] | null, token: number): Promise<void> {
    const all = readParts(this.address.hash())
    for (const part of this.#ordered()) {
      if (token !== this.#token) return // the address has changed again, and all of it is applied next
      if (keys && !keys.includes(part.key)) continue
      const value = all.get(part.key) ?? null
      try {
        if ((await part.read()) !== value) await part.apply(value, all)
      } catch {
        // A link never breaks the page: the part stays as it is. Files that are missing are reported by their loaders.
      }
    }
  }

  // ---- Remembering

  #schedule(): void {
    if (!this.#open || this.#applying > 0 || this.#writing || this.#wanted === null) return
    clearTimeout(this.#timer)
    const wait = this.#wanted === 'push' ? 0 : this.#lastWrite + REPLACE_MS - Date.now()
    if (wait > 0) this.#timer = setTimeout(() => void this.#write(), wait)
    else void this.#write()
  }

  async #write(): Promise<void> {
    const token = this.#token
    this.#writing = true
    await Promise.resolve() // what changes together becomes one step
    const mode = this.#wanted
    this.#wanted = null
    try {
      const hash = writeParts(await this.values())
      if (token !== this.#token) return // what was read belongs to an entry that was left
      if (this.#applying > 0) this.#wanted ??= mode
      else if (mode && hash !== this.address.hash()) {
        this.#lastWrite = Date.now()
        this.address.write(hash, mode)
      }
    } catch {
      // The browser refused: too many changes in a row. The next one will be written.
    } finally {
      this.#writing = false
      this.#schedule()
    }
  }
}
