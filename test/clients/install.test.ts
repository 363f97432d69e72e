import t from 'tap'
import { createWorld } from '../world/world.ts'
import { CLIENT_NAMES, clientOf } from './clients.ts'
import { openGate, readsWhy, requestsTo } from './gates.ts'
import { openSite } from './site.ts'
import { prepareAll } from './tools.ts'

const world = await createWorld(t)
await world.release('library', '1.0')
await world.release('application', '1.0', { requires: ['library>=1.0'] })
await world.release('demo', '1.0')
await world.release('demo', '2.0', { attested: false })
await world.release('dependent', '1.0', { requires: ['demo'] })
await world.release('somebody', '1.0')
await world.release('somebody', '2.0', {
  identity: { kind: 'github', repository: 'evil/somebody', workflow: 'release.yml', ref: 'refs/tags/v2.0' },
})

for (const [name, { tool, skip }] of await prepareAll(CLIENT_NAMES)) {
  t.test(name, { skip }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)

    t.test('installs an attested package with what it depends on', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['application==1.0'] })
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
      const asked = requestsTo(gate)
      const metadata = asked.filter(request => request.asked === 'metadata')
      if (client.asksMetadata) t.ok(metadata.length >= 2, 'it read both wheels’ .metadata first')
      else t.strictSame(metadata, [], 'it knows no .metadata')
      t.strictSame(
        asked.filter(({ status }) => status >= 400),
        [],
        'nothing went wrong on the way',
      )
    })

    for (const mode of ['hide', 'annotate'] as const)
      t.test(`takes the newest attested version where refused ones are under ${mode}`, async t => {
        const gate = await openGate(t, world, { configuration: { index: { mode } } })
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: ['dependent'] })
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), ['demo-1.0', 'dependent-1.0'])
      })

    t.test('is told why a pinned version was refused, and installs nothing', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['demo==2.0'] })
      readsWhy(t, run, client, gate, 'unattested')
      t.strictSame(site.installed(), [])
      if (process.env['SHOW_CLIENTS'] !== undefined) t.comment(run.text)
    })

    t.test('is told that somebody else signed', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['somebody==2.0'] })
      readsWhy(t, run, client, gate, 'publisher-mismatch')
      t.strictSame(site.installed(), [])
    })
  })
}
