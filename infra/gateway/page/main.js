// The page: who is signed in decides what is shown, and the part of the address behind the # which view.

import { Problem, waking } from './api.js'
import { html, render, useEffect, useState } from './modules/preact.js'
import { account, recognise, signOut } from './session.js'
import { useStore } from './store.js'
import { LANGUAGES, language, load, words } from './words.js'

import { Account } from './views/account.js'
import { Door } from './views/door.js'
import { Jobs } from './views/jobs.js'
import { Trouble } from './views/parts.js'
import { Uploads } from './views/uploads.js'

function Page() {
  const who = useStore(account)
  const slow = useStore(waking)
  const code = useStore(language)
  const [view, setView] = useState(location.hash)
  const [trouble, setTrouble] = useState(null)
  const [loaded, setLoaded] = useState(code)
  useEffect(() => {
    const changed = () => setView(location.hash)
    addEventListener('hashchange', changed)
    known.catch(setTrouble)
    return () => removeEventListener('hashchange', changed)
  }, [])
  useEffect(() => void load().then(() => setLoaded(language.value), () => setTrouble(new Problem(0, ''))), [code])
  const retry = () => {
    setTrouble(null)
    recognise().catch(setTrouble)
  }
  return html`<div key=${loaded}>
    <header>
      <h1><a href="#">video2mp3</a></h1>
      <nav aria-label=${words.menu}>
        ${who && html`<a href="#" aria-current=${view === '#account' ? null : 'page'}>${words.mp3s}</a>`}
        ${who && html`<a href="#account" aria-current=${view === '#account' ? 'page' : null}>${words.account}</a>`}
        ${who && html`<button class="plain" onClick=${() => signOut().catch(setTrouble)}>${words.signOut}</button>`}
        <select aria-label=${words.language} value=${code} onChange=${(event) => (language.value = event.target.value)}>
          ${Object.entries(LANGUAGES).map(([tag, name]) => html`<option value=${tag} lang=${tag}>${name}</option>`)}
        </select>
      </nav>
    </header>
    <div role="status" class="waking">${slow && words.waking}</div>
    <main>
      <${Trouble} problem=${trouble}> <button onClick=${retry}>${words.retry}</button><//>
      ${who && view === '#account'
        ? html`<${Account} />`
        : html`
            ${!who && html`<p class="lead">${words.lead}</p>`}
            <${Uploads} />
            ${who === null && html`<${Door} hash=${view} />`} ${who && html`<${Jobs} />`}
          `}
    </main>
    <footer><a href="/openapi.json">${words.api}</a></footer>
  </div>`
}

// Asked while the words are on their way: a slow network takes long for each.
const known = recognise()
known.catch(() => {})
await load()
render(html`<${Page} />`, document.querySelector('#page'))
