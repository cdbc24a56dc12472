/** A grid of numbers smoothed nearly as by a Gaussian: a few box filters, which cost the same for any width. */
const PASSES = 3

export function blur(values: Float32Array, width: number, height: number, deviation: number): void {
  const radius = Math.max(1, Math.round((Math.sqrt((12 * deviation ** 2) / PASSES + 1) - 1) / 2))
  const line = new Float32Array(Math.max(width, height))
  for (let pass = 0; pass < PASSES; pass++) {
    for (let y = 0; y < height; y++) box(values, y * width, 1, width, radius, line)
    for (let x = 0; x < width; x++) box(values, x, width, height, radius, line)
  }
}

/** The mean of 2 radius + 1 values in place of each of a line; beyond its ends there is nothing. */
function box(
  values: Float32Array,
  from: number,
  stride: number,
  length: number,
  radius: number,
  line: Float32Array,
): void {
  for (let i = 0; i < length; i++) line[i] = values[from + i * stride]
  let sum = 0
  for (let i = 0; i < Math.min(radius, length); i++) sum += line[i]
  for (let i = 0; i < length; i++) {
    if (i + radius < length) sum += line[i + radius]
    if (i - radius - 1 >= 0) sum -= line[i - radius - 1]
    values[from + i * stride] = Math.max(0, sum) / (2 * radius + 1)
  }
}
