import { panel } from '../shell/panel_entry'

export default panel({
  id: 'maps',
  order: 10,
  title: 'Map',
  chip: 'Maps',
  load: () => import('./ProjectionPanel.svelte'),
  note: (atlas) => atlas.projection?.name ?? '',
  hidden: (atlas) => atlas.view === 'list',
})
