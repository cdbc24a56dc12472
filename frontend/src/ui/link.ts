/** The link of this page, which is the address bar. */
import { Link } from '../core/url/link'

export function browserLink(): Link {
  const link = new Link({
    hash: () => location.hash,
    write: (hash, mode) => {
      const url = hash === '' ? location.pathname + location.search : hash
      if (mode === 'push') history.pushState(null, '', url)
      else history.replaceState(null, '', url)
    },
  })
  addEventListener('popstate', () => void link.changed())
  return link
}
