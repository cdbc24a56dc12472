// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fitPose, scaleLimits, type Pose, type View } from '../../src/core/camera/camera'
import { Controls, type ControlsHost } from '../../src/core/camera/controls'
import type { Tool } from '../../src/core/camera/tools'

const view: View = { width: 800, height: 600, centreX: 400, centreY: 300 }
const FIT = 300

function setUp(spatial = false) {
  const canvas = document.createElement('div')
  canvas.setPointerCapture = () => {}
  let pose: Pose = fitPose(FIT, spatial)
  let tool: Tool = 'hand'
  const host = {
    view: () => view,
    pose: () => pose,
    spatial: () => spatial,
    limits: () => scaleLimits(FIT),
    reducedMotion: () => false,
    move: vi.fn((next: Pose) => (pose = next)),
    moveFreely: vi.fn((next: Pose) => (pose = next)),
    tool: () => tool,
    setTool: vi.fn((next: Tool) => (tool = next)),
    toggle: vi.fn(),
    startSketch: vi.fn(),
    sketchTo: vi.fn(),
    finishSketch: vi.fn(),
    dropSketch: vi.fn(() => false),
    unfocused: vi.fn(),
    keyed: vi.fn(),
    chooseMeant: vi.fn(() => true),
    toggleMeant: vi.fn(() => true),
    step: vi.fn(() => true),
    fly: vi.fn((next: Pose) => (pose = next)),
    fit: vi.fn(),
    hover: vi.fn(),
    leave: vi.fn(),
    click: vi.fn(),
    escape: vi.fn(),
    search: vi.fn(),
  } satisfies ControlsHost
  const controls = new Controls(canvas, host)
  let time = 0
  const send = (type: string, x: number, y: number, more: Partial<PointerEventInit> & { after?: number } = {}) => {
    const event = new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, pointerType: 'mouse', ...more })
    time += more.after ?? 10
    Object.defineProperty(event, 'timeStamp', { value: time })
    canvas.dispatchEvent(event)
  }
  const key = (name: string, init: KeyboardEventInit = {}) =>
    canvas.dispatchEvent(new KeyboardEvent('keydown', { key: name, ...init }))
  return { canvas, host, controls, send, key, pose: () => pose }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('pointer', () => {
  it('drags the map along', () => {
    const { send, pose } = setUp()
    send('pointerdown', 100, 100)
    send('pointermove', 160, 130)
    expect(pose().x).toBeCloseTo(-60 / FIT, 9)
    expect(pose().y).toBeCloseTo(30 / FIT, 9)
  })

  it('tells a click from a drag, and a trembling hand is still a click', () => {
    const { send, host } = setUp()
    send('pointerdown', 100, 100)
    send('pointermove', 102, 101)
    send('pointerup', 102, 101)
    expect(host.click).toHaveBeenCalledExactlyOnceWith(102, 101, 'mouse')
    send('pointerdown', 300, 100, { after: 1000 })
    send('pointermove', 340, 100)
    send('pointerup', 340, 100)
    expect(host.click).toHaveBeenCalledTimes(1)
  })

  it('zooms in on a double click, about the pointer', () => {
    const { send, host } = setUp()
    for (const after of [10, 120]) {
      send('pointerdown', 200, 200, { after })
      send('pointerup', 200, 200)
    }
    expect(host.click).toHaveBeenCalledTimes(1)
    expect(host.fly.mock.lastCall![0].scale).toBeCloseTo(FIT * 2.5)
  })

  it('pinches about the middle of two fingers, and a pinch is no click', () => {
    const { send, pose, host } = setUp()
    send('pointerdown', 300, 300, { pointerId: 1, pointerType: 'touch' })
    send('pointerdown', 500, 300, { pointerId: 2, pointerType: 'touch' })
    send('pointermove', 200, 300, { pointerId: 1, pointerType: 'touch' })
    send('pointermove', 600, 300, { pointerId: 2, pointerType: 'touch' })
    expect(pose().scale).toBeCloseTo(FIT * 2, 6)
    expect(pose().x).toBeCloseTo(0, 2)
    send('pointerup', 200, 300, { pointerId: 1, pointerType: 'touch' })
    send('pointerup', 600, 300, { pointerId: 2, pointerType: 'touch' })
    expect(host.click).not.toHaveBeenCalled()
  })

  it('glides on after a flick and comes to rest; held still before letting go, it stays', () => {
    const flick = (pause: number) => {
      const it = setUp()
      it.send('pointerdown', 100, 100)
      for (let i = 1; i <= 5; i++) it.send('pointermove', 100 + 20 * i, 100)
      it.send('pointerup', 200, 100, { after: pause })
      const released = it.pose().x
      vi.advanceTimersByTime(3000)
      return { travelled: released - it.pose().x, active: it.controls.active }
    }
    expect(flick(5).travelled).toBeGreaterThan(0.1)
    expect(flick(5).active).toBe(false)
    expect(flick(200).travelled).toBe(0)
  })

  it('turns a spatial map, and moves it with Shift', () => {
    const turned = setUp(true)
    const yaw = turned.pose().yaw
    turned.send('pointerdown', 100, 100)
    turned.send('pointermove', 200, 100)
    expect(turned.pose().yaw).not.toBe(yaw)
    expect(turned.pose().x).toBe(0)
    const moved = setUp(true)
    moved.send('pointerdown', 100, 100, { shiftKey: true })
    moved.send('pointermove', 200, 100)
    expect(moved.pose().yaw).toBe(yaw)
    expect(moved.pose().x).not.toBe(0)
  })
})

