import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

/** The dev server injects inline styles and opens a socket, which the page's policy forbids; the built page keeps it. */
const withoutPolicyInDevelopment: Plugin = {
  name: 'atlas-dev-policy',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace(/<meta[^>]+Content-Security-Policy[^>]+>/, ''),
}

export default defineConfig({
  base: './', // the site works below any path
  publicDir: false,
  plugins: [svelte(), withoutPolicyInDevelopment],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    cssCodeSplit: false, // one small file, so that what comes later never flashes
    assetsInlineLimit: 0, // data: URLs for fonts or workers would need a wider policy
    reportCompressedSize: true,
  },
})
