import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { readExplanation, tellExplanation } from '../../../src/gate/explain/told-explanation.ts'
import { explanation as shape } from '../../../src/protocol/api/told-shapes.ts'

const FILE = { project: 'demo', version: '1.0', filename: 'demo-1.0.tar.gz', sha256: 'a'.repeat(64) }
const STEPS = [{ mark: 'fail', check: 'publisher', expected: 'acme/demo', found: 'mallory/demo' }] as const
const REFUSED: Refused = {
  kind: 'refused',
  code: 'publisher-mismatch',
  file: FILE,
  rule: { id: 'projects[0] demo', file: '/srv/secret/policy.yaml', line: 3 },
  identity: { issuer: 'i', san: 's', repository: 'r', workflow: undefined, ref: undefined },
  detail: 'expected acme, found mallory',
  admitWith: 'version: 1\n',
  behind: 'revoked',
  policyDigest: 'd'.repeat(64),
  steps: STEPS,
  notes: ['one', 'two'],
}
const HELP = { contact: { name: 'Platform', url: 'https://a.example' }, passes: { version: '0.9', filename: 'x' } }

/** As it comes out at the other end of a connection. */
function across(told: ReturnType<typeof tellExplanation>) {
  return readExplanation(shape.parse(JSON.parse(JSON.stringify(told))))
}

t.test('a refusal comes out as it went in, but for the folder of its policy', async t => {
  const explanation = { file: FILE, outcome: REFUSED, steps: STEPS, signed: undefined, notes: ['n'], size: 5 }
  const told = tellExplanation(explanation, { help: HELP, index: undefined })
  t.notMatch(JSON.stringify(told), /srv/)
  const read = across(told)
  t.strictSame(read.help, HELP)
  t.strictSame(read.explanation, {
    ...explanation,
    outcome: { ...REFUSED, rule: { ...REFUSED.rule, file: 'policy.yaml' } },
  })
})

t.test('what nobody can tell is the same error on the other side', async t => {
  const outcome = new GateError('unknown-upstream', 'the index did not answer')
  const { explanation } = across(
    tellExplanation({ file: FILE, outcome, steps: [], signed: undefined, notes: [] }, { help: HELP, index: 'main' }),
  )
  t.match(explanation.outcome, { code: 'unknown-upstream', detail: 'the index did not answer' })
  t.ok(explanation.outcome instanceof GateError)
})

t.test('a code that this program does not know is no explanation', async t => {
  const told = tellExplanation(
    { file: FILE, outcome: REFUSED, steps: [], signed: undefined, notes: [] },
    { help: HELP, index: undefined },
  )
  t.throws(() => readExplanation({ ...told, code: 'toString' }), { code: 'unknown-upstream' })
  t.throws(() => readExplanation({ ...told, outcome: 'admitted', by: null }), { code: 'unknown-upstream' })
})
