/** Draws pictures on a canvas above the map: squares with a frame in the colour of their point. */
import type { Square } from './sheets'

export interface Placed {
  x: number
  y: number
  /** px. */
  size: number
  square: Square
  /** Of the frame, as CSS. */
  colour: string
  frame: number
}

export function drawPictures(context: CanvasRenderingContext2D, pictures: Iterable<Placed>): void {
  context.imageSmoothingQuality = 'high'
  for (const { x, y, size, square, colour, frame } of pictures) {
    const [left, top] = [Math.round(x - size / 2), Math.round(y - size / 2)]
    context.fillStyle = colour
    context.fillRect(left - frame, top - frame, size + 2 * frame, size + 2 * frame)
    context.drawImage(square.image, square.x, square.y, square.side, square.side, left, top, size, size)
  }
}

/** A sheet decoded, and which of its squares hold something: one pixel of each is enough to see. */
export async function decodeSheet(
  bytes: Uint8Array,
  { across, side }: { across: number; side: number },
): Promise<{ image: ImageBitmap; filled: (place: number) => boolean }> {
  const image = await createImageBitmap(new Blob([bytes as BlobPart]))
  const down = Math.round(image.height / side)
  const small = new OffscreenCanvas(across, down)
  const context = small.getContext('2d', { willReadFrequently: true })!
  context.drawImage(image, 0, 0, across, down)
  const { data } = context.getImageData(0, 0, across, down)
  return { image, filled: (place) => place < across * down && data[place * 4 + 3] > 8 }
}
