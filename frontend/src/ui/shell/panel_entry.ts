/** What declares a panel of the viewer: one `panel.ts` per folder of ui/, found by shell/sections.ts. */
import type { Component } from 'svelte'
import type { Atlas } from '../atlas.svelte'

interface Described {
  id: string
  /** Its place among the others: lower comes first. */
  order: number
  title: string
  /** The name on the phone's bar, at most about eight letters; none = only in the menu. */
  chip: string | null
  /** What a folded section says at its right. */
  note(atlas: Atlas): string
  /** Unfolded when the page opens on a desktop. */
  open?: boolean | ((atlas: Atlas) => boolean)
  /** At the end of the phone's bar. */
  last?: boolean
  /** Left out while this says so. */
  hidden?(atlas: Atlas): boolean
}

export type PanelComponent = Component<{ atlas: Atlas }>

/** `component`: part of the first download; `load`: fetched when somebody opens the panel, which is the rule. */
export type Panel = Described & ({ component: PanelComponent } | { load(): Promise<{ default: PanelComponent }> })

export const panel = (declared: Panel): Panel => declared
