// Uploads under way: tus, three at a time. They outlive the views, a lost network and, with the file at hand, the page.

import { Problem, call, watch } from './api.js'
import * as files from './files.js'
import { account } from './session.js'
import { Store, remembered } from './store.js'

const AT_A_TIME = 3
const PATIENCE = 15 // seconds between tries without a network, at most
const OVERTAKEN = 409 // the browser itself has sent a request again, whose connection was lost
const BUSY = [0, OVERTAKEN, 423, 429, 502, 503, 504]
const GONE = [404, 410]

/** The conversion options of the next uploads: the API's own words. */
export const options = remembered('options', {})
/** What is shown of each upload: {id, name, size, state, sent, speed, problem}. */
export const uploads = new Store([])
/** Uploads of the page before whose files the browser does not give by itself: {key, name, size, handle}. */
export const lost = new Store([])
/** Called after each upload: its job exists. */
export const finished = new Store(0)

// The page is shown without it, but it has to be there before the network is lost.
const client = () => import('./modules/tus.js')
client().catch(() => {})
const running = new Map() // id: the tus upload and what belongs to it
let last = 0

/** Add files: they wait until somebody is signed in. */
export function add(chosen) {
  const asked = options.value
  for (const { file, handle } of chosen) {
    const id = ++last
    running.set(id, { file, handle, asked })
    uploads.value = [...uploads.value, { id, name: file.name, size: file.size, state: 'waiting', sent: 0, speed: 0 }]
  }
  next()
}

export function pause(id) {
  stop(id)
  show(id, { state: 'paused', speed: 0 })
  next()
}

export function resume(id) {
  show(id, { state: 'waiting', problem: null })
  next()
}

/** End an upload and delete what the service has of it. */
export function cancel(id) {
  const upload = running.get(id)
  stop(id)
  // What cannot be deleted now expires.
  if (upload?.url) call('DELETE', upload.url, undefined, { headers: { 'Tus-Resumable': '1.0.0' } }).catch(() => {})
  if (upload?.key) files.forget(upload.key)
  remove(id)
  next()
}

export function remove(id) {
  running.delete(id)
  uploads.value = uploads.value.filter((upload) => upload.id !== id)
}

/** Go on with the uploads of the page before, as far as the browser still gives their files. */
export async function recover() {
  const found = await files.recall()
  add(found.filter(({ file }) => file))
  lost.value = found.filter(({ file }) => !file)
}

/** Do not go on with an upload of the page before. What the service has of it expires. */
export function abandon(key) {
  files.forget(key)
  lost.value = lost.value.filter((entry) => entry.key !== key)
}

account.follow((who) => {
  if (who) return next()
  for (const { id, state } of uploads.value) if (state === 'uploading') requeue(id)
})
addEventListener('online', next)
// The browser asks before it closes the page.
addEventListener('beforeunload', (event) => {
  if (uploads.value.some(({ state }) => state === 'uploading' || state === 'waiting')) event.preventDefault()
})

function next() {
  if (!account.value) return
  const busy = uploads.value.filter(({ state }) => state === 'uploading').length
  const waiting = uploads.value.filter(({ state }) => state === 'waiting')
  for (const { id } of waiting.slice(0, Math.max(0, AT_A_TIME - busy))) start(id)
}

async function start(id) {
  show(id, { state: 'uploading' })
  const upload = running.get(id)
  upload.key ??= await files.remember(upload.file, upload.handle)
  lost.value = lost.value.filter(({ key }) => key !== upload.key)
  try {
    await client()
  } catch {
    if (running.has(id)) failed(id, new Problem(0, ''))
    return
  }
  if (!running.has(id) || upload.tus) return
  const answered = watch()
  const speed = pace()
  upload.tus = new globalThis.tus.Upload(upload.file, {
    endpoint: '/uploads',
    uploadUrl: upload.url,
    metadata: { filename: upload.file.name, ...upload.asked },
    retryDelays: null,
    removeFingerprintOnSuccess: true,
    // tus would begin from zero after any refusal to say how far the upload is.
    onAfterResponse(request, response) {
      const status = response.getStatus()
      if (request.getMethod() === 'HEAD' && status >= 400 && !GONE.includes(status)) throw problemIn(response)
    },
    onProgress(sent) {
      answered()
      if (upload.tus) show(id, { sent, speed: speed(sent) })
    },
    onSuccess() {
      upload.tus = null
      files.forget(upload.key)
      show(id, { state: 'done', sent: upload.file.size, speed: 0 })
      finished.value++
      setTimeout(() => remove(id), 3000)
      next()
    },
    onError(error) {
      answered()
      if (upload.tus) failed(id, problemOf(error))
    },
  })
  const [before] = await upload.tus.findPreviousUploads()
  if (before && !upload.url) upload.tus.resumeFromPreviousUpload(before)
  if (upload.tus) upload.tus.start()
}

function failed(id, problem) {
  const upload = running.get(id)
  upload.url = upload.tus?.url ?? upload.url // another tab may end it, and forget it, meanwhile
  upload.tus = null
  const { status } = problem
  if (status === 401) {
    account.value = null
    return requeue(id)
  }
  if (!BUSY.includes(status)) {
    files.forget(upload.key)
    show(id, { state: 'failed', problem, speed: 0 })
    return next()
  }
  // The service is away, or the network: what it has of the file stays, so the upload goes on by itself.
  upload.tries = (upload.tries ?? 0) + 1
  const seconds = problem.retryAfter || Math.min(2 ** upload.tries, PATIENCE)
  show(id, { state: 'resting', problem: status === OVERTAKEN ? null : problem, speed: 0 })
  upload.timer = setTimeout(() => requeue(id), seconds * 1000)
  next()
}

function requeue(id) {
  stop(id)
  show(id, { state: 'waiting', speed: 0 })
  next()
}

function stop(id) {
  const upload = running.get(id)
  clearTimeout(upload?.timer)
  const { tus } = upload ?? {}
  if (!tus) return
  upload.url = tus.url
  upload.tus = null
  tus.abort()
}

function show(id, changes) {
  uploads.value = uploads.value.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload))
}

function problemOf(error) {
  if (error.causingError instanceof Problem) return error.causingError
  return error.originalResponse ? problemIn(error.originalResponse) : new Problem(0, '')
}

function problemIn(response) {
  return Problem.of(response.getStatus(), response.getBody(), response.getHeader('Retry-After'))
}

/** Return a function that returns the bytes per second of the last seconds, by the bytes that were sent. */
function pace() {
  const seen = []
  return (sent) => {
    const now = performance.now()
    seen.push([now, sent])
    while (seen.length > 2 && now - seen[0][0] > 5000) seen.shift()
    const [[since, before]] = seen
    return now > since ? Math.max(0, ((sent - before) * 1000) / (now - since)) : 0
  }
}
