import { formatCount } from '../../core/format'
import { panel } from '../shell/panel_entry'

export default panel({
  id: 'saved',
  order: 70,
  title: 'Saved selections',
  chip: 'Saved',
  load: () => import('./SavedSelections.svelte'),
  note: (atlas) => formatCount(atlas.saved.list.length),
  hidden: (atlas) => atlas.saved.list.length === 0,
})
