// Calls of the service's HTTP API: JSON in and out, a Problem for every error.

import { Store } from './store.js'

const SLOW = 1500 // ms: a function that starts from zero takes longer
const TRIES = 4

/** Whether a request has waited for a while: a function is starting. */
export const waking = new Store(false)

/** An answer that is no success; `status` is 0 without an answer, `retryAfter` in seconds. */
export class Problem extends Error {
  constructor(status, detail, retryAfter = 0) {
    super(detail)
    this.status = status
    this.retryAfter = retryAfter
  }

  /** The problem of an answer's body and headers, whatever they are. */
  static of(status, text, retryAfter) {
    let detail = ''
    try {
      detail = JSON.parse(text).detail
    } catch {
      // A proxy in between answers as it likes.
    }
    return new Problem(status, typeof detail === 'string' ? detail : '', Number(retryAfter) || 0)
  }
}

let signedOut = () => {}

/** Call `then` whenever the service does not know the caller any more. */
export function onSignedOut(then) {
  signedOut = then
}

/**
 * Return the answer's JSON, null without a body; throw a Problem.
 *
 * What only reads or deletes is tried again while the service is away. `entering`: a 401 says that the password is
 * wrong, not that the session has ended.
 */
export async function call(method, path, body, { entering = false, keepalive = false, headers = {} } = {}) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(method, path, body, keepalive, headers)
    } catch (problem) {
      if (problem.status === 401 && !entering) signedOut()
      const again = method !== 'POST' && method !== 'PUT' && [0, 429, 503].includes(problem.status)
      if (!again || attempt === TRIES || problem.retryAfter > 30) throw problem
      await pause((problem.retryAfter || 2 ** (attempt - 1)) * 1000)
    }
  }
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Tell that a request is slow; return a function that ends this. */
export function watch() {
  const timer = setTimeout(() => (waking.value = true), SLOW)
  return () => {
    clearTimeout(timer)
    waking.value = false
  }
}

async function once(method, path, body, keepalive, more) {
  const answered = watch()
  const headers = { ...more, Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) }
  let response, text
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), keepalive })
    text = await response.text()
  } catch {
    throw new Problem(0, '')
  } finally {
    answered()
  }
  if (!response.ok) throw Problem.of(response.status, text, response.headers.get('Retry-After'))
  try {
    return text ? JSON.parse(text) : null
  } catch {
    throw new Problem(502, '')
  }
}
