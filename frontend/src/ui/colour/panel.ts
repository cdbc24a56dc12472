import ColourPanel from './ColourPanel.svelte'
import { panel } from '../shell/panel_entry'

export default panel({
  id: 'colours',
  order: 40,
  title: 'Colour',
  chip: 'Colour',
  component: ColourPanel,
  open: true,
  note: ({ colour }) => colour.choices.find(({ key }) => key === colour.choice.key && key !== 'none')?.label ?? '',
})
