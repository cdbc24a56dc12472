/** A way between two maps that can be travelled: by hand, or played to and fro. */
export interface Way {
  /** 0 … 1. */
  readonly t: number
  readonly playing: boolean
  setT(t: number): void
  play(): void
  pause(): void
  close(): void | Promise<void>
}

export function playOrPause(way: Way): void {
  if (way.playing) way.pause()
  else way.play()
}
