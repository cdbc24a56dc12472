/** Fetches the panels after the map, and again after a failure. */
import type * as panels from './panels'

export type Panels = typeof panels
export type PanelName = keyof Panels

let fetched: Promise<Panels> | null = null

export function laterPanels(): Promise<Panels> {
  fetched ??= import('./panels').catch((error: unknown) => {
    fetched = null
    throw error
  })
  return fetched
}
