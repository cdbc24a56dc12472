import ProjectionPanel from './ProjectionPanel.svelte'
import { panel } from '../shell/panel'

export default panel({
  id: 'maps',
  order: 10,
  title: 'Map',
  chip: 'Maps',
  component: ProjectionPanel,
  note: (atlas) => atlas.projection?.name ?? '',
  hidden: (atlas) => atlas.view === 'list',
})
