// The list of jobs: search, endless paging, selection, and what can be done with one or many.

import { html, useEffect, useRef, useState } from '../modules/preact.js'
import { deleting, everything, jobs, more, remove, trouble, undo } from '../jobs.js'
import { useStore } from '../store.js'
import { words } from '../words.js'
import { Job } from './job.js'
import { Trouble } from './parts.js'

const MOST_IN_ARCHIVE = 1000
const MOST_IN_URL = 200
const SHOWN = 60 // more rows at a time, so that a long list is drawn as it is read

export function Jobs() {
  const { list, next, loaded } = useStore(jobs)
  const going = useStore(deleting)
  const problem = useStore(trouble)
  const [search, setSearch] = useState('')
  const [chosen, setChosen] = useState(new Set())
  const [most, setMost] = useState(SHOWN)
  const end = useRef(null)
  const heading = useRef(null)
  const undoing = useRef(null)
  const before = useRef(null) // what was being deleted
  const wanted = ({ id, name }) => !going?.ids.has(id) && name.toLowerCase().includes(search.toLowerCase())
  const found = list.filter(wanted)
  const selected = found.filter(({ id }) => chosen.has(id))
  const done = selected.filter(isDone)
  const archive = zip(done, !next && done.length === list.filter(isDone).length)

  useEffect(() => void (search && everything()), [search])
  useEffect(() => {
    const watcher = new IntersectionObserver((changes) => {
      if (!changes.at(-1).isIntersecting) return // there may be several: it was out of sight, and came into it
      setMost((rows) => rows + SHOWN)
      more()
    })
    watcher.observe(end.current)
    return () => watcher.disconnect()
  }, [list.length, most])

  useEffect(() => {
    // The focus was in a row that is gone, or on a button that is.
    if (going) undoing.current.focus()
    else if (before.current && document.activeElement === document.body) heading.current.focus()
    before.current = going
  }, [going])

  // Rows that are not drawn again have the functions of an earlier time.
  const choose = (id, on) =>
    setChosen((before) => {
      const changed = new Set(before)
      if (on) changed.add(id)
      else changed.delete(id)
      return changed
    })
  const chooseAll = async (on) => {
    if (on) await everything()
    setChosen(new Set(on ? jobs.value.list.filter(wanted).map(({ id }) => id) : []))
  }
  const erase = (those) => {
    remove(those)
    setChosen(new Set())
  }
  return html`<section aria-labelledby="jobs">
    <h2 id="jobs" ref=${heading} tabindex="-1">${words.mp3s}</h2>
    <${Trouble} problem=${problem} />
    <p><a href="#account">${words.webhookAndFeed}</a></p>
    ${list.length > 0 &&
    html`<div class="tools">
      <label>
        <span class="hidden">${words.search}</span>
        <input
          type="search"
          placeholder=${words.search}
          value=${search}
          onInput=${(event) => {
            setSearch(event.target.value)
            setMost(SHOWN)
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked=${found.length > 0 && selected.length === found.length}
          onChange=${(event) => chooseAll(event.target.checked)}
        />
        <span>${words.selectAll}</span>
      </label>
      ${done.length > 0 &&
      (archive
        ? html`<a class="button" href=${archive} download>${words.zip(done.length)}</a>`
        : html`<span>${words.zipMost(MOST_IN_URL)}</span>`)}
      ${selected.length > 0 &&
      html`<button onClick=${() => erase(selected)}>${words.deleteMany(selected.length)}</button>`}
    </div>`}
    ${loaded && !list.length && html`<p>${words.noJobs}</p>`}
    ${search && !found.length && !next && html`<p role="status">${words.nothingFound}</p>`}
    <ul class="jobs" aria-label=${words.mp3s}>
      ${found.slice(0, most).map(
        (job) =>
          html`<${Job} key=${job.id} job=${job} chosen=${chosen.has(job.id)} choose=${choose} erase=${erase} />`,
      )}
    </ul>
    <div ref=${end}>${next && words.loading}</div>
    <div role="status" class="toast">
      ${going &&
      html`<p>${words.deleted(going.names)} <button ref=${undoing} onClick=${undo}>${words.undo}</button></p>`}
    </div>
  </section>`
}

function isDone({ state }) {
  return state === 'done'
}

/** Return the address of the archive of these jobs, null if they are too many for it. */
function zip(chosen, areAll) {
  if (areAll && chosen.length <= MOST_IN_ARCHIVE) return '/download.zip'
  return chosen.length <= MOST_IN_URL ? `/download.zip?${chosen.map(({ id }) => `job=${id}`).join('&')}` : null
}
