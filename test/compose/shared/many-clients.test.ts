import { mkdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { makeBucket } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld } from '../../world/world.ts'

t.setTimeout(300_000) // it is fetched first, where it was not yet
const store = await startCeph()
const skip = 'skip' in store ? store.skip : NO_POSTGRES
if (!('skip' in store)) t.teardown(() => store.close())

const CLIENTS = 300

interface Got {
  readonly status: number
  readonly bytes: Buffer
}

async function get(url: string, agent: Agent): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>()
  request(url, { agent }, answer => {
    buffer(answer).then(bytes => resolve({ status: answer.statusCode ?? 0, bytes }), reject)
  })
    .on('error', reject)
    .end()
  return await promise
}

for (const [what, size, spool] of [
  ['checked before it leaves', 200_000, '16MiB'],
  ['read along while it comes', 600_000, '64KiB'],
] as const)
  t.test(
    `one cold file that three hundred clients want of each of three gates is fetched and verified once (${what})`,
    { skip },
    async t => {
      if ('skip' in store) return
      const world = await createWorld(t)
      const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo: size })
      const shared = { database: await (await startCluster(t)).database(), blobs: await makeBucket(store) }
      const gates = await Promise.all(
        ['one', 'two', 'three'].map(name => {
          const data = join(world.folder, name)
          mkdirSync(data)
          return startGate(t, world, { configuration: { data, store: shared, files: { spool } } })
        }),
      )
      const agent = new Agent({ keepAlive: false })
      t.teardown(() => agent.destroy())
      const asking = Array.from({ length: CLIENTS }, () => gates.map(({ url }) => get(`${url}${wheel.path}`, agent)))
      const answers = await Promise.all(asking.flat())
      const said = new Map<string, number>()
      for (const { status, bytes } of answers) {
        const outcome =
          status === 200 && bytes.equals(wheel.bytes)
            ? 'whole'
            : `${status} ${bytes.subarray(0, 300).toString('latin1')}`
        said.set(outcome, (said.get(outcome) ?? 0) + 1)
      }
      t.strictSame([...said], [['whole', CLIENTS * gates.length]])
      t.equal(world.upstream.count('file', wheel.filename), 1, 'one download')
      t.equal(world.upstream.count('provenance'), 1, 'one look at its provenance')
      const verified = gates.flatMap(({ events }) => events.filter(({ type }) => type === 'verification'))
      t.equal(verified.length, 1, 'one verification')
    },
  )
