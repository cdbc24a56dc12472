import { formatCount } from '../../core/format'
import { panel } from '../shell/panel_entry'

export default panel({
  id: 'tours',
  order: 70,
  title: 'Tours',
  chip: 'Tours',
  load: () => import('./ToursPanel.svelte'),
  note: ({ tours }) => tours.now?.title ?? (tours.titles.length > 0 ? formatCount(tours.titles.length) : ''),
  hidden: ({ view }) => view === 'list',
})
