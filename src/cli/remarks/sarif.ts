import { createHash } from 'node:crypto'
import { cut } from '../../domain/base/cut.ts'
import { inert } from '../terminal/screen.ts'
import { type Level, placeIn, type Remark, type Rule } from './remark.ts'

/** GitHub takes 25,000 results of one run, in 10 MB once compressed, and shows 1,000 characters of a message. */
const MOST_RESULTS = 25_000
/** not compressed, so that no text makes it more */
const MOST_BYTES = 9_000_000
const LONGEST = 1_000

const WORST_FIRST: readonly Level[] = ['error', 'warning', 'note']

export interface SarifOf {
  /** of the project */
  readonly version: string
  /** paths are told relative to it */
  readonly folder: string
}

/**
 * SARIF 2.1.0 for code scanning: a result for each remark, at its line, with a fingerprint that stays the same while the lock moves.
 * Nothing in it depends on when it was made. What is more than GitHub takes is left out, the worst last, and counted in a notification.
 */
export function sarifOf(remarks: readonly Remark[], { version, folder }: SarifOf): string {
  const told = remarks.map(remark => ({ remark, result: resultOf(remark, folder) }))
  const kept = withinLimits(told)
  const rules = new Map(kept.map(({ remark: { rule } }) => [rule.id, rule]))
  const used = [...rules.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const left = told.length - kept.length
  const sarif = {
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Portcullis', version, rules: used.map(ruleJson) } },
        columnKind: 'utf16CodeUnits',
        ...(left === 0 ? {} : { invocations: [leftOut(left)] }),
        results: kept.map(({ result }) => result),
      },
    ],
  }
  return `${JSON.stringify(sarif, undefined, 2)}\n`
}

interface Told {
  readonly remark: Remark
  readonly result: object
}

/** All of them or, where that is too much, as many as there is room for of the worst, in the order they came in. */
function withinLimits(told: readonly Told[]): readonly Told[] {
  const kept = new Set<Told>()
  let room = MOST_BYTES
  for (const level of WORST_FIRST)
    for (const it of told.filter(({ remark }) => remark.level === level)) {
      room -= bytesOf(it.result)
      if (room < 0 || kept.size === MOST_RESULTS) return told.filter(one => kept.has(one))
      kept.add(it)
    }
  return told
}

/** As it is written: indented, where it stands among the others. */
function bytesOf(result: object): number {
  const text = JSON.stringify(result, undefined, 2)
  return Buffer.byteLength(text) + 8 * text.split('\n').length + 2
}

function leftOut(left: number): object {
  const text = `${left} more findings have no room here: see the output of the command, or its JSON`
  return { executionSuccessful: true, toolExecutionNotifications: [{ level: 'warning', message: { text } }] }
}

function resultOf({ rule, level, message, lock, line, about }: Remark, folder: string): object {
  const uri = placeIn(folder, lock).split('/').map(encodeURIComponent).join('/')
  return {
    ruleId: rule.id,
    level,
    message: { text: plain(message) },
    locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: line } } }],
    partialFingerprints: { 'portcullis/v1': createHash('sha256').update(about).digest('hex') },
  }
}

/** Text and nothing else: `[…](…)` in a plain message is a link (SARIF 2.1.0, 3.11.6). */
function plain(text: string): string {
  return cut(inert(text), LONGEST).replaceAll('](', '] (')
}

function ruleJson({ id, title, meaning, help }: Rule): object {
  return {
    id,
    name: id,
    shortDescription: { text: title },
    ...(meaning === undefined ? {} : { fullDescription: { text: meaning } }),
    help: { text: help },
  }
}
