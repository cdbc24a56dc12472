/** Downloads bundle files whole (no range requests: compressing servers break them) and inflates them. */
import { get as getCarried } from './carried'
import { BundleError } from './errors'
import type { FileEntry } from './manifest'

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>
/** Called with the bytes that just arrived. */
export type OnBytes = (bytes: number) => void

const GZIP = [0x1f, 0x8b] as const

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === GZIP[0] && bytes[1] === GZIP[1]
}

async function inflate(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  } catch {
    throw new BundleError(`${path} cannot be unpacked: it is damaged or was cut off on the way. Try again.`)
  }
}

function isOffline(): boolean {
  return typeof navigator !== 'undefined' && navigator.onLine === false
}

async function request(url: string, path: string, get: Fetch): Promise<Response> {
  let response: Response
  try {
    response = await get(url)
  } catch {
    if (isOffline())
      throw new BundleError(`You are offline, so ${path} could not be loaded. Try again when there is a connection.`)
    throw new BundleError(`${path} could not be reached. Check the connection and try again.`)
  }
  if (!response.ok) {
    const reason =
      response.status === 404 ? 'is missing on the server' : `was refused by the server (status ${response.status})`
    throw new BundleError(
      `${path} ${reason}. Part of this map was not published; try again, or publish the site again.`,
    )
  }
  return response
}

async function readAll(response: Response, path: string, onBytes?: OnBytes): Promise<Uint8Array> {
  if (!response.body || !onBytes) return new Uint8Array(await response.arrayBuffer())
  const reader = response.body.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      parts.push(value)
      size += value.length
      onBytes(value.length)
    }
  } catch {
    throw new BundleError(`${path} was cut off on the way. Check the connection and try again.`)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Whether a server answered with a page of its own, as some do instead of a 404. */
function isWebPage(bytes: Uint8Array): boolean {
  return /^\s*<(!doctype|html|head|body)/i.test(new TextDecoder().decode(bytes.subarray(0, 64)))
}

/** The first digits of the SHA-256 that the file's name carries, or null: names of other writers need not. */
function promisedDigits(path: string): string | null {
  return /\.([0-9a-f]{16})\.[a-z]+$/.exec(path)?.[1] ?? null
}

/** Checks what lies on disk against the name; pages that are not served securely have no SHA-256 and go without. */
async function checkContent(bytes: Uint8Array, path: string): Promise<void> {
  const promised = promisedDigits(path)
  if (promised === null || !globalThis.crypto?.subtle) return
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource))
  const found = Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (found !== promised)
    throw new BundleError(
      `${path} has another content than this map expects. The site was probably updated while you looked: load the page again.`,
      true,
    )
}

/**
 * The content of a bundle file. A server may have inflated it already (Content-Encoding), so the magic bytes decide,
 * and length and hash are compared only when what arrived is what lies on disk.
 */
export async function fetchFile(
  base: string,
  file: FileEntry,
  options: { get?: Fetch; onBytes?: OnBytes } = {},
): Promise<Uint8Array> {
  const { get = getCarried, onBytes } = options
  const bytes = await readAll(await request(new URL(file.path, base).href, file.path, get), file.path, onBytes)
  if (isWebPage(bytes))
    throw new BundleError(
      `${file.path} is missing: the server sent a web page in its place. Try again, or publish the site again.`,
    )
  if (!isGzip(bytes)) return bytes
  if (bytes.length !== file.bytes) {
    throw new BundleError(
      `${file.path} has ${bytes.length} bytes and the manifest promises ${file.bytes}: it was cut off or belongs to another build. Try again.`,
    )
  }
  await checkContent(bytes, file.path)
  return inflate(bytes, file.path)
}

export async function fetchText(url: string, path: string, get: Fetch = getCarried): Promise<string> {
  return (await request(url, path, get)).text()
}
