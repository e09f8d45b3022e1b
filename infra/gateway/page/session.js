// Who uses the page: a session is a cookie, which scripts cannot read.

import { call, onSignedOut } from './api.js'
import { Store } from './store.js'

/** The account, such as {id, email}; null if nobody is signed in, undefined before the service has said. */
export const account = new Store(undefined)

onSignedOut(() => (account.value = null))

// Somebody may have signed in in another tab, such as that of a letter's link.
addEventListener('visibilitychange', () => document.hidden || account.value !== null || recognise().catch(() => {}))

/** Ask the service who this is. */
export async function recognise() {
  try {
    account.value = await call('GET', '/auth/session', undefined, { entering: true })
  } catch (problem) {
    if (problem.status !== 401) throw problem
    account.value = null
  }
}

export async function signIn(email, password) {
  account.value = await call('POST', '/auth/session', { email, password }, { entering: true })
}

/** Return whether the address has to be confirmed first, by a letter; else the account is signed in. */
export async function signUp(email, password) {
  const made = await call('POST', '/auth/register', { email, password }, { entering: true })
  if (!made?.id) return true
  await signIn(email, password)
  return false
}

export async function signOut() {
  await call('DELETE', '/auth/session')
  account.value = null
}
