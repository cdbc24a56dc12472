/**
 * Which labels are shown, and where: greedy, no two overlap, important ones first, and stable: a label that is shown
 * keeps its place while it can, so that panning and zooming in never make labels flicker. The order of importance is
 * fixed per label, in the spirit of Been, Daiches and Yap, "Dynamic map labeling", 2006, without their precomputation,
 * because the view may be turned in 3-D.
 */
export interface Rect {
  left: number
  top: number
  right: number
  bottom: number
}

export interface Candidate {
  /** Same for the same label in every frame. */
  key: string
  /** Anchor on screen, CSS px. */
  x: number
  y: number
  width: number
  height: number
  /** Distance of the text from the anchor; 0 = the text is centred on the anchor (region names). */
  gap: number
  /** Lower is more important. */
  rank: number
  /** Lower tiers are placed first, even where that hides shown labels of higher ones: see TIER. */
  tier: number
}

/** What is selected or found, names of regions, names of entities. */
export const TIER = { pinned: 0, region: 1, entity: 2 } as const

export type Side = 'centre' | 'right' | 'left' | 'below' | 'above'

export interface Placed {
  candidate: Candidate
  side: Side
  rect: Rect
}

export interface PlacementOptions {
  width: number
  height: number
  /** Areas that labels keep clear of, such as panels. */
  obstacles: Rect[]
  /** Areas that names of entities keep clear of, such as pictures. */
  covered?: readonly Rect[]
  /** Labels of the previous placement and their sides. */
  shown: ReadonlyMap<string, Side>
  /** Of names of entities; what is pinned and regions stand wherever there is room. */
  limit: number
  /** Zooming out must drop labels; then the shown ones keep only a small lead, and importance decides. */
  zoomingOut: boolean
}

const SIDES: Side[] = ['right', 'left', 'below', 'above']
/** Of names that stand on their place: they may make room for each other by half a line. */
const MIDDLE: Side[] = ['centre', 'above', 'below']
/** A new label needs more room than one that is already there. */
const NEW_MARGIN = 7
const KEPT_MARGIN = 2
const CELL = 96

export function place(candidates: Candidate[], options: PlacementOptions): Placed[] {
  const { shown, zoomingOut } = options
  const taken = new Grid(options.width, options.height)
  for (const obstacle of options.obstacles) taken.add(obstacle)
  const placed: Placed[] = []
  let entities = 0
  const full = (tier: number) => tier === TIER.entity && entities >= options.limit
  const put = (candidate: Candidate, sides: Side[], margin: number): boolean => {
    for (const side of sides) {
      const rect = rectOf(candidate, side)
      if (!inside(rect, options) || taken.hits(rect, margin)) continue
      taken.add(rect)
      placed.push({ candidate, side, rect })
      if (candidate.tier === TIER.entity) entities++
      return true
    }
    return false
  }
  const lead = (c: Candidate) => (!shown.has(c.key) ? c.rank : zoomingOut ? c.rank / 2 : c.rank - 1e9)
  const tiers = [...new Set(candidates.map((c) => c.tier))].sort((a, b) => a - b)
  for (const tier of tiers) {
    if (tier === TIER.entity) for (const area of options.covered ?? []) taken.add(area)
    const ordered = candidates
      .filter((candidate) => candidate.tier === tier)
      .map((candidate) => ({ candidate, order: lead(candidate) }))
      .sort(
        (a, b) =>
          a.order - b.order || a.candidate.rank - b.candidate.rank || (a.candidate.key < b.candidate.key ? -1 : 1),
      )
    // Shown labels that can stay exactly where they are come first: one that must change sides may not push another away.
    const rest = ordered.filter(({ candidate }) => {
      const before = shown.get(candidate.key)
      return !before || zoomingOut || full(tier) || !put(candidate, [before], KEPT_MARGIN)
    })
    for (const { candidate } of rest) {
      if (full(tier)) break
      const before = shown.get(candidate.key)
      put(candidate, sidesOf(candidate, before), before ? KEPT_MARGIN : NEW_MARGIN)
    }
  }
  return placed
}

function sidesOf(candidate: Candidate, before: Side | undefined): Side[] {
  if (candidate.gap === 0) return before ? [before, ...MIDDLE.filter((side) => side !== before)] : MIDDLE
  if (!before) return SIDES
  return [before, ...SIDES.filter((side) => side !== before)]
}

export function rectOf(c: Candidate, side: Side): Rect {
  const [w, h] = [c.width, c.height]
  const left = side === 'right' ? c.x + c.gap : side === 'left' ? c.x - c.gap - w : c.x - w / 2
  const top = side === 'below' ? c.y + c.gap : side === 'above' ? c.y - c.gap - h : c.y - h / 2
  return { left, top, right: left + w, bottom: top + h }
}

/** Labels may not be cut off at the border. */
function inside(rect: Rect, view: { width: number; height: number }): boolean {
  return rect.left >= 2 && rect.top >= 2 && rect.right <= view.width - 2 && rect.bottom <= view.height - 2
}

export function overlaps(a: Rect, b: Rect, margin = 0): boolean {
  return (
    a.left < b.right + margin && b.left < a.right + margin && a.top < b.bottom + margin && b.top < a.bottom + margin
  )
}

/** Rectangles by cell, so that a test looks only at what is near. */
class Grid {
  readonly #cells = new Map<number, Rect[]>()
  readonly #columns: number

  constructor(
    width: number,
    private readonly height: number,
  ) {
    this.#columns = Math.ceil(width / CELL) + 2
  }

  #visit(rect: Rect, margin: number, visit: (cell: number) => boolean): boolean {
    const clampRow = (v: number) => Math.max(-1, Math.min(Math.ceil(this.height / CELL) + 1, Math.floor(v / CELL)))
    const clampColumn = (v: number) => Math.max(-1, Math.min(this.#columns - 2, Math.floor(v / CELL)))
    for (let row = clampRow(rect.top - margin); row <= clampRow(rect.bottom + margin); row++) {
      for (let column = clampColumn(rect.left - margin); column <= clampColumn(rect.right + margin); column++) {
        if (visit((row + 1) * this.#columns + column + 1)) return true
      }
    }
    return false
  }

  add(rect: Rect): void {
    this.#visit(rect, 0, (cell) => {
      const list = this.#cells.get(cell)
      if (list) list.push(rect)
      else this.#cells.set(cell, [rect])
      return false
    })
  }

  hits(rect: Rect, margin: number): boolean {
    return this.#visit(
      rect,
      margin,
      (cell) => this.#cells.get(cell)?.some((other) => overlaps(rect, other, margin)) ?? false,
    )
  }
}
