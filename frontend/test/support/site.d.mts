export const FRONTEND: string
export function buildViewer(folder?: string): void
export interface Site {
  url: string
  requests: string[]
  override: (path: string) => { status?: number; body?: string | Uint8Array } | null
  close(): Promise<void>
}
export function serveSite(options: { data: string; manifest?: string; dist?: string }): Promise<Site>
