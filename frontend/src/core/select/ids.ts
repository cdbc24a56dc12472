/**
 * Ids of a set as one text for links and for saving: few are readable, percent-encoded and comma separated; many are
 * deflated. `~` marks deflated ones, and no list starts with it otherwise.
 */
const READABLE = 100

export async function packIds(ids: readonly string[]): Promise<string> {
  if (ids.length <= READABLE)
    return ids.map((id) => id.replace(/[%,~]/g, encodeURIComponent).replace(/~/g, '%7E') || '%').join(',')
  const bytes = await through(new TextEncoder().encode(JSON.stringify(ids)), new CompressionStream('deflate-raw'))
  let binary = ''
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return `~${btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`
}

/** Null where the text was cut off or is no list of ids. */
export async function unpackIds(text: string): Promise<string[] | null> {
  try {
    if (!text.startsWith('~'))
      return text === '' ? [] : text.split(',').map((id) => (id === '%' ? '' : decodeURIComponent(id)))
    const bytes = Uint8Array.from(atob(text.slice(1).replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
    const ids: unknown = JSON.parse(
      new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw'))),
    )
    return Array.isArray(ids) ? ids.map(String) : null
  } catch {
    return null
  }
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer())
}
