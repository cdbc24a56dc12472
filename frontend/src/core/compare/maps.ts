/** The maps of a sweep as a visitor compares them: how they were made, in words, and who is best at what. */
import type { Figure, Manifest, Projection } from '../data/manifest'

const METHODS: Record<string, { name: string; about: string }> = {
  umap: { name: 'UMAP', about: 'Draws close groups together and leaves space between them.' },
  tsne: { name: 't-SNE', about: 'Spreads everything evenly; who is next to whom is what it gets right.' },
  localmap: { name: 'LocalMAP', about: 'Parts groups sharply, so that their borders show.' },
  pacmap: { name: 'PaCMAP', about: 'Keeps both close groups and the overall arrangement.' },
  mde: { name: 'MDE', about: 'Pulls neighbours together and pushes strangers apart until both balance.' },
  pca: { name: 'PCA', about: 'Shows the directions of the greatest differences, like a shadow of the whole.' },
}

const PARAMETERS: Record<string, (value: string) => string> = {
  n_neighbors: (value) => `looks at the ${value} nearest`,
  perplexity: (value) => `about ${value} neighbours count`,
  min_dist: (value) => `points may come as close as ${value}`,
  low_dist_thres: (value) => `groups are parted from a distance of ${value}`,
  from: (value) => (value === 'graph' ? 'made straight from who is near whom' : 'made from an embedding'),
  embedding_dim: (value) => `of ${value} dimensions`,
  k: (value) => `${value} neighbours of each were kept`,
}
/** More maps than this are counted, not named. */
const NAMED = 5
const UNSAID = new Set(['method', 'dims'])

export function methodName(method: string): string {
  return METHODS[method]?.name ?? method
}

/** How a map was made: a sentence about its method, if known, and its settings in a few words each. */
export function madeBy({ method, params }: Pick<Projection, 'method' | 'params'>): string {
  const order = [...Object.keys(PARAMETERS), ...Object.keys(params)]
  const names = [...new Set(order)].filter((name) => name in params && !UNSAID.has(name))
  const words = names.map((name) => PARAMETERS[name]?.(String(params[name])) ?? `${name.replace(/_/g, ' ')} ${String(params[name])}`)
  const settings = words.join(', ').replace('an embedding, of', 'an embedding of')
  return [METHODS[method]?.about, settings && `${settings[0].toUpperCase()}${settings.slice(1)}.`].filter(Boolean).join(' ')
}

/** Which maps were asked for and are not there: "1 map is missing: UMAP, n_neighbors 50 (failed)." Null: none. */
export function missingText(missing: Manifest['missing']): string | null {
  if (!missing?.length) return null
  const named = missing.slice(0, NAMED).map(({ name, reason }) => `${name} (${reason})`)
  const others = missing.length - named.length
  if (others > 0) named.push(`and ${others} more`)
  return `${missing.length === 1 ? '1 map is' : `${missing.length} maps are`} missing: ${named.join('; ')}.`
}

/** A figure as a number to compare maps by; higher is better for all that are shown. */
export function valueOf(figure: Figure): number {
  return figure.share ?? Number.parseFloat(figure.text.replace(/,/g, ''))
}

export function figureOf(projection: Projection, name: string): Figure | null {
  return projection.figures.find((figure) => figure.name === name) ?? null
}

/** Figures that at least two maps have, in the order of the manifest. */
export function comparable(projections: readonly Projection[]): Figure[] {
  const seen = new Map<string, { figure: Figure; maps: number }>()
  for (const { figures } of projections) {
    for (const figure of figures) {
      const known = seen.get(figure.name)
      if (known) known.maps++
      else seen.set(figure.name, { figure, maps: 1 })
    }
  }
  return [...seen.values()].filter(({ maps }) => maps > 1).map(({ figure }) => figure)
}

/** Best first; maps without the figure last, otherwise in the order of the manifest. `null`: the recommended one first. */
export function sorted(projections: readonly Projection[], name: string | null): Projection[] {
  const key = (projection: Projection) => {
    if (name === null) return projection.recommended ? 1 : 0
    const figure = figureOf(projection, name)
    return figure ? valueOf(figure) : -Infinity
  }
  return [...projections].sort((a, b) => (key(a) === key(b) ? 0 : key(b) - key(a)))
}

/** 0 … 1 for a bar: 1 = the best of all maps, so that close figures can still be told apart. */
export function againstBest(projections: readonly Projection[], figure: Figure): number {
  const best = Math.max(...projections.map((projection) => figureOf(projection, figure.name)).map((other) => (other ? valueOf(other) : -Infinity)))
  return best > 0 ? Math.min(1, Math.max(0, valueOf(figure) / best)) : 0
}
