/** One piece of work at a time that takes a while, and short messages that offer something: both shown by Messages.svelte. */
import { sentenceOf } from '../../core/data/errors'
import type { Progress } from '../../core/select/grow'

export interface Offer {
  text: string
  label?: string
  act?: () => void
}

export class Work {
  /** What is being done. `share`: 0 … 1. */
  running = $state.raw<{ text: string; share: number } | null>(null)
  offer = $state.raw<Offer | null>(null)
  #token = 0

  /** Work that came before is given up. `action` gets what to report to and what to ask whether it is still wanted. */
  async run(
    text: string,
    action: (steps: { onProgress: (progress: Progress) => void; wanted: () => boolean }) => Promise<void>,
  ): Promise<void> {
    const token = ++this.#token
    const wanted = () => token === this.#token
    this.offer = null
    this.running = { text, share: 0 }
    try {
      await action({
        wanted,
        onProgress: ({ done, total }) => {
          if (wanted()) this.running = { text, share: done / Math.max(1, total) }
        },
      })
    } catch (error) {
      if (wanted()) this.offer = { text: sentenceOf(error), label: 'Try again', act: () => void this.run(text, action) }
    } finally {
      if (wanted()) this.running = null
    }
  }

  cancel(): void {
    this.#token++
    this.running = null
  }

  say(text: string, label?: string, act?: () => void): void {
    this.offer = { text, label, act }
  }
}
