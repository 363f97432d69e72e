import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { readJournal } from '../../store/stores.ts'
import type { Truth } from '../truth.ts'
import type { Answer } from '../wire.ts'
import { codeOf } from './checker.ts'

/**
 * What the journal owes. A verdict is on the disk within a second of its answer, where the disk takes it and the process gets
 * its turn: of what was answered within a second of a kill nothing is owed, nor of what was answered since the disk was
 * full and still waited when the process was killed. After an orderly end everything is.
 */
export interface Owed {
  /** An answer of this life of the gate. */
  note(answer: Answer, life: number): void
  /** That life is over. What was answered after `until` (`performance.now`) it need not have written. */
  ended(life: number, until: number): void
  /** How many answers are owed a row, by client, file and outcome. */
  readonly settled: ReadonlyMap<string, number>
  /** answers that were given too short before a kill */
  readonly forgiven: number
}

export function createOwed(): Owed {
  const settled = new Map<string, number>()
  const untils = new Map<number, number>()
  let pending: { readonly key: string; readonly at: number; readonly life: number }[] = []
  let forgiven = 0

  function settle(key: string, at: number, until: number): void {
    if (at <= until) settled.set(key, (settled.get(key) ?? 0) + 1)
    else forgiven += 1
  }

  return {
    settled,
    get forgiven() {
      return forgiven
    },
    note(answer, life) {
      const key = keyOf(answer)
      if (key === undefined) return
      const until = untils.get(life)
      if (until === undefined) pending.push({ key, at: answer.headAt, life })
      else settle(key, answer.headAt, until)
    },
    ended(life, until) {
      untils.set(life, until)
      for (const entry of pending) if (entry.life === life) settle(entry.key, entry.at, until)
      pending = pending.filter(entry => entry.life !== life)
    },
  }
}

const FILE = /^\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/([^/?#]+?)(?:\.metadata)?$/

/** Where a verdict was told: an admission, or a refusal with its code. */
function keyOf(answer: Answer): string | undefined {
  const { status = 0, asked } = answer
  const [, filename] = FILE.exec(asked.path) ?? []
  if (filename === undefined) return undefined
  if ([200, 206, 304].includes(status)) return `${asked.client} ${filename} admitted`
  return status === 403 && codeOf(answer) !== undefined ? `${asked.client} ${filename} refused` : undefined
}

export interface Found {
  readonly wrong: readonly string[]
  readonly rows: number
  readonly verdicts: number
  readonly owed: number
  readonly lost: number
}

/** Reads what a gate left behind, after it has ended. */
export function examine(data: string, truth: Truth, owed: Owed): Found {
  const file = join(data, 'portcullis.sqlite')
  const rows = readJournal(file)
  const counts = new Map<string, number>()
  const wrong: string[] = []
  for (const { client, filename, outcome, count, sha256 } of rows) {
    const key = `${client} ${filename} ${outcome}`
    counts.set(key, (counts.get(key) ?? 0) + count)
    const known = sha256 === undefined ? undefined : truth.byDigest.get(sha256)
    if (outcome === 'admitted' && !(known?.filename === filename && known.admittedBy.length > 0))
      wrong.push(`the journal says that ${filename} (${sha256}) was admitted`)
  }
  let lost = 0
  for (const [key, count] of owed.settled) {
    const missing = count - (counts.get(key) ?? 0)
    if (missing <= 0) continue
    lost += missing
    wrong.push(`${missing} of ${count} rows are lost: ${key}`)
  }
  wrong.push(...unsound(file), ...strangeBlobs(join(data, 'blobs'), truth), ...strangeRows(file, truth))
  for (const name of readdirSync(data)) if (name.includes('set-aside')) wrong.push(`${name}: a database was set aside`)
  return {
    wrong,
    rows: rows.length,
    verdicts: rows.reduce((sum, { count }) => sum + count, 0),
    owed: owed.settled.values().reduce((sum, count) => sum + count, 0),
    lost,
  }
}

function unsound(file: string): readonly string[] {
  const database = new Database(file, { readonly: true })
  try {
    const answer = database.pragma('integrity_check(1)', { simple: true })
    return answer === 'ok' ? [] : [`the database is not sound: ${String(answer)}`]
  } finally {
    database.close()
  }
}

/** What is stored is whole, stands under its own sha256, and is METADATA or a file that some policy admits. */
export function strangeBlobs(folder: string, truth: Truth): readonly string[] {
  if (!existsSync(folder)) return ['there are no stored files']
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap(name => {
    const [, sha256] = /^[0-9a-f]{2}\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(name) ?? []
    if (sha256 === undefined) return []
    if (sha256Of(readFileSync(join(folder, name))) !== sha256) return [`half a file stands at ${name}`]
    return strangeIn(sha256, name, truth)
  })
}

/** The same of documents in the database. */
export function strangeRows(file: string, truth: Truth): readonly string[] {
  const database = new Database(file, { readonly: true })
  try {
    const rows = database.prepare<[], [string, Buffer]>('select lower(hex(sha256)), content from documents').raw().all()
    return rows.flatMap(([sha256, content]) =>
      sha256Of(content) === sha256
        ? strangeIn(sha256, 'a document', truth)
        : [`half a document stands under ${sha256}`],
    )
  } finally {
    database.close()
  }
}

export function strangeIn(sha256: string, name: string, truth: Truth): readonly string[] {
  const known = truth.byDigest.get(sha256)
  if (truth.neverWhole.has(sha256)) return [`bytes that nobody signed are stored as ${name}`]
  return known === undefined || known.admittedBy.length > 0 ? [] : [`${known.filename} is stored, and refused`]
}
