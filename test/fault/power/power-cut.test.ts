import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { GateEvent } from '../../../src/observe/events.ts'
import { readBlob } from '../../../src/ports/blobs.ts'
import { withoutTracer } from '../calls/tracer.ts'
import { believeStatRecords, cutAt, type Fate, whimsOf } from './cut-disk.ts'
import { contentOf, DIGESTS, keyOf, openAt, PROJECT, put, SEEDS, type Seed, SOURCE, synced } from './power-child.ts'
import { type Change, readChanges, runRecorded } from './recorded-calls.ts'

t.setTimeout(900_000)

const CHILD = new URL('./power-child.ts', import.meta.url).pathname
/** moments at which the power goes, besides those after each of these */
const MOMENTS = Number(process.env['POWER_MOMENTS'] ?? 15)
const TELLING: ReadonlySet<Change['kind']> = new Set(['rename', 'sync', 'said'])
/** fates of each moment besides the four that are extreme */
const FATES = Number(process.env['POWER_FATES'] ?? 2)

// in memory where there is some: thousands of syncs of what is thrown away
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'portcullis-power-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.test('after a power cut', { skip: withoutTracer() }, async t => {
  const [data, log] = [join(folder, 'data'), join(folder, 'log')]
  await runRecorded(log, [process.execPath, CHILD, data])
  const changes = readChanges(log, data)
  const count = (kind: Change['kind']): number => changes.filter(change => change.kind === kind).length
  t.comment(
    `${count('write')} writes, ${count('sync')} syncs of files, ${count('sync-names')} of folders, ${count('rename')} renames`,
  )
  t.ok(count('write') > 50 && count('sync') > 10 && count('sync-names') > 10 && count('rename') >= SEEDS.length)
  t.equal(changes.filter(({ kind }) => kind === 'said').length, 17, 'everything that it says was heard')

  const past = changes.filter(({ ended }) => Number.isFinite(ended))
  const step = Math.max(1, Math.floor(past.length / MOMENTS))
  const moments = past
    .filter(({ kind }, place) => place % step === 0 || place > past.length - 3 || TELLING.has(kind))
    .map(({ ended }) => ended)
  const wrong: string[] = []
  const seen = { cuts: 0, whole: 0, lost: 0, absent: 0 }
  for (const [place, at] of moments.entries())
    for (const fate of fatesOf(place)) {
      const to = join(folder, `cut-${seen.cuts}`)
      cutAt({ changes, from: data, to, at, fate })
      // opening it for that is a recovery already: every third is left as the disk has it
      if (seen.cuts % 3 !== 0) believeStatRecords(to)
      const promised = promisedBy(changes, at)
      const found = await lookInto(to, promised)
      wrong.push(...found.wrong.map(what => `at ${at}, ${fate.name}: ${what}`))
      seen.cuts += 1
      seen.whole += found.whole
      seen.lost += found.lost
      seen.absent += found.absent
      rmSync(to, { recursive: true, force: true })
    }
  t.comment(
    `${moments.length} moments, ${seen.cuts} states; files whole ${seen.whole}, lost and noticed ${seen.lost}, absent ${seen.absent}`,
  )
  t.strictSame(wrong, [], 'no wrong byte, no alarm, nothing lost that was said to be on the disk, and it goes on')
  t.ok(seen.lost > 0, 'files that the disk had in part were among them')
})

/** All of it is lost that can be; none of it, as after a kill; each alone; and what chance leaves. */
function fatesOf(place: number): readonly Fate[] {
  const chances = Array.from({ length: FATES }, (_, number) => {
    const seed = place * 31 + number
    const whim = whimsOf(seed)
    return { name: `chance ${seed}`, names: whim, bytes: whim }
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

interface Promised {
  readonly synced: ReadonlySet<Seed>
  readonly noted: ReadonlySet<Seed>
}

function promisedBy(changes: readonly Change[], at: number): Promised {
  const [onDisk, noted] = [new Set<Seed>(), new Set<Seed>()]
  for (const change of changes) {
    if (change.kind !== 'said' || change.ended > at) continue
    const [word, seed] = change.line.split(' ') as [string, Seed]
    if (word === 'synced') onDisk.add(seed)
    if (word === 'gone') onDisk.delete(seed)
    if (word === 'noted') noted.add(seed)
  }
  return { synced: onDisk, noted }
}

interface Found {
  readonly wrong: readonly string[]
  readonly whole: number
  readonly lost: number
  readonly absent: number
}

/** Opens what is left, asks for everything, and has what is absent come in again. */
async function lookInto(data: string, promised: Promised): Promise<Found> {
  const wrong: string[] = []
  const events: GateEvent[] = []
  const count = { whole: 0, absent: 0 }
  try {
    const opened = await openAt(data, event => void events.push(event))
    for (const seed of SEEDS) {
      const found = await read(opened, seed)
      if (found === 'wrong' || (found === 'absent' && promised.synced.has(seed))) wrong.push(`${seed} is ${found}`)
      if (found !== 'wrong') count[found] += 1
      if (found === 'absent') await put(opened, seed)
      if ((await read(opened, seed)) !== 'whole') wrong.push(`${seed} does not come in again`)
    }
    const { findings } = await (await opened.store.memory(SOURCE)).of(PROJECT)
    for (const seed of promised.noted)
      if (findings.get(keyOf(seed))?.finding.kind !== 'unattested') wrong.push(`the finding of ${seed} is lost`)
    await synced(opened)
    await opened.blobs.close()
    await opened.store.close()
  } catch (error) {
    wrong.push(`it does not go on: ${String(error)}`)
  }
  for (const event of events) if (event.type === 'alarm') wrong.push(`alarm ${event.alarm}: ${event.detail}`)
  const lost = events.filter(event => event.type === 'blob' && event.action === 'lost').length
  return { wrong, lost, ...count }
}

async function read({ blobs }: Pick<Awaited<ReturnType<typeof openAt>>, 'blobs'>, seed: Seed) {
  const blob = await blobs.open(DIGESTS[seed])
  if (blob === undefined) return 'absent'
  const bytes = await readBlob(blob, 2_000_000)
  return bytes?.equals(contentOf(seed)) === true ? 'whole' : 'wrong'
}
