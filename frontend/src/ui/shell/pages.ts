/** Dialogs that open over the map. */
export type Pages = 'about' | 'help' | 'export' | 'share'
