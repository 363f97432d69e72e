import { z } from 'zod'
import { type Millis, millis } from '../domain/base/instant.ts'

const DURATIONS: readonly (readonly [unit: string, millis: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]
const SIZES: readonly (readonly [unit: string, bytes: number])[] = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
]
/** Ten years: longer than anything is kept, short enough that no sum of times loses precision. */
const LONGEST = millis(3_650 * 86_400_000)

const MOST_COUNTED = 1_000_000

const durationText = z.string().regex(/^[0-9]{1,12}(?:ms|s|m|h|d)$/, {
  error: 'must be a duration: a whole number and ms, s, m, h or d, such as 10s',
})
const sizeText = z.string().regex(/^[0-9]{1,15}(?:B|KiB|MiB|GiB|TiB)?$/, {
  error: 'must be a size: a whole number of bytes, or of KiB, MiB, GiB or TiB, such as 16MiB',
})

/** `10s` and so on, within `least` and `most`; written back in the largest unit that leaves nothing over. */
export function duration({ least = '0s', most }: { readonly least?: string; readonly most?: string } = {}) {
  const shortest = parseMeasure(least, DURATIONS)
  const longest = most === undefined ? LONGEST : parseMeasure(most, DURATIONS)
  return z.codec(durationText, z.custom<Millis>(), {
    decode(text, context) {
      const count = parseMeasure(text, DURATIONS)
      if (count >= shortest && count <= longest) return millis(count)
      const wrong = count < shortest ? `at least ${least}` : `at most ${most ?? formatDuration(LONGEST)}`
      context.issues.push({ code: 'custom', input: text, message: `must be ${wrong}; found ${JSON.stringify(text)}` })
      return z.NEVER
    },
    encode: count => formatDuration(count),
  })
}

/** `16MiB`, or plain bytes as text or number; at least one byte. */
export function size() {
  return z.codec(z.union([sizeText, z.int()]), z.number(), {
    decode(given, context) {
      const count = typeof given === 'number' ? given : parseMeasure(given, SIZES)
      if (count >= 1 && Number.isSafeInteger(count)) return count
      context.issues.push({ code: 'custom', input: given, message: 'must be between one byte and 8191TiB' })
      return z.NEVER
    },
    encode: count => formatMeasure(count, SIZES),
  })
}

/** How many, at least one; in the environment in digits. */
export function count() {
  return z.codec(z.union([z.int(), z.string().regex(/^[0-9]{1,9}$/)]), z.number(), {
    decode(given, context) {
      const number = Number(given)
      if (number >= 1 && number <= MOST_COUNTED) return number
      context.issues.push({ code: 'custom', input: given, message: `must be between 1 and ${MOST_COUNTED}` })
      return z.NEVER
    },
    encode: number => number,
  })
}

/** `90000` is `90s`. */
export function formatDuration(count: number): string {
  return count === 0 ? '0s' : formatMeasure(count, DURATIONS)
}

/** The text has been checked; a number without a unit counts the smallest. */
function parseMeasure(text: string, units: readonly (readonly [string, number])[]): number {
  const unit = text.replace(/^[0-9]+/, '')
  return Number.parseInt(text, 10) * (units.find(([name]) => name === unit)?.[1] ?? 1)
}

function formatMeasure(count: number, units: readonly (readonly [string, number])[]): string {
  const [name, factor] = units.find(([, each]) => count % each === 0) ?? ['', 1]
  return `${count / factor}${name}`
}
