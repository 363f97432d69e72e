import t from 'tap'
import { createWorld } from '../world/world.ts'
import { clientOf } from './set-up/clients.ts'
import { openGate, requestsTo } from './set-up/gates.ts'
import { openSite } from './set-up/site.ts'
import { prepareAll } from './set-up/tools.ts'

/** Gates that know nothing, one after the other: chance would show. */
const COLD_GATES = 20

const MALLORY = { kind: 'github', repository: 'mallory/kit', workflow: 'release.yml' } as const

const world = await createWorld(t)
await world.release('kit', '1.0', { kinds: ['wheel'] })
await world.release('kit', '2.0', { kinds: ['wheel'], identity: MALLORY })
await world.release('thing', '1.0', { kinds: ['sdist'], buildRequires: ['kit>=1.0'] })
await world.release('thing', '2.0', { identity: { ...MALLORY, repository: 'mallory/thing' } })

for (const [name, { tool, skip }] of await prepareAll(['pip 26.3', 'uv']))
  t.test(`${name}: a cold gate that hides answers as the next one does`, { skip, timeout: 600_000 }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)
    const site = await openSite(t)
    for (let round = 0; round < COLD_GATES; round += 1) {
      const gate = await openGate(t, world, { configuration: { index: { mode: 'hide' } } })
      const run = await client.install(site, { gate: gate.url, requirements: ['thing'] })
      t.equal(run.code, 0, `round ${round}`, { printed: run.text })
      t.strictSame(site.installed(), ['thing-1.0'], 'what is refused is not seen')
      const fetched = requestsTo(gate).flatMap(({ asked, url }) => (asked === 'file' ? [url.replace(/.*\//, '')] : []))
      t.strictSame(
        [...new Set(fetched)].sort(),
        ['kit-1.0-py3-none-any.whl', 'thing-1.0.tar.gz'],
        'the build found what it needs',
      )
      await gate.stop()
      await site.emptyEnvironment()
      site.emptyHome()
    }
  })
