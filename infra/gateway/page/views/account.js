// The account: storage, password, sessions, API tokens, webhook, podcast feed, deletion.

import { call } from '../api.js'
import { percent, size, time } from '../format.js'
import { html, useEffect, useState } from '../modules/preact.js'
import { account, signOut } from '../session.js'
import { useStore } from '../store.js'
import { options } from '../uploads.js'
import { words } from '../words.js'
import { Fields } from './options.js'
import { Copy, Field, Form, Trouble } from './parts.js'

export function Account() {
  const who = useStore(account)
  return html`<section class="account" aria-labelledby="account">
    <h2 id="account">${words.account}</h2>
    <p><bdi>${who.email}</bdi></p>
    <${Storage} />
    <${Defaults} />
    <${Password} email=${who.email} />
    <${Sessions} />
    <${Tokens} />
    <${Webhook} />
    <${Feed} />
    <${Deletion} />
  </section>`
}

/** Read `path` from the API. Return `[answer, problem, read, change]`: the answer is undefined until it is there, and
 * null after a 404. `read` requests it again. `change` awaits a function that changes it on the service, and then
 * requests it again; a failure of either becomes the problem. */
function useAnswer(path) {
  const [answer, setAnswer] = useState(undefined)
  const [problem, setProblem] = useState(null)
  const read = async () => {
    try {
      setAnswer(await call('GET', path))
      setProblem(null)
    } catch (failure) {
      if (failure.status === 404) setAnswer(null)
      else setProblem(failure)
    }
  }
  const change = async (work) => {
    try {
      await work()
      await read()
    } catch (failure) {
      setProblem(failure)
    }
  }
  useEffect(() => void read(), [path])
  return [answer, problem, read, change]
}

function Part({ title, problem, children }) {
  return html`<section>
    <h3>${title}</h3>
    <${Trouble} problem=${problem} />
    ${children}
  </section>`
}

function Storage() {
  const [usage, problem] = useAnswer('/usage')
  return html`<${Part} title=${words.storage} problem=${problem}>
    ${usage &&
    html`<p>
      <meter max=${usage.quota} value=${usage.stored} aria-label=${words.storage}>
        ${percent(usage.stored / usage.quota)}
      </meter>
      ${words.usedOf(size(usage.stored), size(usage.quota))}
    </p>`}
  <//>`
}

function Defaults() {
  return html`<${Part} title=${words.options}>
    <p>${words.optionsHint}</p>
    <${Fields} store=${options} />
  <//>`
}

function Password({ email }) {
  const change = async ({ current, password }) => {
    await call('POST', '/auth/password', { current, new: password })
    await call('POST', '/auth/session', { email, password }, { entering: true }) // the change has ended all sessions
  }
  return html`<${Part} title=${words.password}>
    <${Form} send=${change} action=${words.change} label=${words.password}>
      <input type="hidden" autocomplete="username" value=${email} />
      <${Field} label=${words.currentPassword} name="current" type="password" autocomplete="current-password" required />
      <${Field}
        label=${words.newPassword}
        name="password"
        type="password"
        autocomplete="new-password"
        minlength="12"
        maxlength="128"
        hint=${words.passwordRule}
        required
      />
    <//>
  <//>`
}

function Sessions() {
  const [answer, problem, , change] = useAnswer('/auth/sessions')
  const end = (path) => change(() => call('DELETE', path))
  return html`<${Part} title=${words.sessions} problem=${problem}>
    <ul>
      ${answer?.sessions.map(
        ({ id, device, address, last_seen: seen, current }) => html`<li key=${id}>
          <bdi>${device || words.unknownDevice}</bdi> · ${address} · ${time(seen)}
          ${current
            ? html` · ${words.thisOne}`
            : html` <button onClick=${() => end(`/auth/sessions/${id}`)}>${words.end}</button>`}
        </li>`,
      )}
    </ul>
    ${answer?.sessions.length > 1 && html`<button onClick=${() => end('/auth/sessions')}>${words.endOthers}</button>`}
  <//>`
}

