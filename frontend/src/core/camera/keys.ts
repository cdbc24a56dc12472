/** Keys on the map: arrows move, + and - zoom, letters take a tool, Enter and Space choose what is in the middle. */
import { orbited, panned, zoomedAt, type Pose, type View } from './camera'
import { Flying } from './flying'
import type { Tool } from './tools'

export interface KeysHost {
  view(): View
  pose(): Pose
  spatial(): boolean
  limits(): { min: number; max: number }
  fly(pose: Pose): void
  fit(): void
  tool(): Tool
  setTool(tool: Tool): void
  /** The camera was sent somewhere by keyboard: what comes to lie in the middle is meant. */
  keyed(): void
  /** Enter, Space, and one step through the neighbours of the selection or what was found; false = there is nothing. */
  chooseMeant(): boolean
  toggleMeant(): boolean
  step(by: 1 | -1): boolean
  /** Gives up a shape that is being drawn; false = there is none. */
  dropSketch(): boolean
  escape(): void
  search(): void
}

const STEP_PX = 90
const TOOLS: Record<string, Tool> = { h: 'hand', l: 'lasso', r: 'rectangle', b: 'zoom' }

/** The tool of a letter, where the map has it. */
export function toolOfKey(key: string, spatial: boolean): Tool | null {
  const tool = TOOLS[key.toLowerCase()] ?? null
  return tool === 'zoom' && spatial ? null : tool
}

/** Acts on a key; true = done, and nobody else should. */
export function handleKey(event: KeyboardEvent, host: KeysHost, flying: Flying): boolean {
  const command = event.ctrlKey || event.metaKey
  if (event.altKey) return false
  // On a label, Enter and Space press it.
  const onMap = event.target === event.currentTarget
  if (event.key === 'Enter') return onMap && (command ? host.toggleMeant() : host.chooseMeant())
  if (event.key === ' ') return onMap && !command && (host.toggleMeant() || true) // never scrolls the page
  if (command) return false
  if (host.spatial() && Flying.handles(event.code)) {
    host.setTool('fly')
    flying.press(event.code, event.shiftKey)
    return true
  }
  const tool = toolOfKey(event.key, host.spatial())
  if (tool) {
    host.setTool(tool)
    return true
  }
  const moves = movesOf(event, host)
  if (event.key in moves) {
    moves[event.key]()
    host.keyed()
    return true
  }
  if (event.key === '0') host.fit()
  else if (event.key === '/') host.search()
  else if (event.key === '[' || event.key === ']') return host.step(event.key === ']' ? 1 : -1)
  else if (event.key !== 'Escape') return false
  else if (!host.dropSketch()) {
    if (host.tool() !== 'hand') host.setTool('hand')
    else host.escape()
  }
  return true
}

function movesOf(event: KeyboardEvent, host: KeysHost): Record<string, () => void> {
  const view = host.view()
  const move = (dx: number, dy: number) => () => {
    const turn = host.spatial() && !event.shiftKey
    host.fly(turn ? orbited(host.pose(), dx * 0.6, dy * 0.6) : panned(host.pose(), dx, dy))
  }
  const zoom = (factor: number) => () =>
    host.fly(zoomedAt(host.pose(), view, factor, view.centreX, view.centreY, host.limits()))
  return {
    ArrowLeft: move(STEP_PX, 0),
    ArrowRight: move(-STEP_PX, 0),
    ArrowUp: move(0, STEP_PX),
    ArrowDown: move(0, -STEP_PX),
    '+': zoom(1.6),
    '=': zoom(1.6),
    '-': zoom(1 / 1.6),
    _: zoom(1 / 1.6),
  }
}
