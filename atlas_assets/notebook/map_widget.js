/** The page in a frame, and its selection as the one of the model; see frontend/src/ui/embed/embed.ts. */
function render({ model, el }) {
  const page = URL.createObjectURL(new Blob([model.get('_page')], { type: 'text/html' }))
  const frame = document.createElement('iframe')
  frame.title = 'Map'
  frame.sandbox = 'allow-scripts allow-popups allow-downloads'
  frame.style.cssText = 'display: block; width: 100%; border: 0; border-radius: 8px'
  let told = ''
  const resize = () => (frame.style.height = `${model.get('height')}px`)
  const send = () => {
    const ids = model.get('selection')
    if (JSON.stringify(ids) === told) return
    told = JSON.stringify(ids)
    frame.contentWindow?.postMessage({ atlas: 'select', ids }, '*')
  }
  let known = false
  const hear = ({ source, data }) => {
    if (source !== frame.contentWindow || data?.atlas !== 'picked') return
    if (!known) {
      // The page is there: what was selected before it came is told to it, and not lost to its empty selection.
      known = true
      if (model.get('selection').length > 0) return send()
    }
    told = JSON.stringify(data.ids)
    if (told === JSON.stringify(model.get('selection'))) return
    model.set('selection', data.ids)
    model.save_changes()
  }
  addEventListener('message', hear)
  model.on('change:selection', send)
  model.on('change:height', resize)
  resize()
  frame.src = page
  el.append(frame)
  return () => {
    removeEventListener('message', hear)
    model.off('change:selection', send)
    model.off('change:height', resize)
    URL.revokeObjectURL(page)
  }
}
export default { render }
