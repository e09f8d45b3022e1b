// Pieces that several views have.

import { explain, words } from '../words.js'
import { html, useState } from '../modules/preact.js'

/** What failed: a Problem, or nothing. */
export function Trouble({ problem }) {
  return problem ? html`<p role="alert" class="trouble">${explain(problem)}</p>` : null
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

/** A text to be copied, which is shown once. */
export function Copy({ text, label }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
  }
  return html`<span class="copy">
    <input readonly aria-label=${label} value=${text} onFocus=${(event) => event.target.select()} />
    <button type="button" onClick=${copy}>${copied ? words.copied : words.copy}</button>
  </span>`
}