describe('wheel', () => {
  it('zooms in on scrolling up, more with a trackpad pinch per step, and never beyond the limits', () => {
    const { canvas, pose } = setUp()
    const wheel = (init: WheelEventInit) => {
      const event = new WheelEvent('wheel', { clientX: 400, clientY: 300, cancelable: true, ...init })
      Object.defineProperty(event, 'ctrlKey', { value: init.ctrlKey ?? false }) // happy-dom drops it
      canvas.dispatchEvent(event)
    }
    wheel({ deltaY: -100 })
    const notch = pose().scale / FIT
    expect(notch).toBeGreaterThan(1.1)
    wheel({ deltaY: -10, ctrlKey: true })
    expect(pose().scale / FIT / notch).toBeGreaterThan(1.1)
    for (let i = 0; i < 99; i++) wheel({ deltaY: -5000 })
    expect(pose().scale).toBeCloseTo(FIT * 64)
    for (let i = 0; i < 99; i++) wheel({ deltaY: 5000 })
    expect(pose().scale).toBeCloseTo(FIT * 0.7)
  })
})

describe('keyboard', () => {
  it('moves, zooms, resets, searches and lets go', () => {
    const { key, pose, host } = setUp()
    key('ArrowRight')
    expect(pose().x).toBeGreaterThan(0)
    key('+')
    expect(pose().scale).toBeGreaterThan(FIT)
    key('-')
    expect(pose().scale).toBeCloseTo(FIT)
    key('0')
    key('/')
    key('Escape')
    expect([host.fit, host.search, host.escape].map((call) => call.mock.calls.length)).toEqual([1, 1, 1])
  })

  it('leaves the browser’s own shortcuts alone', () => {
    const { key, host } = setUp()
    key('0', { ctrlKey: true })
    key('ArrowLeft', { altKey: true })
    expect(host.fit).not.toHaveBeenCalled()
    expect(host.fly).not.toHaveBeenCalled()
  })
})

describe('tools', () => {
  it('draw instead of moving, add with Shift and take out with Alt; Shift on a flat map draws a box to zoom into', () => {
    const { send, host, pose } = setUp()
    const drawn = (more: PointerEventInit) => {
      send('pointerdown', 100, 100, { after: 1000, ...more })
      send('pointermove', 160, 130, more)
      send('pointerup', 160, 130, more)
      return host.startSketch.mock.lastCall
    }
    expect(drawn({ shiftKey: true })).toEqual(['zoom', 100, 100, 'add'])
    host.setTool('lasso')
    expect(drawn({})).toEqual(['lasso', 100, 100, 'replace'])
    expect(drawn({ altKey: true })).toEqual(['lasso', 100, 100, 'remove'])
    expect(host.sketchTo).toHaveBeenLastCalledWith(160, 130)
    expect(host.finishSketch).toHaveBeenCalledTimes(3)
    expect(pose().x).toBe(0)
    drawn({ button: 2 }) // the right button always moves
    expect(pose().x).not.toBe(0)
  })

  it('give way to two fingers', () => {
    const { send, host, pose } = setUp()
    host.setTool('rectangle')
    send('pointerdown', 300, 300, { pointerType: 'touch' })
    send('pointermove', 330, 330, { pointerType: 'touch' })
    send('pointerdown', 500, 300, { pointerId: 2, pointerType: 'touch' })
    expect(host.dropSketch).toHaveBeenCalledOnce()
    send('pointermove', 600, 300, { pointerId: 2, pointerType: 'touch' })
    expect(pose().scale).toBeGreaterThan(FIT)
    send('pointerup', 600, 300, { pointerId: 2, pointerType: 'touch' })
    send('pointerup', 330, 330, { pointerType: 'touch' })
    expect(host.finishSketch).not.toHaveBeenCalled()
  })

  it('toggle by a click with Ctrl, and by a long press that is no click', () => {
    const { send, host } = setUp()
    send('pointerdown', 50, 60, { ctrlKey: true })
    send('pointerup', 50, 60, { ctrlKey: true })
    expect(host.toggle).toHaveBeenLastCalledWith(50, 60, 'mouse')
    send('pointerdown', 70, 80, { pointerType: 'touch' })
    vi.advanceTimersByTime(600)
    send('pointerup', 70, 80, { pointerType: 'touch' })
    expect(host.toggle).toHaveBeenLastCalledWith(70, 80, 'touch')
    expect(host.click).not.toHaveBeenCalled()
  })

  it('are taken by letters, zoom only on a flat map, and put away by Escape before anything else', () => {
    const flat = setUp()
    for (const letter of ['l', 'R', 'b', 'h']) flat.key(letter)
    expect(flat.host.setTool.mock.calls.map(([tool]) => tool)).toEqual(['lasso', 'rectangle', 'zoom', 'hand'])
    flat.key('l')
    flat.key('Escape')
    expect(flat.host.escape).not.toHaveBeenCalled()
    flat.key('Escape')
    expect(flat.host.escape).toHaveBeenCalledOnce()
    const spatial = setUp(true)
    spatial.key('b')
    expect(spatial.host.setTool).not.toHaveBeenCalled()
    spatial.key('w', { code: 'KeyW' })
    expect(spatial.host.setTool).toHaveBeenCalledWith('fly')
    expect(spatial.controls.active).toBe(true)
    spatial.controls.stop()
  })
})
