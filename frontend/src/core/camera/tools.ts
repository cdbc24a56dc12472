/** What dragging does: move the map, draw around points, draw a box to zoom into, or (3-D) look around in flight. */
export type Tool = 'hand' | 'lasso' | 'rectangle' | 'zoom' | 'fly'
/** What is drawn by dragging. */
export type Shape = 'lasso' | 'rectangle' | 'zoom'
export type SetChange = 'replace' | 'add' | 'remove'
