// The drop area, the options of what comes next, and the uploads under way.

import * as files from '../files.js'
import { percent, size, clock } from '../format.js'
import { html, useEffect, useRef, useState } from '../modules/preact.js'
import { account } from '../session.js'
import { useStore } from '../store.js'
import { abandon, add, cancel, lost, pause, recover, remove, resume, uploads } from '../uploads.js'
import { words } from '../words.js'
import { Options } from './options.js'
import { Trouble } from './parts.js'

export function Uploads() {
  const list = useStore(uploads)
  const who = useStore(account)
  const [over, setOver] = useState(false)
  const left = useStore(lost)
  const input = useRef(null)
  const [none, setNone] = useState(false)
  const take = (some) => {
    setNone(!some.length)
    add(some)
  }
  useEffect(() => void recover(), [])
  useEffect(() => {
    // Anywhere on the page, so that a near miss does not leave the page for the video.
    const handlers = {
      dragover: (event) => {
        event.preventDefault()
        setOver(true)
      },
      dragleave: (event) => event.relatedTarget || setOver(false),
      drop: async (event) => {
        event.preventDefault()
        setOver(false)
        take(await files.dropped(event.dataTransfer))
      },
    }
    for (const [name, handler] of Object.entries(handlers)) addEventListener(name, handler)
    return () => Object.entries(handlers).forEach(([name, handler]) => removeEventListener(name, handler))
  }, [])
  const ask = (folder) => {
    input.current.webkitdirectory = folder
    input.current.click()
  }
  const choose = async () => {
    const picked = await files.pick()
    if (picked) add(picked)
    else ask(false)
  }
  const again = async (entry) => {
    const file = await files.ask(entry)
    if (file) add([{ file, handle: entry.handle }])
    else choose()
  }
  return html`<section aria-labelledby="add">
    <h2 id="add" class="hidden">${words.add}</h2>
    <div class="drop ${over ? 'over' : ''}">
      <p>${words.drop}</p>
      <button class="main" onClick=${choose}>${words.choose}</button>
      <button onClick=${() => ask(true)}>${words.chooseFolder}</button>
      <input
        ref=${input}
        type="file"
        multiple
        hidden
        accept="video/*,audio/*"
        onChange=${(event) => {
          take(files.chosen(event.target.files, event.target.webkitdirectory))
          event.target.value = ''
        }}
      />
      <${Options} />
    </div>
    <div role="status">${none && words.noVideos}</div>
    ${who === null && list.length > 0 && html`<p role="status">${words.filesWait(list.length)}</p>`}
    <ul class="uploads" aria-label=${words.uploads}>
      ${left.map((entry) => html`<${Lost} key=${entry.key} entry=${entry} again=${again} />`)}
      ${list.map((upload) => html`<${Upload} key=${upload.id} upload=${upload} />`)}
    </ul>
  </section>`
}

function Upload({ upload }) {
  const { id, name, size: bytes, state, sent, speed, problem } = upload
  const goes = state === 'uploading' || state === 'resting' || state === 'waiting'
  const button = (act, word) => html`<button onClick=${() => act(id)} aria-label=${`${word}: ${name}`}>${word}</button>`
  return html`<li class=${state}>
    <bdi class="name">${name}</bdi>
    <progress max=${bytes} value=${sent} aria-label=${words.sentOf(name)}>${percent(sent / bytes)}</progress>
    <span class="facts">
      ${words.uploadState[state]} · ${percent(bytes ? sent / bytes : 0)} · ${size(bytes)}
      ${speed > 0 && ` · ${words.perSecond(size(speed))} · ${words.left(clock((bytes - sent) / speed))}`}
    </span>
    <${Trouble} problem=${problem} />
    <span class="actions">
      ${goes && button(pause, words.pause)} ${state === 'paused' && button(resume, words.resume)}
      ${state === 'failed' && button(resume, words.retry)}
      ${state === 'failed' ? button(remove, words.close) : state !== 'done' && button(cancel, words.cancel)}
    </span>
  </li>`
}

/** An upload of the page before, whose file the browser gives after a click only. */
function Lost({ entry, again }) {
  return html`<li class="paused">
    <bdi class="name">${entry.name}</bdi>
    <span class="facts">${words.interrupted} · ${size(entry.size)}</span>
    <span class="actions">
      <button onClick=${() => again(entry)}>${entry.handle ? words.resume : words.chooseAgain}</button>
      <button onClick=${() => abandon(entry.key)}>${words.cancel}</button>
    </span>
  </li>`
}
