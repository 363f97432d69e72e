import t from 'tap'
import { policyOfCases, REFUSED_FOR_GOOD, REFUSED_SOFTLY } from '../world/gate/refusal-cases.ts'
import { createWorld } from '../world/world.ts'
import { clientOf } from './set-up/clients.ts'
import { openGate, readsWhy } from './set-up/gates.ts'
import { openSite } from './set-up/site.ts'
import { prepareAll } from './set-up/tools.ts'

t.jobs = 2

const codes = new Set<string>()
const cases = [...REFUSED_SOFTLY, ...REFUSED_FOR_GOOD].flatMap((one, at) => {
  if (codes.has(one.code)) return []
  codes.add(one.code)
  return [{ ...one, project: `p${at}` }]
})

const world = await createWorld(t)
for (const { project, before } of cases) if (before !== undefined) await world.release(project, before)
const released = new Map<string, string>()
for (const { project, before } of cases)
  if (before !== undefined) released.set(project, world.upstream.pathOf(project, `${project}-${before}.tar.gz`))
for (const { project, release } of cases) await release(world, project)

for (const [name, { tool, skip }] of await prepareAll(['pip 26.3', 'uv', 'poetry', 'pdm'])) {
  t.test(
    `${name} shows of every kind of refusal which it is, and where to read more`,
    { skip, buffered: true },
    async t => {
      if (tool === undefined) return
      const client = clientOf(tool)
      const gate = await openGate(t, world, { policy: policyOfCases(cases) })
      for (const path of released.values()) t.equal((await fetch(`${gate.url}${path}`)).status, 200)
      for (const { project, code } of cases)
        await t.test(code, async t => {
          const site = await openSite(t)
          const run = await client.install(site, { gate: gate.url, requirements: [`${project}==2.0`] })
          readsWhy(t, run, client, gate, code)
          t.strictSame(site.installed(), [])
          const told = run.text.split('\n').find(line => line.includes('/x/')) ?? ''
          t.comment(told.trim().slice(0, 300))
        })
    },
  )
}
