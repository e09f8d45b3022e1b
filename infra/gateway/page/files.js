// The files of uploads under way. A browser that has the File System Access API gives them again after a reload; in
// others the person chooses them again, and tus finds the upload by the file's name, size and date.

const DATABASE = 'video2mp3'
const STORE = 'files'
// What is taken of a folder, as by the command line; a file that is chosen itself may have any name.
const VIDEO = new RegExp(
  '^[^.].*\\.(3g2|3gp|amv|asf|avi|dav|divx|dv|f4v|flv|gxf|m2t|m2ts|m2v|m4v|mkv|mov|mp4|mpe|mpeg|mpg|mts|mxf|nut|ogm|' +
    'ogv|rm|rmvb|ts|vob|webm|wmv|wtv)$',
  'i',
)

/** Return what was dropped, folders too: [{file, handle}]; `handle` is null where the browser has none. */
export async function dropped(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file')
  // All at once: the browser clears the items when this task ends.
  const entries = await Promise.all(items.map(entryOf))
  return (await Promise.all(entries.map(walk))).flat()
}

/** Return what the browser's form has given; `folder`: it is all of a folder. */
export function chosen(list, folder) {
  const wanted = folder ? [...list].filter(({ name }) => VIDEO.test(name)) : [...list]
  return wanted.map((file) => ({ file, handle: null }))
}

/** Let the person choose files; null where the browser has only its form for it. */
export async function pick() {
  if (!globalThis.showOpenFilePicker) return null
  try {
    const handles = await showOpenFilePicker({ multiple: true })
    return await Promise.all(handles.map(async (handle) => ({ file: await handle.getFile(), handle })))
  } catch (error) {
    if (error.name === 'AbortError') return []
    return null
  }
}

/** Keep the file's handle for the next page; return the key to forget it by. */
export async function remember(file, handle) {
  const key = `${file.name}/${file.size}/${file.lastModified}`
  await transact('readwrite', (store) => store.put({ name: file.name, size: file.size, handle }, key))
  return key
}

export async function forget(key) {
  await transact('readwrite', (store) => store.delete(key))
}

/** Return the files of uploads that did not end: {key, name, size, handle, file}, without file if it needs permission. */
export async function recall() {
  const keys = (await transact('readonly', (store) => store.getAllKeys())) ?? []
  const kept = (await transact('readonly', (store) => store.getAll())) ?? []
  return Promise.all(kept.map(async (entry, number) => ({ ...entry, key: keys[number], file: await allowed(entry) })))
}

/** Ask for the file again, in the person's click; null if there is no way to it. */
export async function ask({ handle }) {
  if (!handle || (await handle.requestPermission({ mode: 'read' })) !== 'granted') return null
  return handle.getFile().catch(() => null)
}

async function allowed({ handle }) {
  if (!handle || (await handle.queryPermission({ mode: 'read' })) !== 'granted') return null
  return handle.getFile().catch(() => null)
}

async function entryOf(item) {
  const entry = item.webkitGetAsEntry?.()
  const file = item.getAsFile()
  if (entry?.isDirectory) return { entry }
  return { file, handle: (await item.getAsFileSystemHandle?.().catch(() => null)) ?? null }
}

async function walk({ entry, file, handle }) {
  if (!entry) return file ? [{ file, handle }] : []
  if (entry.isFile) {
    if (!VIDEO.test(entry.name)) return []
    const inside = await new Promise((resolve) => entry.file(resolve, () => resolve(null)))
    return inside ? [{ file: inside, handle: null }] : []
  }
  const reader = entry.createReader()
  const found = []
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])))
    if (!some.length) break // a browser gives a hundred at a time
    found.push(...some)
  }
  return (await Promise.all(found.map((inside) => walk({ entry: inside })))).flat()
}

/** Run one request in the database; null where the browser has none, as in a private window. */
function transact(mode, request) {
  return new Promise((resolve) => {
    const opening = indexedDB.open(DATABASE, 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
    opening.onerror = () => resolve(null)
    opening.onsuccess = () => {
      const asked = request(opening.result.transaction(STORE, mode).objectStore(STORE))
      asked.onsuccess = () => resolve(asked.result)
      asked.onerror = () => resolve(null)
      opening.result.close()
    }
  })
}
