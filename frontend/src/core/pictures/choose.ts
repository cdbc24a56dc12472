/** Which rows of a view are shown as pictures, and how large: none from far, then the best known, then all; never over names. */

import type { Rect } from '../labels/placement'

export interface Choice {
  rows: number[]
  /** px of each picture. */
  size: number
}

export interface PictureView {
  /** Rows in view. */
  inView: Uint32Array
  /** Most important last, as the map draws them. */
  order: Uint32Array
  width: number
  height: number
  /** 1 = the whole map. */
  zoom: number
  at(row: number): { x: number; y: number }
  sheetOf(row: number): number
  /** Where names stand that pictures keep clear of. */
  named: readonly Rect[]
  /** Shown until now: they stay while they are in view, so that nothing flickers as the map moves. */
  before: readonly number[]
}

/** Rows in view up to which all are shown. */
export const NEAR = 600
const FROM_ZOOM = 1.5
const FEW = { size: 36, gap: 10, most: 90, sheets: 24 }
const ALL = { least: 24, most: 64, share: 0.62, sheets: 40 }

export function choose(view: PictureView): Choice {
  const { inView, width, height, zoom } = view
  if (inView.length === 0) return { rows: [], size: 0 }
  if (inView.length > NEAR) return zoom < FROM_ZOOM ? { rows: [], size: 0 } : { rows: few(view), size: FEW.size }
  const room = Math.sqrt((width * height) / inView.length)
  const sheets = new Sheaf(ALL.sheets)
  const size = Math.round(Math.max(ALL.least, Math.min(ALL.most, room * ALL.share)))
  const rows = byImportance(view, new Set(inView)).filter(
    (row) => !hides(view, view.at(row), size) && sheets.takes(view.sheetOf(row)),
  )
  return { rows: rows.reverse(), size } // the best known on top
}

/** The best known that do not touch each other. */
function few(view: PictureView): number[] {
  const present = new Set(view.inView)
  const stay = view.before.filter((row) => present.has(row))
  const pitch = FEW.size + FEW.gap
  const cells = new Map<string, { x: number; y: number }[]>()
  const sheets = new Sheaf(FEW.sheets)
  const taken: number[] = []
  const consider = (row: number): void => {
    const place = view.at(row)
    if (hides(view, place, FEW.size)) return
    const [cx, cy] = [Math.floor(place.x / pitch), Math.floor(place.y / pitch)]
    for (let x = cx - 1; x <= cx + 1; x++)
      for (let y = cy - 1; y <= cy + 1; y++)
        for (const other of cells.get(`${x} ${y}`) ?? [])
          if (Math.abs(other.x - place.x) < pitch && Math.abs(other.y - place.y) < pitch) return
    if (!sheets.takes(view.sheetOf(row))) return
    const key = `${cx} ${cy}`
    const cell = cells.get(key)
    if (cell) cell.push(place)
    else cells.set(key, [place])
    taken.push(row)
  }
  stay.forEach(consider)
  for (const row of byImportance(view, present)) {
    if (taken.length >= FEW.most) break
    if (!stay.includes(row)) consider(row)
  }
  return taken
}

/** Whether a picture would hide a name. */
function hides({ named }: PictureView, { x, y }: { x: number; y: number }, size: number): boolean {
  const reach = size / 2
  return named.some(
    ({ left, top, right, bottom }) => x > left - reach && x < right + reach && y > top - reach && y < bottom + reach,
  )
}

/** Rows beyond these are never looked at for a place: the better known have filled the screen. */
const MOST_CONSIDERED = 4000

function byImportance({ order }: PictureView, present: ReadonlySet<number>): number[] {
  const rows: number[] = []
  for (let i = order.length - 1; i >= 0 && rows.length < Math.min(present.size, MOST_CONSIDERED); i--)
    if (present.has(order[i])) rows.push(order[i])
  return rows
}

/** Takes what is on some sheets and no others: those that were needed first. */
class Sheaf {
  readonly #sheets = new Set<number>()

  constructor(private readonly most: number) {}

  takes(sheet: number): boolean {
    if (!this.#sheets.has(sheet) && this.#sheets.size >= this.most) return false
    this.#sheets.add(sheet)
    return true
  }
}
