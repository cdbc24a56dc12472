/** What gestures and keys do to the parts of a map. */
import { scaleLimits, type Pose } from '../camera/camera'
import type { ControlsHost } from '../camera/controls'
import type { Tool } from '../camera/tools'
import type { MapEvents } from './events'
import type { Framing } from './framing'
import type { Motion } from './motion'
import type { Pointing } from './pointing'
import type { Sketch } from './sketch'

const KEY_FLIGHT_MS = 220

export interface Gestured {
  framing: Framing
  motion: Motion
  pointing: Pointing
  sketch: Sketch
  events: MapEvents
  reducedMotion(): boolean
  spatial(): boolean
  tool(): Tool
  setTool(tool: Tool): void
  flyTo(pose: Pose, duration?: number): void
}

export function gesturesOn({
  framing,
  motion,
  pointing,
  sketch,
  events,
  reducedMotion,
  spatial,
  tool,
  setTool,
  flyTo,
}: Gestured): ControlsHost {
  return {
    view: () => framing.view,
    pose: () => motion.goal,
    limits: () => scaleLimits(framing.fit),
    spatial,
    reducedMotion,
    tool,
    setTool,
    move: (pose) => motion.move(pose),
    moveFreely: (pose) => motion.move(pose, { free: true }),
    fly: (pose) => flyTo(pose, KEY_FLIGHT_MS),
    fit: () => flyTo(framing.whole()),
    startSketch: (...start) => sketch.start(...start),
    sketchTo: (x, y) => sketch.to(x, y),
    dropSketch: () => sketch.drop(),
    finishSketch() {
      const drawn = sketch.finish()
      if (drawn?.shape === 'zoom') flyTo(framing.boxed(motion.pose, drawn.polygon))
      else if (drawn) events.region(drawn.polygon, drawn.how)
    },
    hover: (x, y) => pointing.hover(x, y),
    leave: () => pointing.leave(),
    click: (...place) => pointing.click(...place),
    toggle: (...place) => pointing.toggle(...place),
    unfocused: () => pointing.endAim(),
    keyed: () => pointing.aim(),
    chooseMeant: () => pointing.chooseMeant(),
    toggleMeant: () => pointing.toggleMeant(),
    step: (by) => pointing.step(by),
    escape: () => events.escape(),
    search: () => events.search(),
  }
}
