import t from 'tap'
import { createWorld } from '../../world/world.ts'
import { CLIENT_NAMES, clientOf } from '../set-up/clients.ts'
import { openGate, readsWhy, requestsTo } from '../set-up/gates.ts'
import { openSite } from '../set-up/site.ts'
import { prepareAll } from '../set-up/tools.ts'

t.jobs = 1

// as PyTorch's: pages in HTML and nothing else, local versions with their plus sign encoded, no `.metadata`, no PEP 740
const world = await createWorld(t, {
  dialect: { form: 'html', minor: 0, provenance: false, coreMetadata: false, versions: false },
  integrity: 'own-origin',
})
const listed = (filename: string) => ({ listed: { path: `/packages/whl/cpu/${filename}` } })
await world.release('sparks', '2.1+cpu', { kinds: ['wheel'], ...listed('sparks-2.1+cpu-py3-none-any.whl') })
await world.release('vision', '1.0+cpu', {
  kinds: ['wheel'],
  requires: ['sparks>=2.1'],
  requiresPython: '>=3.7',
  ...listed('vision-1.0+cpu-py3-none-any.whl'),
})
await world.release('sparks', '3.0', { kinds: ['wheel'], attested: false })
const cooling = `${world.policyText().replace('defaults:', 'defaults:\n  cooldown: { min_age: 3d }')}`

for (const [name, { tool, skip }] of await prepareAll(CLIENT_NAMES))
  t.test(`${name}, in front of an index that has only HTML`, { skip, buffered: true }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)

    t.test('installs what is attested, with what it depends on', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, {
        gate: gate.url,
        requirements: ['vision==1.0+cpu', 'sparks==2.1+cpu'],
      })
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['sparks-2.1+cpu', 'vision-1.0+cpu'])
      t.notOk(requestsTo(gate).some(({ asked }) => asked === 'metadata'))
    })

    t.test('reads why a file is refused', async t => {
      const gate = await openGate(t, world)
      readsWhy(
        t,
        await client.install(await openSite(t), { gate: gate.url, requirements: ['sparks==3.0'] }),
        client,
        gate,
        'unattested',
      )
    })

    t.test('reads that an age cannot be told', async t => {
      const gate = await openGate(t, world, { policy: cooling })
      const run = await client.install(await openSite(t), { gate: gate.url, requirements: ['sparks==2.1+cpu'] })
      readsWhy(t, run, client, gate, 'upload-time-missing')
    })
  })
