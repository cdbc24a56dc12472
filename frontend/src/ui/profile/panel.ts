import { panel } from '../shell/panel_entry'

export default panel({
  id: 'mine',
  order: 60,
  title: 'My list',
  chip: 'My list',
  load: () => import('./ProfilePanel.svelte'),
  note: ({ profile }) => (profile.mine.list ? profile.summary(profile.mine) : ''),
  open: ({ profile }) => profile.arrived,
})
