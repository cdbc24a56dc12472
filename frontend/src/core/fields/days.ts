/** Dates as days since 1970-01-01, UTC. */
export const DAY_MS = 86_400_000

/** Month 1 … 12, and 13 is January of the next year. */
export function dayOf(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return Math.round(date.getTime() / DAY_MS)
}

export function formatDay(days: number): string {
  return new Date(Math.floor(days) * DAY_MS).toISOString().slice(0, 10)
}
