import { formatCount } from '../../core/format'
import { panel } from '../shell/panel_entry'

export default panel({
  id: 'regions',
  order: 15,
  title: 'Regions',
  chip: 'Regions',
  load: () => import('./RegionsPanel.svelte'),
  note: ({ places }) =>
    places.chosen ? places.chosen.name : places.tree.length > 0 ? formatCount(places.tree.length) : '',
  hidden: ({ projection, view }) => view === 'list' || !projection?.regions,
})
