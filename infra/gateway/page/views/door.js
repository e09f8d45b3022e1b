// Sign up, sign in, confirm the address, and a new password.

import { call } from '../api.js'
import { html, useEffect, useState } from '../modules/preact.js'
import { signIn, signUp } from '../session.js'
import { words } from '../words.js'
import { Field, Form } from './parts.js'

const email = () => html`<${Field} label=${words.email} name="email" type="email" autocomplete="username" required />`
const password = (isNew) =>
  html`<${Field}
    label=${isNew ? words.newPassword : words.password}
    name="password"
    type="password"
    autocomplete=${isNew ? 'new-password' : 'current-password'}
    hint=${isNew && words.passwordRule}
    minlength=${isNew ? 12 : null}
    maxlength="128"
    required
  />`
const code = (known) =>
  html`<${Field}
    label=${words.code}
    name="code"
    value=${known}
    autocomplete="one-time-code"
    inputmode="numeric"
    hint=${words.codeHint}
    required
  />`

/** `hash`: the address of a letter's link, such as `#verify=SECRET` or `#reset=SECRET`, or that of a view. */
export function Door({ hash }) {
  const [, link, secret] = /^#(verify|reset)=(.+)$/.exec(hash) ?? []
  const [view, setView] = useState(link ?? 'up')
  const [address, setAddress] = useState('')
  const [made, setMade] = useState(null) // the account that waits for its code: who types it is signed in at once
  useEffect(() => void (link && setView(link)), [link])
  const toSignIn = () => {
    location.hash = '' // the secret of a letter works once
    setView('in')
  }
  const to = (name) => html`<button type="button" class="plain" onClick=${() => setView(name)}>${words.to[name]}</button>`

  const views = {
    up: [
      async (given) => {
        if (!(await signUp(given.email, given.password))) return
        setAddress(given.email)
        setMade(given)
        setView('verify')
      },
      [email(), password(true)],
      ['in'],
    ],
    in: [({ email, password }) => signIn(email, password), [email(), password(false)], ['up', 'forgot']],
    verify: [
      async (given) => {
        await call('POST', '/auth/verify-email', proof(given, secret, address))
        if (made && !secret) await signIn(made.email, made.password)
        else toSignIn()
      },
      secret ? [] : [!address && email(), code()],
      ['in', 'up'],
    ],
    forgot: [
      async (given) => {
        await call('POST', '/auth/forgot', { email: given.email })
        setAddress(given.email)
        setView('reset')
      },
      [email()],
      ['in'],
    ],
    reset: [
      async (given) => {
        await call('POST', '/auth/reset', { ...proof(given, secret, address), password: given.password })
        toSignIn()
      },
      secret ? [password(true)] : [!address && email(), code(), password(true)],
      ['in'],
    ],
  }
  const [send, fields, others] = views[view]
  return html`<section class="door" aria-labelledby="door">
    <h2 id="door">${words.door[view]}</h2>
    ${words.doorHint[view] && html`<p>${words.doorHint[view](address)}</p>`}
    <${Form} key=${view} send=${send} action=${words.doorAction[view]} label=${words.door[view]}>${fields}<//>
    <p class="others">${others.map(to)}</p>
  </section>`
}

/** What shows that a letter has arrived: the secret of its link, or the address and the code. */
function proof(given, secret, address) {
  return secret ? { secret } : { email: given.email ?? address, code: given.code }
}
