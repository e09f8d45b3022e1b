// The conversion options: of the next uploads, which the browser remembers, or of one more MP3. Names and values are
// the API's.

import { html } from '../modules/preact.js'
import { useStore } from '../store.js'
import { options } from '../uploads.js'
import { words } from '../words.js'

const CHOICES = {
  quality: ['', '0', '2', '5', '320k', '192k', '128k', '64k'],
  channels: ['', 'mono', 'stereo'],
  sample_rate: ['', '48000', '44100', '22050', '16000'],
  loudness: ['', '-14', '-16', '-23'],
}
const TIME = '-?(\\d{1,6}|\\d{1,4}:[0-5]?\\d|\\d{1,2}:[0-5]?\\d:[0-5]?\\d)(\\.\\d{1,3})?'
const TEXTS = {
  start: { pattern: TIME, placeholder: '1:30' },
  end: { pattern: TIME, placeholder: '4:00' },
  track: { pattern: '\\d{1,3}|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}', placeholder: 'en' },
  title: { maxlength: 1000 },
  artist: { maxlength: 1000 },
  album: { maxlength: 1000 },
  genre: { maxlength: 1000 },
  year: { pattern: '\\d{4}', inputmode: 'numeric', placeholder: '2026' },
  comment: { maxlength: 1000 },
}
const PARTS = ['tags', 'cover', 'chapters'] // of the video, which the MP3 keeps

export function Options() {
  const count = Object.keys(useStore(options)).length
  return html`<details class="options">
    <summary>${words.options}${count > 0 && ` (${count})`}</summary>
    <${Fields} store=${options} />
  </details>`
}

/** The fields of the options that `store` has. */
export function Fields({ store }) {
  const chosen = useStore(store)
  const change = (name, value) => {
    const { [name]: _, ...others } = store.value
    store.value = value === null ? others : { ...others, [name]: value }
  }
  const set = (name, input) => input.reportValidity() && change(name, input.value || null)
  const kept = chosen.keep?.split(',') ?? PARTS
  const keep = (part, on) => {
    const now = PARTS.filter((name) => (name === part ? on : kept.includes(name)))
    change('keep', now.length < PARTS.length ? now.join() : null)
  }
  return html`<div class="fields">
      ${Object.entries(CHOICES).map(
        ([name, values]) => html`<label>
          <span>${words.option[name]}</span>
          <select value=${chosen[name] ?? ''} onChange=${(event) => set(name, event.target)}>
            ${values.map((value) => html`<option value=${value}>${words.choice[name][value] ?? value}</option>`)}
          </select>
        </label>`,
      )}
      ${Object.entries(TEXTS).map(
        ([name, rules]) => html`<label>
          <span>${words.option[name]}</span>
          <input value=${chosen[name] ?? ''} ...${rules} onChange=${(event) => set(name, event.target)} />
        </label>`,
      )}
      <fieldset>
        <legend>${words.keep}</legend>
        ${PARTS.map(
          (part) => html`<label class="check">
            <input
              type="checkbox"
              checked=${kept.includes(part)}
              onChange=${(event) => keep(part, event.target.checked)}
            />
            <span>${words.part[part]}</span>
          </label>`,
        )}
      </fieldset>
    </div>
    ${Object.keys(chosen).length > 0 &&
    html`<button type="button" onClick=${() => (store.value = {})}>${words.optionsReset}</button>`}`
}
