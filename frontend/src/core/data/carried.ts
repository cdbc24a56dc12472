/** Files that a page of one file carries inside itself (atlas_assets/publish/single_file.py): it can load no others. */

declare global {
  /** Their content in base 64 by their path from the manifest; absent from pages of a site. */
  var atlasFiles: ReadonlyMap<string, string> | undefined
}

/** Where such a page says that its files are: nowhere that could be asked. */
export const INSIDE = 'https://inside.invalid/'

/** Whether this page carries its files. */
export function isWhole(): boolean {
  return globalThis.atlasFiles !== undefined
}

/** As `fetch`, of what the page carries where it carries something. */
export async function get(url: string, init?: RequestInit): Promise<Response> {
  if (!url.startsWith(INSIDE)) return fetch(url, init)
  const text = globalThis.atlasFiles?.get(url.slice(INSIDE.length))
  if (text === undefined) return new Response(null, { status: 404 })
  return new Response(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)))
}

/** An address for an `<img>`: of what the page carries, its content. */
export function pictureAt(url: string): string {
  const text = url.startsWith(INSIDE) ? globalThis.atlasFiles?.get(url.slice(INSIDE.length)) : undefined
  if (text === undefined) return url
  const type = url.endsWith('.svg') ? 'svg+xml' : (/[a-z]+$/.exec(url)?.[0] ?? 'png')
  return `data:image/${type};base64,${text}`
}
