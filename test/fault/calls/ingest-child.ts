import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setImmediate as turn } from 'node:timers/promises'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { errorCode } from '../../../src/domain/base/error-code.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { type Blobs, readBlob } from '../../../src/ports/blobs.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { DiskBlobs } from '../../../src/store/disk/disk.ts'
import { openStore } from '../../../src/store/open.ts'

/**
 * A process that opens a store, takes files and a document in, writes down what was decided of them, lets one go for want of room, and
 * closes, as often as it is told a folder. It says what it has promised, and what it gives out.
 */

export const PROJECT = parseProjectName('pkg')
export const SOURCE = sourceAt('https://pypi.example')
export const KEEP = millis(86_400_000)

/** In the order in which they come. The second leaves no room for the first; it is large enough to be synced on its way. */
export const SEEDS = ['small', 'large', 'document', 'last'] as const
export type Seed = (typeof SEEDS)[number]
const SIZES: Readonly<Record<Seed, number>> = { small: 100_000, large: 9_000_000, document: 6_000, last: 10 }
export const CACHE_BYTES = 9_050_000

function contentOf(seed: Seed): Buffer {
  return Buffer.alloc(SIZES[seed], createHash('sha256').update(seed).digest())
}

export const CONTENTS: Readonly<Record<Seed, Buffer>> = {
  small: contentOf('small'),
  large: contentOf('large'),
  document: contentOf('document'),
  last: contentOf('last'),
}

export const DIGESTS: Readonly<Record<Seed, Sha256>> = {
  small: sha256Of(CONTENTS.small),
  large: sha256Of(CONTENTS.large),
  document: sha256Of(CONTENTS.document),
  last: sha256Of(CONTENTS.last),
}
const [ROOT, POLICY] = [sha256Of('root'), sha256Of('policy')]

export function verdictOf(seed: Seed): {
  readonly filename: string
  readonly sha256: Sha256
  readonly trustDigest: string
} {
  return { filename: `pkg-${seed}.tar.gz`, sha256: DIGESTS[seed], trustDigest: ROOT }
}

async function ingest(folder: string): Promise<void> {
  const events: GateEvent[] = []
  const clock = () => instant(Date.now())
  const options = {
    folder,
    cacheBytes: CACHE_BYTES,
    journal: { keep: KEEP, maxSize: Number.POSITIVE_INFINITY },
    events: { emit: note },
    clock,
  }
  function note(event: GateEvent): void {
    events.push(event)
    if (event.type === 'alarm') say(`alarm ${event.alarm}`)
  }
  const opened = await trying('open', () => openStore(options))
  if (opened === undefined) return
  const { store, blobs } = opened
  for (const seed of SEEDS) {
    if (seed === 'large') say('crowding small')
    const stored = (await trying(`store ${seed}`, () => put(blobs, seed))) === true
    if (stored && seed !== 'document') say(`stored ${seed}`)
    // what a kill leaves is promised already; what the disk did not take is taken back
    await trying(`sync ${seed}`, () => (blobs as DiskBlobs).synced())
    const served = await trying(`serve ${seed}`, () => look(blobs, seed))
    if (served !== undefined) say(`served ${seed} ${served}`)
    if ((await trying(`note ${seed}`, () => noteDown(store, seed))) !== undefined) {
      say(`noted ${seed}`)
      // a document is on the disk with whatever is written down after it
      if (stored && seed === 'document') say(`stored ${seed}`)
    }
    await turn() // what goes for want of room goes beside all this
  }
  await trying('close blobs', () => blobs.close())
  await trying('close', () => store.close())
}

async function put(blobs: Blobs, seed: Seed): Promise<true> {
  const bytes = CONTENTS[seed]
  const writer = await (seed === 'document' ? blobs.documentWriter(DIGESTS[seed]) : blobs.writer(DIGESTS[seed]))
  for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536))
  await writer.commit()
  return true
}

/** What a reader gets of it. */
export async function look(blobs: Blobs, seed: Seed): Promise<'whole' | 'absent' | 'wrong'> {
  const blob = await blobs.open(DIGESTS[seed])
  if (blob === undefined) return 'absent'
  const found = await readBlob(blob, CONTENTS[seed].length)
  return found?.equals(CONTENTS[seed]) === true ? 'whole' : 'wrong'
}

async function noteDown(store: Store, seed: Seed): Promise<true> {
  const verdict = verdictOf(seed)
  const at = instant(Date.now())
  const memory = await store.memory(SOURCE)
  await memory.learn(PROJECT, {
    findings: [{ key: verdict, finding: { kind: 'unattested', said: 'integrity' }, found: at }],
  })
  store.journal.record({
    ...verdict,
    at,
    project: PROJECT,
    outcome: 'refused',
    code: 'unattested',
    rule: undefined,
    identity: undefined,
    policyDigest: POLICY,
    client: '192.0.2.1',
  })
  await store.journal.flush()
  return true
}

/** What fails is told, and is no reason to stop. */
async function trying<Result>(what: string, action: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await action()
  } catch (error) {
    say(`failed ${what} ${errorCode(error) ?? String(error)}`)
    return undefined
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** The one thread that files are written in: the process was told to have no more. */
function poolThread(): string | undefined {
  return readdirSync('/proc/self/task').find(id =>
    readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('libuv-worker'),
  )
}

async function run(scratch: string): Promise<void> {
  // once for nothing: what is loaded on first use must not be among the calls that are counted
  await ingest(scratch)
  say(`ready ${poolThread()}`)
  for await (const folder of createInterface({ input: process.stdin })) {
    await ingest(folder)
    say('done')
  }
}

const [, script = '', scratch] = process.argv
if (script.endsWith('ingest-child.ts') && scratch !== undefined) await run(scratch)
