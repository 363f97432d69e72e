import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import { createSharedOrigin } from '../../../src/gate/files/shared-origin.ts'
import type { SharedBlobs } from '../../../src/ports/among-gates.ts'
import { type Origin, untrusted } from '../../../src/ports/outward.ts'
import { createInProcessLeases } from '../../../src/store/leases/in-process.ts'

const BYTES = Buffer.from('the bytes of a file')
const ARTIFACT = { sha256: 'a'.repeat(64), size: BYTES.length } as Artifact

/** Some gates, of which each has its own downloads, over one bucket and one upstream. */
function scene(changes: { readonly away?: true; readonly fails?: number } = {}) {
  let inBucket: Buffer | undefined
  let left = changes.fails ?? 0
  const seen = { downloads: 0 }
  const shared: SharedBlobs = {
    isAway: () => changes.away === true,
    stream: async () => inBucket && { body: Readable.from([inBucket]), length: inBucket.length },
    settled: async () => {},
    state: () => ({ ok: true, warning: false, detail: '' }),
  }
  const upstream: Origin = {
    async file() {
      seen.downloads += 1
      await sleep(20)
      left -= 1
      if (left >= 0) throw new Error('the upstream failed')
      return untrusted({ body: Readable.from([BYTES]), length: BYTES.length })
    },
    metadata: async () => ({ kind: 'absent' }),
  }
  const leases = createInProcessLeases()
  const origin = createSharedOrigin({ origin: upstream, shared, leases })

  /** What a download does: reads it, stores it, brings it to the bucket, and is at its end. */
  async function download(): Promise<string> {
    const ending = new AbortController()
    const { body } = (await origin.file(ARTIFACT, ending.signal)).value
    const bytes = await buffer(body)
    inBucket ??= bytes
    ending.abort()
    return bytes.toString()
  }
  return { seen, download, leases }
}

t.test('of gates that want the same file one fetches it, and the others take it from the bucket', async t => {
  const { seen, download } = scene()
  const all = await Promise.all(Array.from({ length: 20 }, download))
  t.ok(all.every(text => text === BYTES.toString()))
  t.equal(seen.downloads, 1)
  t.equal(await download(), BYTES.toString())
  t.equal(seen.downloads, 1)
})

t.test('where one fails the next one tries, and each is told of its own', async t => {
  const { seen, download } = scene({ fails: 2 })
  const all = await Promise.allSettled(Array.from({ length: 6 }, download))
  t.equal(all.filter(({ status }) => status === 'rejected').length, 2)
  t.equal(seen.downloads, 3)
})

t.test('nobody waits for a bucket that is away', async t => {
  const { seen, download, leases } = scene({ away: true })
  await leases.take(`file ${ARTIFACT.sha256}`)
  t.equal(await download(), BYTES.toString())
  t.equal(seen.downloads, 1)
})

t.test('whoever has waited for as long as a client may fetches it too', { timeout: 600_000 }, async t => {
  const { seen, download, leases } = scene()
  await leases.take(`file ${ARTIFACT.sha256}`) // and never lets go of it
  t.equal(await download(), BYTES.toString())
  t.equal(seen.downloads, 1)
})
