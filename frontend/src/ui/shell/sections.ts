/** What the left column shows on a desktop and the bottom bar opens on a phone, in this order. */
import type { Component } from 'svelte'
import type { Atlas } from '../atlas.svelte'
import ColourPanel from '../ColourPanel.svelte'
import ProjectionPanel from '../ProjectionPanel.svelte'
import { formatCount } from '../../core/format'

/** Those of the later panels that need nothing but the atlas. */
export type SectionPanel = 'ComparePanel' | 'FilterPanel' | 'ProfilePanel' | 'SavedSelections' | 'VersionsPanel'

export interface SectionEntry {
  id: string
  title: string
  /** The name on the phone's bar, at most about eight letters; none = only in the menu. */
  chip: string | null
  /** A component, or the name of one that is fetched after the map. */
  panel: Component<{ atlas: Atlas }> | SectionPanel
  /** What a folded section says at its right. */
  note(atlas: Atlas): string
  /** Unfolded when the page opens on a desktop. */
  open?: boolean | ((atlas: Atlas) => boolean)
  /** At the end of the phone's bar. */
  last?: boolean
  /** Left out while this says so. */
  hidden?(atlas: Atlas): boolean
}

export const SECTIONS: SectionEntry[] = [
  {
    id: 'maps',
    title: 'Map',
    chip: 'Maps',
    panel: ProjectionPanel,
    note: (atlas) => atlas.projection?.name ?? '',
    hidden: (atlas) => atlas.view === 'list',
  },
  {
    id: 'changes',
    title: 'What changed',
    chip: 'Changes',
    panel: 'ComparePanel',
    open: true,
    note: (atlas) => atlas.compare.b?.name ?? '',
    hidden: (atlas) => atlas.compare.pair === null,
  },
  {
    id: 'versions',
    title: 'Versions',
    chip: 'Versions',
    last: true,
    panel: 'VersionsPanel',
    note: ({ past }) => past?.since ?? '',
    open: ({ past }) => past!.arrived,
    hidden: ({ past }) => !past?.earlier.length,
  },
  {
    id: 'colours',
    title: 'Colour',
    chip: 'Colour',
    panel: ColourPanel,
    open: true,
    note: ({ colour }) => colour.choices.find(({ key }) => key === colour.choice.key && key !== 'none')?.label ?? '',
  },
  {
    id: 'filter',
    title: 'Filter',
    chip: 'Filter',
    panel: 'FilterPanel',
    note: ({ filter, manifest }) =>
      filter.active ? `${formatCount(filter.count)} of ${formatCount(manifest!.n)}` : '',
    open: ({ filter }) => filter.arrived,
  },
  {
    id: 'mine',
    title: 'My list',
    chip: 'My list',
    panel: 'ProfilePanel',
    note: ({ profile }) => (profile.mine.list ? profile.summary(profile.mine) : ''),
    open: ({ profile }) => profile.arrived,
  },
  {
    id: 'saved',
    title: 'Saved selections',
    chip: 'Saved',
    panel: 'SavedSelections',
    note: (atlas) => formatCount(atlas.saved.list.length),
    hidden: (atlas) => atlas.saved.list.length === 0,
  },
]
