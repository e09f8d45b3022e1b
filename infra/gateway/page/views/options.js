// The conversion options of the next uploads, which the browser remembers. Names and values are the API's.

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
}

export function Options() {
  const chosen = useStore(options)
  const set = (name, input) => {
    if (!input.reportValidity()) return
    const { [name]: _, ...others } = options.value
    options.value = input.value ? { ...others, [name]: input.value } : others
  }
  const count = Object.keys(chosen).length
  return html`<details class="options">
    <summary>${words.options}${count > 0 && ` (${count})`}</summary>
    <div class="fields">
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
    </div>
    ${count > 0 && html`<button onClick=${() => (options.value = {})}>${words.optionsReset}</button>`}
  </details>`
}