function Tokens() {
  const [answer, problem, read, change] = useAnswer('/auth/tokens')
  const [made, setMade] = useState(null)
  const make = async ({ name, days, scope }) => {
    setMade(await call('POST', '/auth/tokens', { name, scope, expires_in_days: Number(days) }))
    read()
  }
  const revoke = (id) => change(() => call('DELETE', `/auth/tokens/${id}`))
  return html`<${Part} title=${words.tokens} problem=${problem}>
    <p>${words.tokensHint}</p>
    <ul>
      ${answer?.tokens.map(
        ({ id, name, scope, expires, last_used: used }) => html`<li key=${id}>
          <bdi>${name}</bdi> · ${words.scope[scope]} · ${words.until(time(expires))} ·
          ${used ? words.lastUsed(time(used)) : words.neverUsed}
          <button aria-label=${`${words.revoke}: ${name}`} onClick=${() => revoke(id)}>${words.revoke}</button>
        </li>`,
      )}
    </ul>
    ${made && html`<p role="status">${words.shownOnce} <${Copy} text=${made.token} label=${words.token} /></p>`}
    <${Form} send=${make} action=${words.makeToken} label=${words.tokens} kind="row">
      <${Field} label=${words.name} name="name" maxlength="100" required />
      <${Field} label=${words.days} name="days" type="number" min="1" max="365" value="90" required />
      <label>
        <span>${words.allows}</span>
        <select name="scope">
          ${['write', 'read'].map((scope) => html`<option value=${scope}>${words.scope[scope]}</option>`)}
        </select>
      </label>
    <//>
  <//>`
}

function Webhook() {
  const [webhook, problem, read] = useAnswer('/webhook')
  const [failure, setFailure] = useState(null)
  const [said, setSaid] = useState('')
  const [secret, setSecret] = useState('')
  const set = async ({ url }) => {
    setSecret((await call('PUT', '/webhook', { url }))?.secret ?? '')
    read()
  }
  const act = (method, path) => async () => {
    setFailure(null)
    setSaid('')
    try {
      const answer = await call(method, path)
      if (answer) setSaid(answer.accepted ? words.webhookTested : words.webhookFailed(answer.status ?? answer.error))
      read()
    } catch (trouble) {
      setFailure(trouble)
    }
  }
  return html`<${Part} title=${words.webhook} problem=${problem ?? failure}>
    <p>${words.webhookHint}</p>
    ${webhook &&
    html`<p>
      <bdi>${webhook.url}</bdi> ${webhook.off && words.webhookOff}
      <button onClick=${act('POST', '/webhook/test')}>${words.webhookTest}</button>
      <button onClick=${act('DELETE', '/webhook')}>${words.delete}</button>
    </p>`}
    ${secret && html`<p role="status">${words.shownOnce} <${Copy} text=${secret} label=${words.secret} /></p>`}
    <p role="status">${said}</p>
    <${Form} send=${set} action=${words.save} label=${words.webhook} kind="row">
      <${Field} label="URL" name="url" type="url" placeholder="https://" required />
    <//>
  <//>`
}

function Feed() {
  const [feed, problem, read, change] = useAnswer('/feed')
  const [made, setMade] = useState(null)
  const make = async () => {
    setMade(await call('POST', '/feed'))
    read()
  }
  const revoke = () =>
    change(async () => {
      await call('DELETE', '/feed')
      setMade(null)
    })
  return html`<${Part} title=${words.feed} problem=${problem}>
    <p>${words.feedHint}</p>
    ${made && html`<p role="status">${words.shownOnce} <${Copy} text=${made.url} label=${words.feed} /></p>`}
    <${Form} send=${make} action=${feed ? words.feedNew : words.feedMake} label=${words.feed} kind="row"><//>
    ${feed && html`<button onClick=${revoke}>${words.revoke}</button>`}
  <//>`
}

function Deletion() {
  const erase = async ({ password }) => {
    await call('DELETE', '/auth/account', { password })
    await signOut().catch(() => (account.value = null))
  }
  return html`<${Part} title=${words.deleteAccount}>
    <p>${words.deleteAccountHint}</p>
    <${Form} send=${erase} action=${words.deleteAccount} label=${words.deleteAccount} kind="row danger">
      <${Field} label=${words.password} name="password" type="password" autocomplete="current-password" required />
    <//>
  <//>`
}
