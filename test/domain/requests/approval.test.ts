import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { type ApprovalTerms, approvalText, endObjection, withoutRule } from '../../../src/domain/requests/approval.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const project = parseProjectName('demo')
const version = parseDistFilename('demo-1.0.tar.gz', project)?.version
if (version === undefined) throw new TypeError('no version')
const DAY = 86_400_000
const [WHEEL, SDIST] = ['demo-1.0-py3-none-any.whl', 'demo-1.0.tar.gz'] as const
const wheel = { filename: WHEEL, sha256: sha256Of('wheel'), waive: ['attestation'] } as const
const sdist = { filename: SDIST, sha256: sha256Of('sdist'), waive: ['attestation', 'cooldown'] } as const
const TERMS: ApprovalTerms = {
  id: 'k3j9x2m4qz',
  project,
  version,
  files: [wheel],
  needsRule: true,
  reason: 'needed',
  owner: 'grace@acme.example',
  ticket: undefined,
  ends: instant(NOW + 30 * DAY),
}

t.test('where the policy sets no bound, or the name is like another, that stands above it', t => {
  const text = approvalText({ ...TERMS, isUnbounded: true, lookalike: 'dem0' })
  t.match(text, /^# The policy sets no bound to when it ends \(limits\.exemption_max\)/m)
  t.match(text, /^# WARNING: The name demo could be taken for dem0, which another source owns\.$/m)
  t.match(loaded(text).policy.exemptionsFor(project), [{ id: 'approval-k3j9x2m4qz' }])
  t.notMatch(approvalText(TERMS), /no bound|WARNING/)
  t.end()
})

function loaded(text: string) {
  const read = loadPolicy([{ path: 'a', text }], NOW, noRoots)
  if ('diagnostics' in read) throw new Error(read.diagnostics.map(formatDiagnostic).join('\n'))
  return read
}

t.test('an approval is an exemption of exactly these files, owned, explained and ending', async t => {
  const { policy } = loaded(approvalText({ ...TERMS, ticket: 'SEC-7' }))
  const [exemption, ...others] = policy.exemptionsFor(project)
  t.match(exemption, {
    id: 'approval-k3j9x2m4qz',
    waive: ['attestation'],
    reason: 'needed',
    owner: 'grace@acme.example',
    ticket: 'SEC-7',
    ends: TERMS.ends,
  })
  const own = exemption?.pins.get(project)
  t.strictSame(own?.by === 'file' ? [...own.files] : own, [[WHEEL, wheel.sha256]])
  t.strictSame(others, [])
})

t.test('files of a release that need different codes waived are exempted apart', async t => {
  const { policy } = loaded(approvalText({ ...TERMS, files: [wheel, sdist] }))
  t.match(
    policy.exemptionsFor(project).map(({ id, waive }) => [id, waive]),
    [
      ['approval-k3j9x2m4qz', ['attestation']],
      ['approval-k3j9x2m4qz-2', ['attestation', 'cooldown']],
    ],
  )
})

t.test('whatever somebody writes is text, and nothing else', async t => {
  const nasty = [
    '"]}\n- x: &a !!js',
    "'; drop",
    '\u007f\u0085\u2028\ufeff\ufffe',
    '<script>alert(1)</script>',
    '# no comment',
    '---\nmode: audit',
    '%YAML 1.1',
    '\u{1f600}',
    '*',
    '{',
    'a: b',
    '\ud800',
  ]
  for (const text of nasty) {
    const { policy } = loaded(approvalText({ ...TERMS, reason: `x ${text}`, owner: `x ${text}`, ticket: `x ${text}` }))
    const [exemption] = policy.exemptionsFor(project)
    t.equal(exemption?.owner, `x ${text}`.toWellFormed())
    t.equal(exemption?.reason, `x ${text}`.replace(/\s+/g, ' ').toWellFormed())
    t.equal(policy.mode, 'enforce')
  }
})

t.test('the rule that comes with it is left away where a policy decides the project', async t => {
  const text = approvalText(TERMS)
  t.match(text, 'projects:')
  t.notMatch(withoutRule(text, project), 'projects:')
  t.equal(withoutRule(text, project), approvalText({ ...TERMS, needsRule: false }))
})

t.test('an approval ends, and not later than the policy lets any exemption', async t => {
  const bounds = { now: NOW, longest: millis(90 * DAY) }
  t.equal(endObjection(instant(NOW + 90 * DAY), bounds), undefined)
  t.match(endObjection(instant(NOW + 90 * DAY + 1), bounds), /limits\.exemption_max/)
  t.match(endObjection(NOW, bounds), /in the future/)
  t.equal(endObjection(instant(NOW + 4_000 * DAY), { now: NOW, longest: undefined }), undefined)
})
