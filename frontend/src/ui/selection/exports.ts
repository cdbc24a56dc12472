/** What leaves the page: files with entities, ids, links and pictures. */
import { columnOf } from '../../core/data/manifest'
import { composePicture, type PictureLegend } from '../../core/select/picture'
import { fileName, idsOf, tableOf, toCsv, toJson } from '../../core/select/table'
import { countText } from '../../core/select/words'
import { writeParts } from '../../core/url/state'
import type { MapView } from '../../core/map/map_view'
import type { Snapshot } from '../../core/map/snapshot'
import type { With } from '../atlas.svelte'
import { measureCover } from '../insets'

/** The page, and what of it a file, a picture or a link says. */
type Exported = With<'colourKey' | 'filter' | 'legend' | 'palette' | 'picked' | 'selection' | 'work'>

const PICTURE_SCALE = 2

export function download(content: Blob | string, name: string, type = 'text/plain'): void {
  const url = URL.createObjectURL(
    typeof content === 'string' ? new Blob([content], { type: `${type};charset=utf-8` }) : content,
  )
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000) // some browsers read it only after they have asked where to put it
}

async function copy(atlas: Exported, text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    atlas.work.say(`${what} copied`)
  } catch {
    atlas.work.say('The browser does not let this page copy. Save a file instead.')
  }
}

export function exportTable(atlas: Exported, rows: Uint32Array, format: 'csv' | 'excel' | 'json'): Promise<void> {
  const { atlas: about } = atlas.manifest!
  return atlas.work.run(`Loading the fields of ${countText(rows.length, about.entity)}`, async (steps) => {
    const table = await tableOf(atlas.bundle!, rows, steps)
    if (!table) return
    const name = (ending: string) =>
      fileName([about.name, rows.length === 1 ? table.rows[0].name : countText(rows.length, about.entity)], ending)
    if (format === 'json') download(toJson(table), name('json'), 'application/json')
    else download(toCsv(table, { excel: format === 'excel' }), name('csv'), 'text/csv')
  })
}

export function copyIds(atlas: Exported, rows: Uint32Array): Promise<void> {
  return atlas.work.run('Loading ids', async () => {
    const ids = await idsOf(atlas.bundle!, rows)
    await copy(atlas, ids.join('\n'), `${countText(ids.length, ['id', 'ids'])}, one a line:`)
  })
}

export async function copyLink(atlas: Exported): Promise<void> {
  atlas.link.remember('replace')
  const values = await atlas.link.values()
  await copy(atlas, new URL(writeParts(values) || location.pathname, location.href).href, 'Link')
}

export function exportPicture(atlas: Exported): Promise<void> {
  return atlas.work.run('Drawing the picture', async ({ wanted }) => {
    const { map, manifest, projection } = atlas
    const snapshot = await snapshotWithout(map!)
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
    const { title, attribution, licence, entity, name } = manifest!.atlas
    const { picked, filter, selection } = atlas
    const looked = selection.row >= 0 ? atlas.bundle!.nameOf(selection.row) : null
    const subtitle = [
      filter.active ? filter.summary : countText(manifest!.n, entity),
      projection?.name ?? '',
      picked.count > 1 ? `${picked.count.toLocaleString('en')} selected` : looked ? `Selected: ${looked}` : '',
    ]
      .filter(Boolean)
      .join(' · ')
    const { left, top } = map!.camera.insets // panels that are always there; the map may go on behind the others
    const picture = composePicture(
      snapshot,
      { left, top, right: 0, bottom: 0 },
      { title, subtitle, footer: [attribution, licence].filter(Boolean).join(' · ') },
      legendOf(atlas),
      {
        background: colour('map'),
        text: colour('text'),
        muted: colour('muted'),
        halo: colour('halo'),
        accent: colour('accent'),
        onAccent: colour('on-accent'),
      },
    )
    const file = await new Promise<Blob | null>((resolve) => picture.toBlob(resolve, 'image/png'))
    if (!wanted()) return
    if (file) download(file, fileName([name, projection?.method ?? ''], 'png'))
    else atlas.work.say('The picture is too large for this browser. Make the window smaller and try again.')
  })
}

/** The map with names also where panels lie on the screen. */
async function snapshotWithout(map: MapView): Promise<Snapshot> {
  const main = document.querySelector('main')!
  const { insets, obstacles } = measureCover(main, main.classList.contains('narrow'))
  const kept = obstacles.filter(({ left, top }) => left < insets.left || top < insets.top)
  map.setInsets(insets, kept)
  try {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    return await map.snapshot({ scale: PICTURE_SCALE })
  } finally {
    map.setInsets(insets, obstacles)
  }
}

function legendOf({ legend, palette, colourKey, manifest }: Exported): PictureLegend | null {
  if (!legend) return null
  const column = colourKey.startsWith('field:') ? columnOf(manifest!, colourKey.slice(6)) : undefined
  const faithful = colourKey === 'distortion'
  return {
    legend,
    palette,
    type: column?.type,
    title: faithful
      ? 'How faithful the map is'
      : column
        ? column.label + (column.unit ? ` (${column.unit})` : '')
        : 'Region',
    words: faithful ? ['faithful', 'torn from its neighbours'] : null,
  }
}
