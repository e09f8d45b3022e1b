// A value that views follow.

import { useEffect, useState } from './modules/preact.js'

export class Store {
  #value
  #followers = new Set()

  constructor(value) {
    this.#value = value
  }

  get value() {
    return this.#value
  }

  set value(value) {
    this.#value = value
    for (const follow of [...this.#followers]) follow(value)
  }

  /** Call `follow` with each new value; return a function that ends this. */
  follow(follow) {
    this.#followers.add(follow)
    return () => this.#followers.delete(follow)
  }
}

/** Return the store's value; the component is drawn again with each new one. */
export function useStore(store) {
  const [, draw] = useState({})
  const shown = store.value
  useEffect(() => {
    if (store.value !== shown) draw({}) // it has changed before anybody followed it
    return store.follow(() => draw({}))
  }, [store])
  return shown
}

/** A store whose value, JSON, outlives the page. `take` returns what a stored value counts for. */
export function remembered(key, otherwise, take = (value) => value) {
  let stored = otherwise
  try {
    stored = take(JSON.parse(localStorage.getItem(key)) ?? otherwise)
  } catch {
    // Storage may be forbidden, or hold what an older page wrote.
  }
  const store = new Store(stored)
  store.follow((value) => {
    try {
      localStorage.setItem(key, JSON.stringify(value))
    } catch {
      // Then it lives as long as the page.
    }
  })
  return store
}
