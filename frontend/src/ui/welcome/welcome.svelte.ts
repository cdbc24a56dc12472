/** What somebody sees who has not been here: what is near what, and what to try. Gone once something was tried. */
const KEY = 'atlas-welcomed'

export class Welcome {
  open = $state(!seen())

  close(): void {
    if (!this.open) return
    this.open = false
    try {
      localStorage.setItem(KEY, '1')
    } catch {
      // Storage may be forbidden; it then comes again with the next visit.
    }
  }
}

function seen(): boolean {
  try {
    return localStorage.getItem(KEY) !== null
  } catch {
    return false
  }
}
