/** What the map is coloured by, as a link and a list of choices name it: `field:year~log~c5~t5`. */
import { PLAIN_OPTIONS, type ColourOptions } from './encode'

export interface ColourChoice extends ColourOptions {
  /** `field:<name>`, `region`, `distortion`, `none`, or what another concern offers. */
  key: string
}

const SCALES = ['linear', 'log', 'quantile'] as const

export function formatChoice({ key, scale, clip, top }: ColourChoice): string {
  return [
    key,
    ...(scale ? [scale] : []),
    ...(clip ? [`c${clip}`] : []),
    ...(top === PLAIN_OPTIONS.top ? [] : [`t${top}`]),
  ].join('~')
}

/** Options that make no sense are left out. A key may hold ~ itself: options are read from the end. */
export function parseChoice(text: string): ColourChoice {
  const parts = text.split('~')
  const choice: ColourChoice = { key: text, ...PLAIN_OPTIONS }
  while (parts.length > 1) {
    const last = parts[parts.length - 1]
    const scale = SCALES.find((name) => name === last)
    if (scale) choice.scale = scale
    else if (last === 'c1' || last === 'c5') choice.clip = last === 'c1' ? 1 : 5
    else if (last === 't5') choice.top = 5
    else break
    parts.pop()
  }
  return { ...choice, key: parts.join('~') }
}
