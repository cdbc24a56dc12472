import { formatCount } from '../../core/format'
import { panel } from '../shell/panel_entry'

export default panel({
  id: 'filter',
  order: 50,
  title: 'Filter',
  chip: 'Filter',
  load: () => import('./FilterPanel.svelte'),
  note: ({ filter, manifest }) => (filter.active ? `${formatCount(filter.count)} of ${formatCount(manifest!.n)}` : ''),
  open: ({ filter }) => filter.arrived,
})
