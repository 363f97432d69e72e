// guards: src/cli/policy/schema.ts
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { gateDesk, policyOf, rule } from '../../world/commands/gate-desk.ts'

t.test('the tests of a policy, one by one', async t => {
  const desk_ = await gateDesk(t)
  const tests = (...lines: readonly string[]) => policyOf('projects:', rule('demo'), ...lines)
  const passing = '{ given: { file: demo-1.0.tar.gz }, expect: { refused: unattested } }'
  const none = desk_.write('none.yaml', tests())
  t.match(await desk_.run('policy', 'test', none), { exit: 0, out: /has no tests/ })
  const good = desk_.write('good.yaml', tests(`tests: [${passing}]`))
  t.match(await desk_.run('policy', 'test', good), {
    exit: 0,
    out: /^✓ demo-1\.0\.tar\.gz: refused: unattested .*good\.yaml:4/,
  })
  const bad = desk_.write(
    'bad.yaml',
    tests(`tests: [${passing}, { given: { file: demo-1.0.tar.gz }, expect: admitted }]`),
  )
  const failed = await desk_.run('policy', 'test', bad)
  t.match(failed, { exit: 1, out: /✗ demo-1\.0\.tar\.gz: expected admitted, found refused: unattested/ })
  t.match(failed.out, /2 tests?, .*1 failed|1 of 2 tests failed/)
  const json: { tests: { passed: boolean }[] } = JSON.parse(
    (await desk_.run('policy', 'test', bad, '--format', 'json')).out,
  )
  t.strictSame(
    json.tests.map(({ passed }) => passed),
    [true, false],
  )
  t.match(await desk_.run('policy', 'check', bad), { exit: 2 }, 'no gate would load it')
  const wrong = desk_.write('wrong.yaml', tests('unknown: 1'))
  t.match(await desk_.run('policy', 'test', wrong), { exit: 2 })
  const { exit, out } = await desk_.run('policy', 'schema')
  t.equal(exit, 0)
  t.equal(out, readFileSync(join(import.meta.dirname, '../../../policies/policy.schema.json'), 'utf8'))
})
