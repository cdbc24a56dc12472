/** What opens only when asked for. One file of its own: `later.ts` fetches it when the map is on screen. */
export { default as CompareBar } from '../compare/CompareBar.svelte'
export { default as Captions } from '../compare/Captions.svelte'
export { default as SideBySide } from '../compare/SideBySide.svelte'
export { default as EntityList } from '../list/EntityList.svelte'
export { default as DetailPanel } from '../DetailPanel.svelte'
export { default as SelectionPanel } from '../selection/SelectionPanel.svelte'
export { default as PastBar } from '../versions/PastBar.svelte'
export { default as Dialogs } from './Dialogs.svelte'
