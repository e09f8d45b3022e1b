// The account's jobs, newest first: pages of the list, asked again while something is under way and somebody looks.

import { call } from './api.js'
import { account } from './session.js'
import { Store } from './store.js'
import { finished } from './uploads.js'

const PAGE = 50
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

let timer, wait, deletion
let loading = false
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
    const fresh = await Promise.all(older.map((job) => (OPEN.includes(job.state) ? again(job) : job)))
    if (mine !== asked) return
    const list = [...page.jobs, ...fresh.filter(Boolean)]
    const same = JSON.stringify(list) === JSON.stringify(before.list)
    wait = same ? Math.min(wait * 1.5, LONGEST_WAIT) : FIRST_WAIT
    if (!same || !before.loaded) jobs.value = { list, next: older.length ? before.next : page.next, loaded: true }
    trouble.value = null
  } catch (problem) {
    if (mine !== asked) return
    trouble.value = problem
    wait = LONGEST_WAIT
  }
  clearTimeout(timer)
  const open = trouble.value || jobs.value.list.some(({ state }) => OPEN.includes(state))
  if (open && account.value && !document.hidden) timer = setTimeout(refresh, wait)
}

/** Read the next page. */
export async function more() {
  const { next } = jobs.value
  if (!next || loading) return
  loading = true
  try {
    const page = await call('GET', next)
    const seen = new Set(jobs.value.list.map(({ id }) => id))
    const list = [...jobs.value.list, ...page.jobs.filter(({ id }) => !seen.has(id))]
    jobs.value = { list, next: page.next, loaded: true }
  } catch (problem) {
    trouble.value = problem
  } finally {
    loading = false
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

async function again({ id }) {
  try {
    return await call('GET', `/jobs/${id}`)
  } catch (problem) {
    if (problem.status === 404) return null
    throw problem
  }
}

function soon() {
  asked++ // an answer that is on its way does not know yet
  wait = FIRST_WAIT
  clearTimeout(timer)
  timer = setTimeout(refresh, 100)
}
