// The account's jobs, newest first: pages of the list, asked again while something is under way and somebody looks.

import { call } from './api.js'
import { account } from './session.js'
import { Store } from './store.js'
import { finished } from './uploads.js'

const PAGE = 50
const MOST = 100 // jobs of one answer
const FIRST_WAIT = 1000 // ms
const LONGEST_WAIT = 15_000
const UNDO = 7000 // ms before a deletion is carried out
const OPEN = ['uploaded', 'converting']

/** {list, next, loaded}: the jobs, the address of the next page, whether the first one is there. */
export const jobs = new Store({ list: [], next: null, loaded: false })
/** What is being deleted, until it cannot be undone: null or {ids, names}. */
export const deleting = new Store(null)
/** Why the list could not be read: a Problem or null. */
export const trouble = new Store(null)

let timer, deletion
let wait = FIRST_WAIT
let loading = null // the next page, on its way
let asked = 0 // an answer that a later one has overtaken counts for nothing

account.follow((who) => {
  clearTimeout(timer)
  if (who) refresh()
  else jobs.value = { list: [], next: null, loaded: false }
})
finished.follow(soon)
addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : soon()))
addEventListener('online', soon)
// What was deleted stays deleted when the page is closed before the undo has ended.
addEventListener('pagehide', () => carryOut(true))

/** Read the newest jobs again, and those under way. */
export async function refresh() {
  if (!account.value) return
  clearTimeout(timer)
  const mine = ++asked
  try {
    const page = await call('GET', `/jobs?limit=${PAGE}`)
    const before = jobs.value
    const seen = new Set(page.jobs.map(({ id }) => id))
    const last = page.jobs.at(-1)?.id ?? ''
    // Jobs of the first page that are not there any more were deleted elsewhere; older ones are on later pages.
    const older = before.list.filter(({ id }) => !seen.has(id) && page.next && id < last)
    const answered = [...page.jobs, ...(await renewed(older, last))]
    if (mine !== asked) return
    // A job that has not changed stays the same object, and its row is not drawn again.
    const known = new Map(before.list.map((job) => [job.id, job]))
    const list = answered.map((job) => (alike(known.get(job.id), job) ? known.get(job.id) : job))
    const same = list.length === before.list.length && list.every((job, at) => job === before.list[at])
    wait = same ? Math.min(wait * 1.5, LONGEST_WAIT) : FIRST_WAIT
    if (!same || !before.loaded) jobs.value = { list, next: older.length ? before.next : page.next, loaded: true }
    trouble.value = null
  } catch (problem) {
    if (mine !== asked) return
    trouble.value = problem
    wait = Math.max(LONGEST_WAIT, problem.retryAfter * 1000)
  }
  follow()
}

/** Ask again in a while, if something is under way. */
function follow() {
  clearTimeout(timer)
  const open = trouble.value || jobs.value.list.some(({ state }) => OPEN.includes(state))
  if (open && account.value && !document.hidden) timer = setTimeout(refresh, wait)
}

/** Read the next page. */
export function more() {
  loading ??= readOn().finally(() => (loading = null))
  return loading
}

async function readOn() {
  const { next } = jobs.value
  if (!next) return
  try {
    const page = await call('GET', next)
    const seen = new Set(jobs.value.list.map(({ id }) => id))
    const list = [...jobs.value.list, ...page.jobs.filter(({ id }) => !seen.has(id))]
    jobs.value = { list, next: page.next, loaded: true }
    follow()
  } catch (problem) {
    trouble.value = problem
  }
}

/** Read all pages, to search in them. */
export async function everything() {
  while (jobs.value.next && !trouble.value) await more()
}

/** Delete jobs, unless `undo` is called within some seconds. */
export function remove(chosen) {
  carryOut()
  deleting.value = { ids: new Set(chosen.map(({ id }) => id)), names: chosen.map(({ name }) => name) }
  deletion = setTimeout(carryOut, UNDO)
}

export function undo() {
  clearTimeout(deletion)
  deleting.value = null
}

function carryOut(keepalive = false) {
  clearTimeout(deletion)
  const ids = deleting.value?.ids
  if (!ids) return
  jobs.value = { ...jobs.value, list: jobs.value.list.filter(({ id }) => !ids.has(id)) }
  deleting.value = null
  if (keepalive === true) ids.forEach((id) => gone(id, true).catch(() => {}))
  else deleteEach(ids)
}

async function deleteEach(ids) {
  try {
    for (const id of ids) await gone(id, false)
    await refresh()
  } catch (problem) {
    await refresh()
    trouble.value = problem
  }
}

async function gone(id, keepalive) {
  try {
    await call('DELETE', `/jobs/${id}`, undefined, { keepalive })
  } catch (problem) {
    if (problem.status !== 404) throw problem
  }
}

/** Return the jobs older than `last` as they are now: one answer has those that end with the oldest one under way. */
async function renewed(older, last) {
  const end = older.findLastIndex(({ state }) => OPEN.includes(state))
  if (end < 0) return older
  const start = Math.max(0, end + 1 - MOST)
  const page = await call('GET', `/jobs?before=${start ? older[start - 1].id : last}&limit=${MOST}`)
  const now = new Map(page.jobs.map((job) => [job.id, job]))
  return older.flatMap((job, at) => (at < start || at > end ? job : (now.get(job.id) ?? [])))
}

function alike(one, other) {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Read the newest jobs at once: there is something new. */
export function soon() {
  asked++ // an answer that is on its way does not know yet
  wait = FIRST_WAIT
  clearTimeout(timer)
  timer = setTimeout(refresh, 100)
}
