import { panel } from '../shell/panel_entry'

export default panel({
  id: 'versions',
  order: 30,
  title: 'Versions',
  chip: 'Versions',
  last: true,
  load: () => import('./VersionsPanel.svelte'),
  note: ({ past }) => past?.since ?? '',
  open: ({ past }) => past!.arrived,
  hidden: ({ past }) => !past?.earlier.length,
})
