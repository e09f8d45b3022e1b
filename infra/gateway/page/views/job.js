// One job: what it is, how far, why not, and its MP3.

import { call } from '../api.js'
import { clock, percent, size, time } from '../format.js'
import { Component, html, useEffect, useRef, useState } from '../modules/preact.js'
import { soon } from '../jobs.js'
import { Store } from '../store.js'
import { words } from '../words.js'
import { Fields } from './options.js'
import { Copy, Form, Trouble, toClipboard } from './parts.js'

const LINK_SECONDS = 7 * 24 * 3600
const SHORT_SECONDS = 60 // of a link that is only used to read the chapters

/** A row, which is drawn again only if its job has changed. */
export class Job extends Component {
  shouldComponentUpdate({ job, chosen }) {
    return job !== this.props.job || chosen !== this.props.chosen
  }

  render(properties) {
    return html`<${Row} ...${properties} />`
  }
}

function Row({ job, chosen, choose, erase }) {
  const { id, name, state, progress, reason, mp3 } = job
  const [plays, setPlays] = useState(false)
  const [link, setLink] = useState(null)
  const [asks, setAsks] = useState(false) // for another MP3 of the same video
  const [problem, setProblem] = useState(null)
  const share = async () => {
    setProblem(null)
    try {
      const made = await call('POST', `/jobs/${id}/link`, { expires_in: LINK_SECONDS })
      setLink({ ...made, copied: await toClipboard(made.url) })
    } catch (failure) {
      setProblem(failure)
    }
  }
  const about = (word) => `${word}: ${name}`
  return html`<li class="job ${state}">
    <input
      type="checkbox"
      aria-label=${about(words.select)}
      checked=${chosen}
      onChange=${(event) => choose(id, event.target.checked)}
    />
    <bdi class="name">${name}</bdi>
    <span class="facts">
      ${words.state[state]} ${state === 'converting' && `· ${percent(progress)} `}
      ${mp3 && `· ${clock(mp3.duration)} · ${size(mp3.size)} `}· <time datetime=${job.created}>${time(job.created)}</time>
    </span>
    ${state === 'converting' &&
    html`<progress max="1" value=${progress} aria-label=${about(words.state.converting)}>${percent(progress)}</progress>`}
    ${mp3?.incomplete && html`<p class="reason">${words.incomplete}</p>`}
    ${reason &&
    html`<p class="reason" lang=${words.reason[reason.code] ? null : 'en'}>
      ${words.reason[reason.code] ?? reason.message}
    </p>`}
    <span class="actions">
      ${mp3 &&
      html`
        <button aria-expanded=${plays} aria-label=${about(words.play)} onClick=${() => setPlays(!plays)}>
          ${plays ? words.close : words.play}
        </button>
        <a class="button" href=${`/download/${mp3.id}`} download aria-label=${about(words.download)}>
          ${words.download}
        </a>
        <button aria-label=${about(words.share)} onClick=${share}>${words.share}</button>
      `}
      ${Date.parse(job.video_kept_until) > Date.now() &&
      html`<button aria-expanded=${asks} aria-label=${about(words.again)} onClick=${() => setAsks(!asks)}>
        ${asks ? words.close : words.again}
      </button>`}
      <button aria-label=${about(words.delete)} onClick=${() => erase([job])}>${words.delete}</button>
    </span>
    ${plays && html`<${Player} job=${job} />`}
    ${asks && html`<${Again} job=${job} done=${() => setAsks(false)} />`}
    ${link &&
    html`<p class="link">
      <${Copy} key=${link.url} text=${link.url} label=${about(words.link)} done=${link.copied} />
      ${words.until(time(link.expires))}
    </p>`}
    <${Trouble} problem=${problem} />
  </li>`
}

/** Makes another MP3 of a video that the service still has, with other options. */
function Again({ job: { id, name, options }, done }) {
  const { current: store } = useRef(new Store(options))
  const send = async () => {
    await call('POST', `/jobs/${id}/again?${new URLSearchParams(store.value)}`)
    soon()
    done()
  }
  return html`<${Form} send=${send} action=${words.againAction} label=${`${words.again}: ${name}`}>
    <${Fields} store=${store} />
  <//>`
}

/** Plays the MP3; its chapters, if it has any, are places to go to. */
function Player({ job: { id, name, mp3 } }) {
  const [chapters, setChapters] = useState([])
  const audio = useRef(null)
  useEffect(() => void chaptersOf(id).then(setChapters, () => {}), [id]) // without them it plays all the same
  const go = (seconds) => {
    audio.current.currentTime = seconds
    audio.current.play()
  }
  return html`<div>
    <audio ref=${audio} controls autoplay src=${`/download/${mp3.id}`} aria-label=${name}></audio>
    <ol class="chapters" aria-label=${words.chapters}>
      ${chapters.map(
        ({ startTime, title }) => html`<li key=${startTime}>
          <button class="plain" onClick=${() => go(startTime)}>${clock(startTime)} <bdi>${title}</bdi></button>
        </li>`,
      )}
    </ol>
  </div>`
}

async function chaptersOf(id) {
  const { url } = await call('POST', `/jobs/${id}/link`, { expires_in: SHORT_SECONDS })
  return (await call('GET', `${new URL(url).pathname}/chapters`)).chapters
}
