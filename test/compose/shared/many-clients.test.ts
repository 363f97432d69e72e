import { mkdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { makeBucket } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld, type Release } from '../../world/world.ts'

t.setTimeout(600_000) // it is fetched first, where it was not yet
const store = await startCeph()
const skip = 'skip' in store ? store.skip : NO_POSTGRES
if (!('skip' in store)) t.teardown(() => store.close())

const CLIENTS = 300
/** As long a gate waits for what another one verifies, before it verifies too. */
const PATIENCE_MS = 8_000

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
      const releases: Release[] = []
      for (const name of ['first', 'second', 'third', 'fourth'])
        releases.push(await world.release(name, '1.0', { kinds: ['wheel'], padTo: size }))
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

      /** What all of them were answered, and how long it took, ms. */
      async function wantedByAll({ path, bytes }: Release['wheel']): Promise<{ said: string[]; took: number }> {
        const began = performance.now()
        const asking = Array.from({ length: CLIENTS }, () => gates.map(({ url }) => get(`${url}${path}`, agent)))
        const said = new Set<string>()
        for (const answer of await Promise.all(asking.flat()))
          if (answer.status !== 200) said.add(`${answer.status} ${answer.bytes.subarray(0, 300).toString('latin1')}`)
          else said.add(answer.bytes.equals(bytes) ? 'whole' : 'other bytes')
        return { said: [...said], took: performance.now() - began }
      }

      for (const { wheel } of releases) {
        const before = { looks: world.upstream.count('provenance'), verified: verified(gates) }
        const { said, took } = await wantedByAll(wheel)
        const looks = world.upstream.count('provenance') - before.looks
        const verifications = verified(gates) - before.verified
        // who has waited as long as a client can does it too, or says that it cannot tell: then it is the machine that was measured
        if (took > PATIENCE_MS && (verifications > 1 || said.some(answer => answer.startsWith('503')))) {
          t.notOk(said.includes('other bytes'), 'nothing else than the file')
          t.comment(`${took.toFixed(0)} ms, ${verifications} verifications: asked for another file`)
          continue
        }
        t.strictSame(said, ['whole'])
        t.equal(world.upstream.count('file', wheel.filename), 1, 'one download')
        t.equal(looks, 1, 'one look at its provenance')
        t.equal(verifications, 1, 'one verification')
        return
      }
      t.pass('one look and one verification', { skip: 'four times this machine took longer than a gate waits' })
    },
  )

function verified(gates: readonly { readonly events: readonly { readonly type: string }[] }[]): number {
  return gates.flatMap(({ events }) => events.filter(({ type }) => type === 'verification')).length
}
