/** What the left column shows on a desktop and the bottom bar opens on a phone: every panel that a folder of ui/ declares. */
import type { Panel } from './panel_entry'

const found = import.meta.glob<Panel>('../*/panel.ts', { eager: true, import: 'default' })

export const SECTIONS: readonly Panel[] = Object.values(found).sort((a, b) => a.order - b.order)
