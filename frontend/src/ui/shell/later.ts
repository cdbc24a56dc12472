/** Fetches the panels after the map, and again after a failure. */
export type Panels = typeof import('./panels')

let fetched: Promise<Panels> | null = null

export function laterPanels(): Promise<Panels> {
  fetched ??= import('./panels').catch((error: unknown) => {
    fetched = null
    throw error
  })
  return fetched
}
