// guards: src/compose/console/load-brought.ts
// guards: src/compose/console/what-if-worker.ts
import t, { type Test } from 'tap'
import { tryPolicy } from '../../../src/compose/console/try-policy.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld } from '../../world/world.ts'

async function scene(scope: Test) {
  const world = await createWorld(scope)
  await world.release('demo', '1.0')
  const { config, app } = await startGate(scope, world)
  const texts = {
    files: [{ path: '/p/policy.yaml', text: world.policyText() }],
    roots: new Map(),
    pins: new Map(),
    sources: undefined,
  }
  const order = (text: string) => ({
    config,
    index: 'main',
    texts,
    approved: [],
    files: [{ path: 'x.yaml', text }],
    pins: undefined,
    now: instant(Date.now()),
  })
  return { order, app }
}

t.test('a policy that takes too long to try keeps nobody waiting, and is given up', async t => {
  const { order, app } = await scene(t)
  const globs = Array.from({ length: 9_000 }, (_, at) => `  - { match: "a${at}-*", deny: "no" }`).join('\n')
  let turns = 0
  const timer = setInterval(() => (turns += 1), 10)
  await t.rejects(tryPolicy(order(`version: 1\nprojects:\n${globs}\n`), 1_500), { code: 'unknown-overloaded' })
  clearInterval(timer)
  // a thread that did it itself would have none
  t.ok(turns >= 5, `${turns} turns meanwhile`)
  t.equal((await fetch(`${app.url}/healthz`)).status, 200)
})

t.test('one that does not load is told so, and an index that nobody has is unknown', async t => {
  const { order } = await scene(t)
  t.match(await tryPolicy(order('version: 2\n')), { diagnostics: [{ line: 1 }] })
  await t.rejects(tryPolicy({ ...order('version: 1\nprojects: [{ match: a, deny: b }]'), index: 'never' }), {
    code: 'unknown-store',
  })
})

t.test('what is wrong with a policy is told of so much, however much it is', async t => {
  const { order } = await scene(t)
  const rules = Array.from({ length: 5_000 }, (_, at) => `  - { match: a${at}, wrong: true }`).join('\n')
  const found = await tryPolicy(order(`version: 1\nprojects:\n${rules}\n`))
  const told = 'diagnostics' in found ? found.diagnostics : []
  t.equal(told.length, 201)
  t.match(told.at(-1), { message: /^and \d+ more after this$/ })
})
