import { createHash } from 'node:crypto'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { DiskBlobs } from '../../../src/store/disk/disk.ts'
import { openStore } from '../../../src/store/open.ts'

/**
 * A process that stores files and verdicts in two sittings, of which the second is never closed. It says what it has promised at the time:
 * `synced <seed>` of a file that is said to be on the disk, `noted <seed>` of a finding, `gone <seed>` before a file is let go of.
 */

export const PROJECT = parseProjectName('pkg')
export const SOURCE = sourceAt('https://pypi.example')
export const SEEDS = ['tiny', 'small', 'middle', 'large', 'again', 'second', 'last'] as const
export type Seed = (typeof SEEDS)[number]
const SIZES: Readonly<Record<Seed, number>> = {
  tiny: 10,
  small: 5_000,
  middle: 120_000,
  large: 1_300_000,
  again: 40_000,
  second: 60_000,
  last: 3_000,
}

export function contentOf(seed: Seed): Buffer {
  return Buffer.alloc(SIZES[seed], createHash('sha256').update(seed).digest())
}

export const DIGESTS = Object.fromEntries(SEEDS.map(seed => [seed, sha256Of(contentOf(seed))])) as Readonly<
  Record<Seed, Sha256>
>

export function keyOf(seed: Seed): {
  readonly filename: string
  readonly sha256: Sha256
  readonly trustDigest: string
} {
  return { filename: `pkg-${seed}.tar.gz`, sha256: DIGESTS[seed], trustDigest: sha256Of('root') }
}

export function openAt(folder: string, emit: (event: GateEvent) => void): ReturnType<typeof openStore> {
  return openStore({
    folder,
    cacheBytes: 1e9,
    journal: { keep: millis(86_400_000), maxSize: Number.POSITIVE_INFINITY },
    events: { emit },
    clock: () => instant(Date.now()),
  })
}

type Opened = Awaited<ReturnType<typeof openStore>>

export async function put({ blobs }: Pick<Opened, 'blobs'>, seed: Seed): Promise<void> {
  const bytes = contentOf(seed)
  const writer = await blobs.writer(DIGESTS[seed])
  for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536))
  await writer.commit()
}

export function synced({ blobs }: Pick<Opened, 'blobs'>): Promise<void> {
  return (blobs as DiskBlobs).synced()
}

async function note({ store }: Opened, seed: Seed): Promise<void> {
  const memory = await store.memory(SOURCE)
  const found = instant(Date.now())
  await memory.learn(PROJECT, {
    findings: [{ key: keyOf(seed), finding: { kind: 'unattested', said: 'integrity' }, found }],
  })
  await store.journal.flush()
  say(`noted ${seed}`)
}

async function keep(opened: Opened, seed: Seed): Promise<void> {
  await put(opened, seed)
  say(`stored ${seed}`)
  await synced(opened)
  say(`synced ${seed}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function run(folder: string): Promise<void> {
  const first = await openAt(folder, () => {})
  await keep(first, 'tiny')
  await keep(first, 'middle')
  await note(first, 'tiny')
  await put(first, 'again')
  await first.blobs.close()
  await first.store.close()
  say('synced again')

  const second = await openAt(folder, () => {})
  await note(second, 'again')
  // stored while it is there, and stored again right after it went: two other files in the place of one that was on record
  await keep(second, 'middle')
  say('gone again')
  await second.blobs.remove(DIGESTS.again)
  await put(second, 'again')
  await note(second, 'middle')
  await synced(second)
  say('synced again')
  await Promise.all([put(second, 'small'), put(second, 'large'), put(second, 'second')])
  await note(second, 'large')
  await synced(second)
  for (const seed of ['small', 'large', 'second']) say(`synced ${seed}`)
  await put(second, 'last')
  await note(second, 'last')
  process.kill(process.pid, 'SIGKILL')
}

const [, script = '', folder] = process.argv
if (script.endsWith('power-child.ts') && folder !== undefined) await run(folder)
