// Numbers and times as the reader's language writes them.

import { language } from './words.js'

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']

export function size(bytes) {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1)
  const digits = power > 1 ? 1 : 0
  return number(bytes / 1000 ** power, { style: 'unit', unit: UNITS[power], maximumFractionDigits: digits })
}

export function percent(share) {
  return number(share, { style: 'percent' })
}

/** Return seconds to wait, in their largest sensible unit, rounded up. */
export function duration(seconds) {
  const [unit, length] = seconds < 120 ? ['second', 1] : seconds < 7200 ? ['minute', 60] : ['hour', 3600]
  return number(Math.ceil(seconds / length), { style: 'unit', unit, unitDisplay: 'long' })
}

/** Return seconds as h:mm:ss or m:ss. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const [first, ...others] = parts[0] ? parts : parts.slice(1)
  return [first, ...others.map((part) => String(part).padStart(2, '0'))].join(':')
}

export function time(iso) {
  return new Date(iso).toLocaleString(language.value, { dateStyle: 'medium', timeStyle: 'short' })
}

function number(value, options) {
  return new Intl.NumberFormat(language.value, options).format(value)
}
