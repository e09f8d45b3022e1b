// Pieces that several views have.

import { duration } from '../format.js'
import { html, useRef, useState } from '../modules/preact.js'
import { words } from '../words.js'

/** What failed, a Problem or nothing: in the service's words, which are English, or else in the page's. */
export function Trouble({ problem, children }) {
  if (!problem) return null
  const { status, message, retryAfter } = problem
  const own = { 0: words.offline, 429: words.tooMany, 502: words.away, 503: words.away }[status] ?? words.failed
  return html`<p role="alert" class="trouble">
    ${message ? html`<span lang="en">${message}</span>` : own}${retryAfter > 0 && ` ${words.tryIn(duration(retryAfter))}`}
    ${children}
  </p>`
}

/** A form whose `send` gets its fields by name; its problem is shown, and it takes nothing while it is sent. */
export function Form({ send, action, label, children, kind = '' }) {
  const [problem, setProblem] = useState(null)
  const [sending, setSending] = useState(false)
  const submit = async (event) => {
    event.preventDefault()
    const form = event.currentTarget
    setProblem(null)
    setSending(true)
    try {
      await send(Object.fromEntries(new FormData(form)))
      form.reset()
    } catch (failure) {
      if (failure.status === undefined) throw failure
      setProblem(failure)
    } finally {
      setSending(false)
    }
  }
  return html`<form aria-label=${label} class=${kind} onSubmit=${submit}>
    ${children}
    <${Trouble} problem=${problem} />
    <button class="main" disabled=${sending}>${sending ? words.sending : action}</button>
  </form>`
}

export function Field({ label, hint, ...input }) {
  const about = hint && `${input.name}-hint`
  return html`<label>
    <span>${label}</span>
    <input ...${input} aria-describedby=${about} />
    ${hint && html`<small id=${about}>${hint}</small>`}
  </label>`
}

/** Put a text into the clipboard; return whether the browser allows it, which it may not without HTTPS. */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/** A text to be copied, which is shown once. `done`: it has been copied already. */
export function Copy({ text, label, done = false }) {
  const [copied, setCopied] = useState(done)
  const input = useRef(null)
  const copy = async () => {
    input.current.select() // what is left to the person where the browser does not allow it
    setCopied(await toClipboard(text))
  }
  return html`<span class="copy">
    <input ref=${input} readonly aria-label=${label} value=${text} onFocus=${(event) => event.target.select()} />
    <button type="button" onClick=${copy}>${copied ? words.copied : words.copy}</button>
  </span>`
}
