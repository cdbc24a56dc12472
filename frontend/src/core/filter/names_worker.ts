/** Compares names off the main thread, which can then end a pattern that never ends by itself. */
import { matchNames, type NameClause } from './names'

export type ToNames = { kind: 'names'; names: string[] } | { kind: 'match'; clause: NameClause }

const names: string[] = []

self.onmessage = ({ data }: MessageEvent<ToNames>) => {
  if (data.kind === 'names') {
    for (const name of data.names) names.push(name)
    self.postMessage(null)
  } else {
    const passes = matchNames(names, data.clause)
    self.postMessage(passes, { transfer: [passes.buffer] })
  }
}
