/** A story told in views, and how it is written down. */
export interface Stop {
  /** What the address of the page says behind its #. */
  view: string
  text: string
}

export interface Tour {
  title: string
  about?: string
  stops: readonly Stop[]
}

export function isTour(value: unknown): value is Tour {
  const { title, stops } = value as Partial<Tour>
  return (
    typeof title === 'string' &&
    Array.isArray(stops) &&
    stops.length > 0 &&
    stops.every((stop: Partial<Stop> | null) => typeof stop?.view === 'string' && typeof stop.text === 'string')
  )
}

/** What somebody pasted as a view: the hash of an address, with or without what stands before it. */
export function hashOf(view: string): string {
  const hash = view.slice(view.indexOf('#') + 1)
  return hash === '' ? '' : `#${hash}`
}

/** Lines of a defs.yaml, below `display: tours:`. JSON is YAML. */
export function yamlOf({ title, about, stops }: Tour): string {
  const lines = [`- title: ${JSON.stringify(title)}`]
  if (about) lines.push(`  about: ${JSON.stringify(about)}`)
  lines.push('  stops:')
  for (const { view, text } of stops) lines.push(`    - {view: ${JSON.stringify(view)}, text: ${JSON.stringify(text)}}`)
  return `${lines.join('\n')}\n`
}

const LEAST_MS = 5000
const MS_PER_LETTER = 65

/** How long a stop is shown where a tour plays by itself: long enough to read it twice. */
export function dwellMs({ text }: Stop): number {
  return LEAST_MS + MS_PER_LETTER * text.length
}
