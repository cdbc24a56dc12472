/** A problem that the person at the screen can act on: `message` is a whole sentence, shown as it is. */
export class BundleError extends Error {
  override readonly name = 'BundleError'

  constructor(
    message: string,
    /** The page and its files are of different versions: only loading the page again helps. */
    readonly stale = false,
  ) {
    super(message)
  }
}

export function isStale(error: unknown): boolean {
  return error instanceof BundleError && error.stale
}

/** The sentence to show for any failure; what is not a BundleError is a bug or the network, and says so. */
export function sentenceOf(error: unknown): string {
  if (error instanceof BundleError) return error.message
  if (error instanceof Error) return `Something went wrong: ${error.message}`
  return 'Something went wrong.'
}
