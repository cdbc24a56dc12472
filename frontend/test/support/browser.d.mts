import type { Browser } from 'playwright-core'

export const FLAGS: string[]
export function launch(extra?: string[]): Promise<Browser>
