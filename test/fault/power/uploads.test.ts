import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { readBlob } from '../../../src/ports/blobs.ts'
import type { Bucket } from '../../../src/store/s3/bucket.ts'
import { withoutTracer } from '../calls/tracer.ts'
import { believeStatRecords, cutAt, type Fate, whimsOf } from './cut-disk.ts'
import { type Change, readChanges, runRecorded } from './recorded-calls.ts'
import { bytesOf, digestOf, openOver, STORED, type Stored, store, type WithBucket } from './uploads-child.ts'

t.setTimeout(600_000)

const CHILD = new URL('./uploads-child.ts', import.meta.url).pathname
const TELLING: ReadonlySet<Change['kind']> = new Set(['rename', 'sync', 'sync-names', 'said'])
/** fates of each moment besides the extreme ones */
const FATES = Number(process.env['POWER_FATES'] ?? 1)

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'portcullis-uploads-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.test('what waited for the bucket when the power went', { skip: withoutTracer() }, async t => {
  const [data, log] = [join(folder, 'data'), join(folder, 'log')]
  await runRecorded(log, [process.execPath, CHILD, data])
  const changes = readChanges(log, data)
  t.equal(changes.filter(({ kind }) => kind === 'said').length, 4, 'everything that it says was heard')
  const moments = changes
    .filter(({ kind, ended }) => TELLING.has(kind) && Number.isFinite(ended))
    .map(({ ended }) => ended)
  const wrong: string[] = []
  const seen = { cuts: 0, brought: 0, here: 0, absent: 0 }
  for (const [place, at] of moments.entries())
    for (const fate of fatesOf(place)) {
      const to = join(folder, `cut-${seen.cuts}`)
      cutAt({ changes, from: data, to, at, fate })
      if (seen.cuts % 3 !== 0) believeStatRecords(to)
      const held = new Set(
        changes.flatMap(change =>
          change.kind === 'said' && change.ended <= at ? (change.line.slice(5) as Stored) : [],
        ),
      )
      const found = await lookInto(to, held)
      wrong.push(...found.wrong.map(what => `at ${at}, ${fate.name}: ${what}`))
      seen.cuts += 1
      for (const state of ['brought', 'here', 'absent'] as const) seen[state] += found[state]
      rmSync(to, { recursive: true, force: true })
    }
  t.comment(
    `${moments.length} moments, ${seen.cuts} states; brought afterwards ${seen.brought}, whole here alone ${seen.here}, absent and fetched again ${seen.absent}`,
  )
  t.strictSame(wrong, [], 'whole or absent, never thought to be in the bucket, and what is held gets there')
  t.ok(seen.brought > 0 && seen.absent > 0)
})

function fatesOf(place: number): readonly Fate[] {
  const chances = Array.from({ length: FATES }, (_, number) => {
    const whim = whimsOf(place * 37 + number)
    return { name: `chance ${place * 37 + number}`, names: whim, bytes: whim }
  })
  const [none, all] = [() => 0, () => 1]
  return [
    { name: 'all is lost', names: none, bytes: none },
    { name: 'nothing is lost', names: all, bytes: all },
    { name: 'names last and bytes do not', names: all, bytes: none },
    { name: 'bytes last and names do not', names: none, bytes: all },
    ...chances,
  ]
}

/** A bucket in memory that takes the right bytes alone, as a real one does. */
function memoryBucket(): Bucket & { readonly objects: ReadonlyMap<Sha256, Buffer> } {
  const objects = new Map<Sha256, Buffer>()
  return {
    objects,
    get: async () => undefined,
    async head(sha256) {
      const object = objects.get(sha256)
      return object === undefined ? undefined : { size: object.length, tag: sha256 }
    },
    async put(sha256, { body }) {
      const bytes = Buffer.isBuffer(body) ? body : await buffer(body)
      if (sha256Of(bytes) !== sha256) throw new Error('other bytes than the digest says')
      objects.set(sha256, bytes)
      return 'stored'
    },
    delete: async sha256 => void objects.delete(sha256),
    async *list() {},
    ping: async () => {},
    close() {},
  }
}

interface Found {
  readonly wrong: readonly string[]
  readonly brought: number
  readonly here: number
  readonly absent: number
}

async function lookInto(data: string, held: ReadonlySet<Stored>): Promise<Found> {
  const wrong: string[] = []
  const count = { brought: 0, here: 0, absent: 0 }
  const bucket = memoryBucket()
  const arrived = new Set<Sha256>()
  const emit = (event: GateEvent): void => {
    if (event.type === 'alarm') wrong.push(`alarm ${event.alarm}: ${event.detail}`)
  }
  try {
    const opened = await openOver(bucket, data, { emit, arrived: sha256 => void arrived.add(sha256) })
    await atRest(opened)
    for (const name of STORED) {
      const [sha256, found] = [digestOf(name), await read(opened, name)]
      if (arrived.has(sha256) && !bucket.objects.has(sha256)) wrong.push(`${name} is thought to be in the bucket`)
      if (found === 'wrong') wrong.push(`${name} has other bytes`)
      else if (found === 'absent' && bucket.objects.has(sha256)) wrong.push(`${name} was brought and is not here`)
      else if (found === 'absent') count.absent += 1
      else count[bucket.objects.has(sha256) ? 'brought' : 'here'] += 1
      if (held.has(name) && !bucket.objects.has(sha256)) wrong.push(`${name} is held and does not get to the bucket`)
      if (found === 'absent') await store(opened, name)
    }
    await atRest(opened)
    for (const name of STORED) if ((await read(opened, name)) !== 'whole') wrong.push(`${name} does not come in again`)
    await opened.close()
  } catch (error) {
    wrong.push(`it does not go on: ${String(error)}`)
  }
  return { wrong, ...count }
}

/** Nothing waits any more. */
async function atRest({ blobs }: WithBucket): Promise<void> {
  for (let left = 2_000; left > 0 && /wait to be brought/.test(blobs.state().detail); left -= 1) await sleep(5)
}

async function read({ blobs }: WithBucket, name: Stored): Promise<'absent' | 'whole' | 'wrong'> {
  const blob = await blobs.open(digestOf(name), 'here')
  if (blob === undefined) return 'absent'
  return (await readBlob(blob, 2_000_000))?.equals(bytesOf(name)) === true ? 'whole' : 'wrong'
}
