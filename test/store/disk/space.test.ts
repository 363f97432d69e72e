// guards: src/store/disk/eviction.ts
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import { createSpace, type Room } from '../../../src/store/disk/space.ts'
import { diskSubject } from '../stores.ts'

const MIB = 1024 * 1024

/** Bytes of all files in a folder, however deep. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(entry =>
      entry.isFile() ? (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0) : 0,
    )
    .reduce((sum, size) => sum + size, 0)
}

for (const [what, sized] of [
  ['whose size nobody says', false],
  ['of known size', true],
] as const)
  t.test(`sixteen files ${what} that come in at once stay within the cache, but for one and the newest`, async t => {
    const [cacheBytes, size, count] = [10 * MIB, 4 * MIB, 16]
    const { blobs, folder } = await diskSubject(t, { cacheBytes })
    const files = Array.from({ length: count }, () => randomBytes(size))
    let most = 0
    const look = () => {
      most = Math.max(most, bytesIn(join(folder, 'blobs')))
    }
    await Promise.all(
      files.map(async bytes => {
        const writer = await blobs.writer(sha256Of(bytes), { size: sized ? size : undefined })
        for (let at = 0; at < size; at += 256 * 1024) {
          await writer.write(bytes.subarray(at, at + 256 * 1024))
          look()
        }
        await writer.commit()
        look()
      }),
    )
    t.comment(`${(most / MIB).toFixed(1)} MiB at most on a cache of ${cacheBytes / MIB} MiB`)
    t.ok(most <= cacheBytes + 2 * size, 'all of them together would be 64 MiB')
    t.ok(most >= 2 * size, 'and they do come in together')
    const [last] = await Promise.all(files.map(bytes => blobs.open(sha256Of(bytes)))).then(open => open.filter(Boolean))
    t.ok(last, 'what is stored is there')
    last?.close()
  })

/** Room for ten, of which `stored` are taken by files that can be let go of. */
function tenWith(stored: number, patience = 60_000) {
  const state = { stored, letGo: 0 }
  const space = createSpace({
    most: 10,
    stored: () => state.stored,
    async makeRoom(bytes) {
      while (state.stored > 0 && state.stored + space.promised + bytes > 10) {
        state.stored -= 1
        state.letGo += 1
      }
    },
    patience: millis(patience),
  })
  return { space, state }
}

t.test('room is made before it is promised, and what is at hand is not waited for', async t => {
  const { space, state } = tenWith(8)
  const room = space.begin('arriving')
  t.equal(room.reach(2), undefined)
  t.equal(state.letGo, 0)
  await room.reach(5)
  t.strictSame([state.letGo, space.promised], [3, 5])
  t.equal(room.reach(4), undefined, 'it has that already')
  room.end()
  room.end()
  t.equal(space.promised, 0)
})

t.test('the eldest goes on, beyond the bound if it must, and the others wait for it', async t => {
  const { space } = tenWith(0)
  const [eldest, second, third] = ['arriving', 'arriving', 'arriving'].map(() => space.begin('arriving'))
  await second?.reach(6)
  await eldest?.reach(50)
  const order: string[] = []
  const grow = async (name: string, room: Room | undefined, bytes: number) => {
    await room?.reach(bytes)
    order.push(name)
  }
  const waiting = [grow('second', second, 7), grow('third', third, 1)]
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(order, [])
  eldest?.end()
  await Promise.all(waiting)
  t.strictSame(order.toSorted(), ['second', 'third'])
  t.equal(space.promised, 8)
})

t.test('who waits too long is told so, under the name of the bound', async t => {
  const { space } = tenWith(0, 20)
  await space.begin('arriving').reach(10)
  const late = space.begin('arriving')
  await t.rejects(async () => await late.reach(1), { code: 'unknown-overloaded', limit: 'space' })
  late.end()
  t.equal(space.promised, 10)
})

t.test('a document of the gate counts, and never waits', async t => {
  const { space } = tenWith(0)
  await space.begin('arriving').reach(10)
  await space.begin('document').reach(3)
  t.equal(space.promised, 13)
})
