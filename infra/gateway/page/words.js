// The page's language: the first of the reader's that there is a file for, or the one that was chosen.

import { remembered } from './store.js'

export const LANGUAGES = { en: 'English', de: 'Deutsch' }
export const language = remembered('language', preferred(), (code) => (code in LANGUAGES ? code : preferred()))

/** The texts of the language, once `load` has read them. */
export let words = {}

export async function load() {
  words = (await import(`./words/${language.value}.js`)).default
  document.documentElement.lang = language.value
}

function preferred() {
  const codes = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())
  return codes.find((code) => code in LANGUAGES) ?? 'en'
}
