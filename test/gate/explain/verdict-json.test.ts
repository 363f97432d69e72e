import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { NOT_ASKED } from '../../../src/gate/explain/explain-local.ts'
import { bareExplanation } from '../../../src/gate/explain/explanation.ts'
import { verdictJson } from '../../../src/gate/explain/verdict-json.ts'
import { attested, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

const POLICY = policyOf(
  'version: 1\nprojects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }] }]',
)
const KEYS = ['filename', 'project', 'version', 'sha256', 'outcome', 'code', 'rule', 'identity', 'detail']
const FILE = { project: 'pkg', version: '1.0.0', filename: 'pkg-1.0.0.tar.gz', sha256: undefined }
const told = (finding: Parameters<typeof decide>[1]) =>
  verdictJson(bareExplanation(FILE, decide(listed(), finding, POLICY, NO_HISTORY, NOW)))

t.test('every outcome has the promised fields, null where there is nothing', async t => {
  const unknown = verdictJson(bareExplanation(FILE, new GateError('unknown-upstream', 'no answer')))
  for (const line of [told(attested()), told(UNATTESTED), unknown]) t.strictSame(Object.keys(line), KEYS)
  t.match(told(attested()), {
    outcome: 'admitted',
    code: null,
    rule: 'projects[0] pkg (policy.yaml:2)',
    identity: { repository: 'acme/pkg' },
  })
  t.match(told(UNATTESTED), { outcome: 'refused', code: 'unattested', identity: null, sha256: null })
  t.match(unknown, { outcome: 'unknown', code: 'unknown-upstream', rule: null, identity: null, detail: 'no answer' })
})

t.test('an admission says at least what nobody looked at', async t => {
  const explanation = bareExplanation(FILE, decide(listed(), attested(), POLICY, NO_HISTORY, NOW))
  const steps = [...explanation.steps, { mark: 'skip', check: 'yanked', found: NOT_ASKED } as const]
  t.match(verdictJson({ ...explanation, steps })['detail'], /Not checked: yanked\.$/)
})
