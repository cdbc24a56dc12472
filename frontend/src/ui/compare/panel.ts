import { panel } from '../shell/panel_entry'

export default panel({
  id: 'changes',
  order: 20,
  title: 'What changed',
  chip: 'Changes',
  load: () => import('./ComparePanel.svelte'),
  open: true,
  note: (atlas) => atlas.compare.b?.name ?? '',
  hidden: (atlas) => atlas.compare.pair === null,
})
