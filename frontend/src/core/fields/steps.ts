/** Steps of an axis that are easy to read. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= rough * 0.999) ?? 10) * power
}

export function evenEdges(low: number, high: number, integer: boolean, most: number): number[] {
  let step = niceStep((high - low + (integer ? 1 : 0)) / most)
  if (integer) step = step < 1 ? 1 : step === 2.5 ? 5 : step
  const first = Math.floor(low / step + 1e-9)
  const last = integer ? Math.floor(high / step) + 1 : Math.ceil(high / step - 1e-9)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(step)))
  return Array.from({ length: Math.max(1, last - first) + 1 }, (_, i) =>
    Number(((first + i) * step).toFixed(Math.min(20, digits))),
  )
}
