/** The colours of the map. Ramps run from near the background to far from it, so that more stands out more. */
import { SLOT } from '../gl/look'
import { parseHex, ramp, type Rgb } from './oklab'

export type Scheme = 'dark' | 'light'
export type PaletteKind = 'plain' | 'ramp' | 'category' | 'boolean' | 'distortion'

/** Viridis (CC0, van der Walt and Smith 2015), without the end that would vanish in the background. */
const SEQUENTIAL: Record<Scheme, string[]> = {
  dark: ['#3f4e92', '#2c728e', '#21918c', '#28ae80', '#5ec962', '#addc30', '#fde725'],
  light: ['#8fd04a', '#35b779', '#21918c', '#2c728e', '#3b528b', '#472d7b', '#440154'],
}

/** From calm to alarming without red against green. */
const DISTORTION: Record<Scheme, string[]> = {
  dark: ['#3d5a80', '#7d8597', '#d9a05b', '#ff6b4a'],
  light: ['#9db4c8', '#8f8f9a', '#c97b1f', '#b3261e'],
}

/** Ten colours that also differ in lightness, in an order in which neighbours are told apart with any colour vision. */
const CATEGORIES: Record<Scheme, string[]> = {
  dark: ['#5aa9f5', '#f59e42', '#45c4a0', '#f27a92', '#f0d34c', '#b594f4', '#8fce5a', '#f5b3d1', '#4fd3e6', '#cf9468'],
  light: ['#2468b4', '#d06a08', '#12806a', '#c22f57', '#a27b00', '#7145c4', '#4c8a1a', '#c95796', '#0f87a0', '#85552f'],
}

const NEUTRAL: Record<Scheme, { other: string; unknown: string; plain: string; no: string }> = {
  dark: { other: '#7c8694', unknown: '#4a525e', plain: '#8fa6c0', no: '#66707e' },
  light: { other: '#8b929c', unknown: '#c3c9d1', plain: '#52708f', no: '#a0a7b1' },
}

const rgb = (hex: string): Rgb => parseHex(hex)!

/** 256 RGBA entries by palette slot. `own`: an atlas's colours of categories, before the usual ones. */
export function paletteFor(kind: PaletteKind, scheme: Scheme, own: readonly Rgb[] = []): Uint8Array {
  const bytes = new Uint8Array(256 * 4).fill(255)
  const put = (slot: number, colour: Rgb, alpha = 255) => bytes.set([...colour, alpha], slot * 4)
  if (kind === 'ramp') ramp(SEQUENTIAL[scheme], SLOT.ramp).forEach((colour, slot) => put(slot, colour))
  if (kind === 'distortion') ramp(DISTORTION[scheme], SLOT.ramp).forEach((colour, slot) => put(slot, colour))
  if (kind === 'category') CATEGORIES[scheme].forEach((hex, slot) => put(slot, own[slot] ?? rgb(hex)))
  if (kind === 'boolean') {
    put(0, rgb(NEUTRAL[scheme].no))
    put(1, rgb(CATEGORIES[scheme][1]))
  }
  put(SLOT.other, rgb(NEUTRAL[scheme].other))
  put(SLOT.unknown, rgb(NEUTRAL[scheme].unknown), 200)
  put(SLOT.plain, rgb(NEUTRAL[scheme].plain))
  return bytes
}

export function slotColour(palette: Uint8Array, slot: number): string {
  return `rgb(${palette[slot * 4]}, ${palette[slot * 4 + 1]}, ${palette[slot * 4 + 2]})`
}
