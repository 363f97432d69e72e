import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

/** What a run is told: `--minutes 5 --seed 7 --only kill,lying-digest`. */
export interface Settings {
  readonly minutes: number
  readonly seed: number
  /** behaviours by name; empty: every one that is on by itself */
  readonly only: readonly string[]
  /** behaviours that are left out */
  readonly without: readonly string[]
  /** also those that are on request only */
  readonly all: boolean
  /** what was lied about must be whole again in the end */
  readonly healed: boolean
}

/** Throws where a word makes no sense. */
export function readSettings(words: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...words],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: `${randomInt(1_000_000)}` },
      only: { type: 'string', default: '' },
      without: { type: 'string', default: '' },
      all: { type: 'boolean', default: false },
      healed: { type: 'boolean', default: false },
    },
  })
  return {
    minutes: numberOf('--minutes', values.minutes),
    seed: numberOf('--seed', values.seed),
    only: namesIn(values.only),
    without: namesIn(values.without),
    all: values.all,
    healed: values.healed,
  }
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (text === '' || !(number >= 0)) throw new TypeError(`${name} is a number, not ${JSON.stringify(text)}`)
  return number
}

function namesIn(text: string): readonly string[] {
  return text.split(',').filter(name => name !== '')
}
