import t, { type Test } from 'tap'
import { openBareGate } from '../world/gate/bare-gate.ts'
import { createWorld } from '../world/world.ts'

async function gate(t: Test, draining = () => false) {
  const bare = await openBareGate(t, await createWorld(t), {
    policy: 'version: 1\nprojects: [{ match: demo, deny: no }]\n',
    settings: { draining },
  })
  const check = async (name: string) => (await bare.gate.readiness()).find(it => it.name === name)
  return { ...bare, check }
}

t.test('a gate that is well is ready, and each check says what it looked at', async t => {
  const { gate: running } = await gate(t)
  const checks = await running.readiness()
  t.strictSame(
    checks.map(({ name, ok }) => [name, ok]),
    ['policy', 'trust-root', 'database', 'clock', 'upstream', 'draining'].map(name => [name, true]),
  )
})

t.test('a stale trust root and a gate that drains are not ready', async t => {
  let draining = false
  const { check, root } = await gate(t, () => draining)
  root.stale = true
  t.match(await check('trust-root'), { ok: false })
  draining = true
  t.match(await check('draining'), { ok: false })
})

t.test('a policy that failed to load is a warning, and says which file but not where the server keeps it', async t => {
  const { check, rewritePolicy } = await gate(t)
  t.equal(rewritePolicy('version: 2\n'), 'kept')
  const found = await check('policy')
  t.match(found, { ok: true, warning: true, detail: /policy\.yaml:1:10/ })
  t.notMatch(found?.detail, /\/\S*policy\.yaml/)
})
