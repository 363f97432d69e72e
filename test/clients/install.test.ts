import t from 'tap'
import { createWorld } from '../world/world.ts'
import { CLIENT_NAMES, clientOf } from './set-up/clients.ts'
import { openGate, readsWhy, requestsTo } from './set-up/gates.ts'
import { openSite } from './set-up/site.ts'
import { prepareAll } from './set-up/tools.ts'

t.jobs = 2

const world = await createWorld(t)
await world.release('library', '1.0')
await world.release('application', '1.0', { requires: ['library>=1.0'] })
await world.release('demo', '1.0')
await world.release('demo', '2.0', { attested: false })
await world.release('dependent', '1.0', { requires: ['demo'] })
await world.release('pinning', '1.0', { requires: ['demo'] })
await world.release('pinning', '2.0', { requires: ['demo==2.0'] })
await world.release('nothing-attested', '1.0')
await world.release('nothing-attested', '2.0', { attested: false })
world.upstream.remove('nothing-attested', 'nothing_attested-1.0-py3-none-any.whl')
world.upstream.remove('nothing-attested', 'nothing_attested-1.0.tar.gz')
await world.release('somebody', '1.0')
await world.release('somebody', '2.0', {
  identity: { kind: 'github', repository: 'evil/somebody', workflow: 'release.yml', ref: 'refs/tags/v2.0' },
})
await world.release('altered', '1.0')
await world.release('altered', '2.0', { tamper: 'content' })

/** Refused, and only by looking at the attestation. */
const BAD = [
  ['somebody', 'publisher-mismatch', 'that somebody else signed'],
  ['altered', 'digest-mismatch', 'that the bytes are not those that were signed'],
] as const

for (const [name, { tool, skip }] of await prepareAll(CLIENT_NAMES)) {
  t.test(name, { skip, buffered: true }, async t => {
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

    for (const mode of ['hide', 'annotate'] as const) {
      t.test(`takes the newest attested version where refused ones are under ${mode}`, async t => {
        const gate = await openGate(t, world, { configuration: { index: { mode } } })
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: ['dependent'] })
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), ['demo-1.0', 'dependent-1.0'])
      })

      t.test(`takes the newest that verifies under ${mode}, once the others were looked at`, async t => {
        const gate = await openGate(t, world, { configuration: { index: { mode } } })
        for (const [project] of BAD) await fetch(`${gate.url}/simple/${project}/`)
        await gate.app.gate.settled()
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: BAD.map(([project]) => project) })
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), ['altered-1.0', 'somebody-1.0'])
      })
    }

    t.test('finds no version where all are hidden', async t => {
      const gate = await openGate(t, world, { configuration: { index: { mode: 'hide' } } })
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['nothing-attested'] })
      t.not(run.code, 0, 'it fails', { printed: run.text })
      t.strictSame(site.installed(), [])
    })

    t.test('is told why a pinned version is refused, and installs nothing', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['demo==2.0'] })
      readsWhy(t, run, client, gate, 'unattested')
      t.strictSame(site.installed(), [])
    })

    for (const [project, code, what] of BAD)
      t.test(`is told ${what}`, async t => {
        const gate = await openGate(t, world)
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: [`${project}==2.0`] })
        readsWhy(t, run, client, gate, code)
        t.strictSame(site.installed(), [])
      })

    // uv alone shows the reason of a yanked file
    if (client.name === 'uv')
      t.test('reads in the annotation why no version fits', async t => {
        const gate = await openGate(t, world, { configuration: { index: { mode: 'annotate' } } })
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: ['demo>=2.0'] })
        t.not(run.code, 0, 'it fails', { printed: run.text })
        const text = run.text.replace(/\s+/g, ' ')
        t.match(text, /was yanked \(reason: Refused by policy: unattested \(.*see http.*\/x\//, 'it says why')
        t.strictSame(site.installed(), [])
      })

    // the resolver of pip 19.3 never goes back
    if (client.name !== 'pip 19.3')
      t.test('goes back to what needs no refused version where that is hidden', async t => {
        const gate = await openGate(t, world, { configuration: { index: { mode: 'hide' } } })
        const site = await openSite(t)
        const run = await client.install(site, { gate: gate.url, requirements: ['pinning'] })
        t.equal(run.code, 0, 'it succeeds', { printed: run.text })
        t.strictSame(site.installed(), ['demo-1.0', 'pinning-1.0'])
      })

    t.test('where it is annotated, only uv goes back; the others read the reason', async t => {
      const gate = await openGate(t, world, { configuration: { index: { mode: 'annotate' } } })
      const site = await openSite(t)
      const run = await client.install(site, { gate: gate.url, requirements: ['pinning'] })
      if (client.name === 'uv') return void t.strictSame(site.installed(), ['demo-1.0', 'pinning-1.0'])
      readsWhy(t, run, client, gate, 'unattested')
      t.strictSame(site.installed(), [])
    })
  })
}
