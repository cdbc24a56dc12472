/** Links and embedding code that others are given. */
import { writeParts } from './state'

/** Mail programs, chats and some servers cut longer addresses. */
export const LONGEST_LINK = 8000

export interface Page {
  origin: string
  pathname: string
  /** With its question mark, or empty. */
  search: string
}

/** The address of the page with these parts. `embed`: to be shown inside of another page. */
export function addressOf(
  { origin, pathname, search }: Page,
  parts: ReadonlyMap<string, string>,
  embed = false,
): string {
  const query = search
    .replace(/^\?/, '')
    .split('&')
    .filter((one) => one !== '' && !/^(embed|items2?)(=|$)/.test(one))
  if (embed) query.unshift('embed')
  return `${origin}${pathname}${query.length > 0 ? `?${query.join('&')}` : ''}${writeParts(parts)}`
}

export interface Size {
  /** CSS px; null = as wide as the page. */
  width: number | null
  height: number
}

export function embedCode(address: string, title: string, { width, height }: Size): string {
  const escape = (text: string) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')
  return `<iframe src="${escape(address)}" title="${escape(title)}" width="${width ?? '100%'}" height="${height}" style="border:0" loading="lazy" allowfullscreen></iframe>`
}
