import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { Blobs } from '../../../src/ports/blobs.ts'
import { findingIn } from '../../store/facts.ts'
import { diskSubject, readJournal } from '../../store/stores.ts'
import { contentOf, documentOf, verdictOf } from './child.ts'

const CHILD = new URL('./child.ts', import.meta.url).pathname

/** What processes promised before they died. */
export interface Promised {
  readonly stored: Set<string>
  readonly noted: Set<string>
}

interface Run {
  readonly folder: string
  readonly round: string
  readonly count: number
  /** before the command, for a tracer */
  readonly under?: readonly string[]
}

/** Runs a process until `end` kills it or it ends by itself, and takes down what it promised. */
export async function promises(
  run: Run,
  end: (child: ChildProcess, lines: number) => void,
  promised: Promised,
): Promise<boolean> {
  const mode = `${run.round}:${run.count}`
  const words: readonly string[] = [...(run.under ?? []), process.execPath, CHILD, run.folder, mode]
  const [command = '', ...rest] = words
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  let lines = 0
  let closed = false
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, what = ''] = line.split(' ')
    if (word === 'stored') promised.stored.add(what)
    if (word === 'noted') promised.noted.add(what)
    if (word === 'closed') closed = true
    lines += 1
    end(child, lines)
  }
  await exited
  return closed
}

export function nothing(): Promised {
  return { stored: new Set(), noted: new Set() }
}

async function isStored(blobs: Blobs, bytes: Buffer): Promise<boolean> {
  const blob = await blobs.open(sha256Of(bytes))
  if (blob === undefined) return false
  const found = Buffer.alloc(blob.size)
  for (let done = 0; done < found.length; ) {
    const count = await blob.read(found.subarray(done), done)
    if (count === 0) break
    done += count
  }
  blob.close()
  return found.equals(bytes)
}

/** Opens what was left behind: everything that was promised is there and right, and nothing had to be set aside. */
export async function assertKept(t: Test, folder: string, promised: Promised): Promise<void> {
  const subject = await diskSubject(t, { folder })
  const lost: string[] = []
  for (const seed of promised.stored) if (!(await isStored(subject.blobs, contentOf(seed)))) lost.push(`file ${seed}`)
  const memory = await subject.memory()
  const journal = new Set(readJournal(subject.file).map(({ filename }) => filename))
  for (const seed of promised.noted) {
    const verdict = verdictOf(seed)
    if (!(await isStored(subject.blobs, documentOf(seed)))) lost.push(`document ${seed}`)
    if (!journal.has(verdict.filename)) lost.push(`verdict ${seed}`)
    if ((await findingIn(memory, verdict))?.finding.kind !== 'attested') lost.push(`finding ${seed}`)
  }
  t.strictSame(lost, [], 'nothing that was promised is lost')
  t.strictSame(
    subject.events.filter(({ type }) => type === 'alarm'),
    [],
    'nothing was damaged',
  )
  t.strictSame(readdirSync(join(folder, 'blobs', 'tmp')), [], 'nothing half-written stays')
  for (const path of everyBlob(folder)) {
    const sha256 = path.slice(-64)
    const blob = await subject.blobs.open(sha256 as never)
    if (blob === undefined) t.fail(`${sha256} stood in its place and was wrong`)
    blob?.close()
  }
  t.strictSame(
    subject.events.filter(({ type }) => type === 'alarm'),
    [],
    'nor is any other stored file wrong',
  )
  await subject.close()
}

function everyBlob(folder: string): readonly string[] {
  return readdirSync(join(folder, 'blobs'), { recursive: true, encoding: 'utf8' }).filter(
    name => /[/\\][0-9a-f]{64}$/.test(name) && !name.startsWith('quarantine'),
  )
}
