import { measureOf } from '../../core/fields'
import { panel } from '../shell/panel_entry'

export default panel({
  id: 'time',
  order: 55,
  title: 'Time',
  chip: 'Time',
  load: () => import('./TimePanel.svelte'),
  note: () => '',
  hidden: ({ filter, view }) =>
    view === 'list' || !filter.fields.some(({ type, source }) => source === 'column' && measureOf(type).moment),
})
