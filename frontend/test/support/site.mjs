/**
 * Builds the viewer once and serves it the way a site is published: below a sub-path, from plain files, with the
 * manifest named in index.html. A test may break single files through `override`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

export const FRONTEND = join(dirname(fileURLToPath(import.meta.url)), '../..')
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.bin': 'application/octet-stream',
}

/** `folder`: where its sources lie; they are built into `dist` there. */
export function buildViewer(folder = FRONTEND) {
  execFileSync(join(FRONTEND, 'node_modules/.bin/vite'), ['build', '--logLevel', 'warn'], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'production' },
  }) // vitest sets it to test, which would build a development version
}

/** Serves dist plus the bundle in `data` at /some/where/; override(path) may answer {status, body} instead of a file. */
export async function serveSite({ data, manifest = 'data/map/manifest.json', dist = join(FRONTEND, 'dist') }) {
  const site = { override: () => null, requests: [] }
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname))
    const inside = path.replace(/^\/some\/where\//, '')
    site.requests.push(inside)
    const forced = site.override(inside)
    if (forced) {
      response.writeHead(forced.status ?? 200, { 'content-type': TYPES[extname(inside) || '.html'] ?? 'text/plain' })
      response.end(forced.body ?? '')
      return
    }
    const relative = inside === '' || inside === '/' ? 'index.html' : inside
    const file = relative.startsWith('data/map/') ? join(data, relative.slice(9)) : join(dist, relative)
    if (path.includes('..') || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end('not found')
      return
    }
    let body = readFileSync(file)
    if (relative === 'index.html')
      body = body.toString().replace('name="atlas-manifest" content=""', `name="atlas-manifest" content="${manifest}"`)
    const kept = relative.startsWith('assets/') ? { 'cache-control': 'max-age=31536000, immutable' } : {} // as hosts do
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...kept })
    response.end(body)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  site.url = `http://127.0.0.1:${server.address().port}/some/where/`
  site.close = () => new Promise((resolve) => server.close(resolve))
  return site
}
