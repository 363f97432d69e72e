import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { openStore } from '../../../src/store/open.ts'
import { readJournal } from '../../store/stores.ts'
import {
  CACHE_BYTES,
  CONTENTS,
  DIGESTS,
  KEEP,
  look,
  PROJECT,
  SEEDS,
  type Seed,
  SOURCE,
  verdictOf,
} from './ingest-child.ts'
import type { Told } from './ingesting.ts'

/** What was promised before a process died, or in spite of what failed. */
interface Promised {
  readonly stored: ReadonlySet<string>
  readonly noted: ReadonlySet<string>
}

function promisedBy(lines: readonly string[]): Promised {
  const after = (word: string) =>
    lines.flatMap(line => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))
  const stored = new Set(after('stored'))
  // it may go for want of room from here on
  for (const seed of after('crowding')) stored.delete(seed)
  for (const told of after('failed sync')) stored.delete(told.split(' ')[0] ?? '')
  return { stored, noted: new Set(after('noted')) }
}

/** What a process that suffered a fault gave out or said that it must not. */
export function wrongIn({ lines }: Told): readonly string[] {
  return lines.filter(line => /^served \w+ wrong$|^alarm /.test(line))
}

/**
 * Opens what was left behind, and tells what is wrong with it: it opens, nothing is damaged, every file is whole or absent, what
 * was promised is there, and it goes on.
 */
export async function wrongWith(folder: string, { lines }: Told): Promise<readonly string[]> {
  const promised = promisedBy(lines)
  const wrong: string[] = []
  const events: GateEvent[] = []
  const options = {
    folder,
    cacheBytes: CACHE_BYTES,
    journal: { keep: KEEP, maxSize: Number.POSITIVE_INFINITY },
    events: { emit: (event: GateEvent) => void events.push(event) },
    clock: () => instant(Date.now()),
  }
  try {
    const { store, blobs } = await openStore(options)
    for (const path of everyBlob(folder))
      if (sha256Of(readFileSync(path)) !== basename(path)) wrong.push(`half a file stands at ${path}`)
    for (const name of readdirSync(join(folder, 'blobs', 'tmp'))) wrong.push(`${name} stays half-written`)
    for (const seed of SEEDS) {
      const served = await look(blobs, seed)
      if (served === 'wrong' || (served === 'absent' && promised.stored.has(seed))) wrong.push(`${seed} is ${served}`)
    }
    const memory = await store.memory(SOURCE)
    const { findings } = await memory.of(PROJECT)
    const journal = new Set(readJournal(join(folder, 'portcullis.sqlite')).map(({ filename }) => filename))
    for (const seed of promised.noted) {
      const verdict = verdictOf(seed as Seed)
      if (!journal.has(verdict.filename)) wrong.push(`the verdict on ${seed} is lost`)
      if (findings.get(verdict)?.finding.kind !== 'unattested') wrong.push(`the finding of ${seed} is lost`)
    }
    const writer = await blobs.writer(DIGESTS.small)
    await writer.write(CONTENTS.small)
    await writer.commit()
    if ((await look(blobs, 'small')) !== 'whole') wrong.push('it takes nothing in any more')
    await store.probe()
    await blobs.close()
    await store.close()
    wrong.push(...examined(join(folder, 'portcullis.sqlite')))
  } catch (error) {
    wrong.push(`it does not go on: ${String(error)}`)
  }
  for (const event of events) if (event.type === 'alarm') wrong.push(`alarm ${event.alarm}: ${event.detail}`)
  return wrong
}

function everyBlob(folder: string): readonly string[] {
  return readdirSync(join(folder, 'blobs'), { recursive: true, encoding: 'utf8' })
    .filter(name => /^[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name))
    .map(name => join(folder, 'blobs', name))
}

function examined(file: string): readonly string[] {
  const database = new Database(file, { readonly: true })
  try {
    const answer = database.pragma('integrity_check(1)', { simple: true })
    return answer === 'ok' ? [] : [`the database is not sound: ${String(answer)}`]
  } finally {
    database.close()
  }
}
