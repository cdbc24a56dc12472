/** Files that people drop -> their text. Errors are sentences for the person at the screen. */
import { BundleError } from '../data/errors'

const MOST_BYTES = 20_000_000

export async function readListFile(file: File): Promise<string> {
  if (file.size > MOST_BYTES)
    throw new BundleError(`${file.name} has ${Math.round(file.size / 1e6)} MB. Lists of up to 20 MB can be read.`)
  return decodeText(new Uint8Array(await file.arrayBuffer()), file.name)
}

/** UTF-8, or what its first bytes say, or what old spreadsheets write. */
export function decodeText(bytes: Uint8Array, name: string): string {
  const starts = (...head: number[]) => head.every((byte, i) => bytes[i] === byte)
  if (starts(0x50, 0x4b, 3, 4) || starts(0xd0, 0xcf, 0x11, 0xe0))
    throw new BundleError(
      `${name} is a spreadsheet or an archive, not text. Save it as CSV first, or copy the column with the names.`,
    )
  if (starts(0xff, 0xfe)) return new TextDecoder('utf-16le').decode(bytes)
  if (starts(0xfe, 0xff)) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes.subarray(0, 4096).includes(0))
    throw new BundleError(`${name} is not a text file. Lists can be text, CSV, JSON, playlists or decks.`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
