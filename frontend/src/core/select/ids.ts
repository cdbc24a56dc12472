/**
 * Ids of a set as one text for links and for saving: few are readable, percent-encoded and comma separated; many are
 * deflated. `~` marks deflated ones, and no list starts with it otherwise.
 */
const READABLE = 100
/** Of a list that is unpacked: a short link can unpack to a thousand times its length. */
const MOST_BYTES = 32 << 20

export async function packIds(ids: readonly string[]): Promise<string> {
  if (ids.length <= READABLE)
    return ids.map((id) => id.replace(/[%,~]/g, encodeURIComponent).replace(/~/g, '%7E') || '%').join(',')
  const bytes = await through(new TextEncoder().encode(JSON.stringify(ids)), new CompressionStream('deflate-raw'))
  let binary = ''
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return `~${btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`
}

/** Null where the text was cut off, is no list of ids, or is one of more than MOST_BYTES. */
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
  let n = 0
  const within = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      n += chunk.length
      if (n > MOST_BYTES) controller.error(new RangeError('more than is unpacked'))
      else controller.enqueue(chunk)
    },
  })
  const all = new Blob([bytes]).stream().pipeThrough(stream).pipeThrough(within)
  return new Uint8Array(await new Response(all).arrayBuffer())
}
