/** The maps of a sweep as a visitor compares them: how they were made, in words, and who is best at what. */
import type { Figure, Manifest, Projection } from '../data/manifest'

/** What all maps are made from, whatever their method; words for a method's own settings are in the manifest. */
const MADE_FROM: Record<string, (value: string) => string> = {
  from: (value) => (value === 'graph' ? 'made straight from who is near whom' : 'made from an embedding'),
  embedding_dim: (value) => `of ${value} dimensions`,
  k: (value) => `${value} neighbours of each were kept`,
}
/** More maps than this are counted, not named. */
const NAMED = 5
const UNSAID = new Set(['method', 'dims', 'engine'])

/** How a map was made: a sentence about its method, if known, and its settings in a few words each. */
export function madeBy({ words, params }: Pick<Projection, 'words' | 'params'>): string {
  const order = [...Object.keys(words.parameters), ...Object.keys(MADE_FROM), ...Object.keys(params)]
  const names = [...new Set(order)].filter((name) => name in params && !UNSAID.has(name))
  const said = names.map((name) => {
    const value = String(params[name])
    return (
      words.parameters[name]?.replace('{}', value) ?? MADE_FROM[name]?.(value) ?? `${name.replace(/_/g, ' ')} ${value}`
    )
  })
  if (params.engine === 'library' && words.library) said.push(`laid out by ${words.library}`)
  const settings = said.join(', ').replace('an embedding, of', 'an embedding of')
  return [words.about, settings && `${settings[0].toUpperCase()}${settings.slice(1)}.`].filter(Boolean).join(' ')
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
  const best = Math.max(
    ...projections
      .map((projection) => figureOf(projection, figure.name))
      .map((other) => (other ? valueOf(other) : -Infinity)),
  )
  return best > 0 ? Math.min(1, Math.max(0, valueOf(figure) / best)) : 0
}
