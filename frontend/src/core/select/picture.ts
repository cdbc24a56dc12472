/**
 * The map as a picture to print or to show elsewhere: what panels leave free of it, with its labels, and above and below
 * it title and legend. Drawn on a canvas; all sizes are CSS px times the scale of the snapshot.
 */
import type { Legend } from '../colour/encode'
import { slotColour } from '../colour/palettes'
import { measureOf } from '../fields'
import { formatCount } from '../format'
import { SLOT } from '../gl/look'
import type { Insets } from '../map/framing'
import type { Snapshot, SnapshotLabel } from '../map/snapshot'

export interface PictureText {
  title: string
  /** What is shown, under the title. */
  subtitle: string
  /** At the bottom: attribution, licence. */
  footer: string
}

export interface PictureLegend {
  title: string
  legend: Legend
  palette: Uint8Array
  /** Of the field whose numbers stand below a ramp. */
  type: string | undefined
  /** Texts for the ends of a ramp that has no numbers. */
  words: [string, string] | null
}

export interface PictureColours {
  background: string
  text: string
  muted: string
  halo: string
  accent: string
  onAccent: string
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
const MARGIN = 24
const LEAST_PX = 200
const LINE = 22
const BAR_STEPS = 64
/** How much of the text's colour the names of regions have, as in theme.css; the rest is that of the ground. */
const INK = '80%'

interface Brush {
  context: CanvasRenderingContext2D
  colours: PictureColours
}

export function composePicture(
  snapshot: Snapshot,
  covered: Insets,
  text: PictureText,
  legend: PictureLegend | null,
  colours: PictureColours,
): HTMLCanvasElement {
  const { canvas: map, scale, labels } = snapshot
  const whole = { width: map.width / scale, height: map.height / scale }
  const crop = cropOf(whole, covered)
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d')!
  const brush = { context, colours }
  const head = text.subtitle === '' ? 62 : 82
  const rows = legend ? legendRows(brush, legend, crop.width) : 0
  const foot = (rows > 0 ? MARGIN / 2 + rows * LINE : 0) + (text.footer === '' ? MARGIN / 2 : LINE + MARGIN)
  canvas.width = Math.floor(crop.width * scale)
  canvas.height = Math.floor((head + crop.height + foot) * scale)
  context.scale(scale, scale)
  context.fillStyle = colours.background
  context.fillRect(0, 0, crop.width, head + crop.height + foot)
  context.drawImage(
    map,
    crop.left * scale,
    crop.top * scale,
    crop.width * scale,
    crop.height * scale,
    0,
    head,
    crop.width,
    crop.height,
  )

  context.save()
  context.beginPath()
  context.rect(0, head, crop.width, crop.height)
  context.clip()
  context.translate(-crop.left, head - crop.top)
  for (const label of labels) drawLabel(brush, label)
  context.restore()

  context.textBaseline = 'alphabetic'
  write(brush, text.title, MARGIN, 42, `650 24px ${FONT}`, colours.text, crop.width - 2 * MARGIN)
  write(brush, text.subtitle, MARGIN, 65, `14px ${FONT}`, colours.muted, crop.width - 2 * MARGIN)
  if (legend) drawLegend(brush, legend, head + crop.height + MARGIN / 2, crop.width)
  write(
    brush,
    text.footer,
    MARGIN,
    head + crop.height + foot - 14,
    `12px ${FONT}`,
    colours.muted,
    crop.width - 2 * MARGIN,
  )
  return canvas
}

/** What panels leave free, as long as that is worth looking at. */
function cropOf(
  { width, height }: { width: number; height: number },
  { left, right, top, bottom }: Insets,
): { left: number; top: number; width: number; height: number } {
  const [wide, high] = [width - left - right >= LEAST_PX, height - top - bottom >= LEAST_PX]
  return {
    left: wide ? left : 0,
    top: high ? top : 0,
    width: wide ? width - left - right : width,
    height: high ? height - top - bottom : height,
  }
}

function write(
  { context }: Brush,
  text: string,
  x: number,
  y: number,
  font: string,
  colour: string,
  room = Infinity,
): number {
  context.font = font
  context.fillStyle = colour
  let shown = text
  while (shown.length > 1 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2).trimEnd()}…`
  context.fillText(shown, x, y)
  return context.measureText(shown).width
}

/** As theme.css shows them. */
function drawLabel({ context, colours }: Brush, label: SnapshotLabel): void {
  const { text, kind, tone, left, top, width, height } = label
  const boxed = tone === 'selected' || tone === 'hover'
  const px = kind === 'region' ? (label.px ?? 13) : boxed ? 14 : 12.5
  const lines = text.split('\n')
  context.font = `${tone.includes('members') ? 'italic ' : ''}${kind === 'region' || boxed ? 600 : 500} ${px}px ${FONT}`
  context.letterSpacing = kind === 'region' ? `${px * (label.spacing ?? 0)}px` : '0px'
  context.textBaseline = 'middle'
  context.textAlign = kind === 'region' ? 'center' : 'left'
  context.globalAlpha = tone.includes('quiet') ? 0.55 : 1
  if (boxed) {
    context.fillStyle = tone === 'selected' ? colours.accent : colours.background
    context.beginPath()
    context.roundRect(left, top, width, height, 6)
    context.fill()
  }
  context.lineJoin = 'round'
  context.lineWidth = 4
  context.strokeStyle = colours.halo
  context.fillStyle = tone === 'selected' ? colours.onAccent : colours.text
  if (label.ink) context.fillStyle = `color-mix(in oklab, ${colours.text} ${INK}, rgb(${label.ink}))`
  lines.forEach((line, i) => {
    const x = kind === 'region' ? left + width / 2 : left + (boxed ? 7 : 3)
    const y = top + (height * (i + 0.5)) / lines.length
    if (!boxed) context.strokeText(line, x, y)
    context.fillText(line, x, y)
  })
  context.globalAlpha = 1
  context.textAlign = 'left'
  context.letterSpacing = '0px'
}

// ---- Legend: a title, then its entries in as many rows as they need, or a bar

interface Entry {
  slot: number
  text: string
  width: number
}

function entriesOf({ context }: Brush, { legend }: PictureLegend): Entry[] {
  context.font = `13px ${FONT}`
  const entries =
    legend.kind === 'entries'
      ? legend.entries
      : legend.unknown > 0
        ? [{ slot: SLOT.unknown, label: 'Unknown', count: legend.unknown }]
        : []
  return entries.map(({ slot, label, count }) => {
    const text = `${label.length > 34 ? `${label.slice(0, 33)}…` : label}  ${formatCount(count)}`
    return { slot, text, width: 18 + context.measureText(text).width + 18 }
  })
}

function flow(entries: Entry[], from: number, width: number): { entry: Entry; x: number; row: number }[] {
  let [x, row] = [from, 0]
  return entries.map((entry) => {
    if (x + entry.width > width - MARGIN && x > from) [x, row] = [from, row + 1]
    const place = { entry, x, row }
    x += entry.width
    return place
  })
}

function barWidth(width: number): number {
  return Math.min(320, width - 2 * MARGIN)
}

function legendRows(brush: Brush, legend: PictureLegend, width: number): number {
  const entries = entriesOf(brush, legend)
  if (legend.legend.kind === 'ramp') return 3
  return 1 + (flow(entries, MARGIN, width).at(-1)?.row ?? 0) + 1
}

function drawLegend(brush: Brush, wanted: PictureLegend, top: number, width: number): void {
  const { context, colours } = brush
  const { legend, palette, title, type, words } = wanted
  write(brush, title, MARGIN, top + 14, `600 13px ${FONT}`, colours.text, width - 2 * MARGIN)
  const entries = entriesOf(brush, wanted)
  const dots = (from: number, y: number) => {
    for (const { entry, x, row } of flow(entries, from, width)) {
      context.fillStyle = slotColour(palette, entry.slot)
      context.beginPath()
      context.arc(x + 6, y + row * LINE - 4.5, 5.5, 0, 2 * Math.PI)
      context.fill()
      write(brush, entry.text, x + 18, y + row * LINE, `13px ${FONT}`, colours.text)
    }
  }
  if (legend.kind === 'entries') return dots(MARGIN, top + 14 + LINE)
  const bar = barWidth(width)
  for (let i = 0; i < BAR_STEPS; i++) {
    context.fillStyle = slotColour(palette, Math.round((i / (BAR_STEPS - 1)) * (SLOT.ramp - 1)))
    context.fillRect(MARGIN + (i * bar) / BAR_STEPS, top + LINE + 2, bar / BAR_STEPS + 0.6, 10)
  }
  legend.ticks.forEach((tick, i) => {
    const last = legend.ticks.length - 1
    context.textAlign = i === 0 ? 'left' : i === last ? 'right' : 'center'
    write(
      brush,
      words ? words[i === 0 ? 0 : 1] : (tick.text ?? measureOf(type).tick(tick.value, Infinity)),
      MARGIN + tick.at * bar,
      top + 2 * LINE + 8,
      `12px ${FONT}`,
      colours.muted,
    )
  })
  context.textAlign = 'left'
  if (MARGIN + bar + 30 + (entries[0]?.width ?? 0) < width) dots(MARGIN + bar + 30, top + LINE + 12)
}
