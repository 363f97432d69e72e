import t from 'tap'
import { createWorld } from '../../world/world.ts'
import { CLIENT_NAMES, clientOf } from '../set-up/clients.ts'
import { openGate, readsWhy, requestsTo } from '../set-up/gates.ts'
import { openSite } from '../set-up/site.ts'
import { prepareAll } from '../set-up/tools.ts'

t.jobs = 2

const MIB = 1024 * 1024

// many company mirrors are this: no sizes, no `.metadata`, no provenance on the page
const world = await createWorld(t, {
  dialect: { minor: 0, provenance: false, coreMetadata: false, versions: false },
  integrity: 'own-origin',
})
await world.release('library', '1.0', { kinds: ['wheel'], padTo: 4 * MIB })
await world.release('application', '1.0', { kinds: ['wheel'], requires: ['library>=1.0'] })
await world.release('demo', '2.0', { kinds: ['wheel'], attested: false })

for (const [name, { tool, skip }] of await prepareAll(CLIENT_NAMES)) {
  t.test(`${name}, in front of an upstream that is older than PyPI`, { skip, buffered: true }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)

    t.test('installs an attested package with what it depends on, small and large', async t => {
      const gate = await openGate(t, world, { configuration: { files: { spool: '1MiB' } } })
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['application==1.0'] })
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
      t.notOk(
        requestsTo(gate).some(({ asked }) => asked === 'metadata'),
        'no .metadata was offered',
      )
      t.equal(world.upstream.count('metadata'), 0)
    })

    t.test('reads why a file is refused', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['demo==2.0'] })
      readsWhy(t, run, client, gate, 'unattested')
      t.strictSame(site.installed(), [])
    })
  })
}
