import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { bareRule, exemptionText } from '../../../src/domain/policy/exemption-text.ts'

t.test('an exemption is written as people write it, and its words stay words', async t => {
  const [project, version] = [parseProjectName('demo'), parseVersion('1.0')]
  if (version === undefined) throw new TypeError('a version')
  const words = {
    id: 'EX-1',
    project,
    version,
    waive: ['attestation'],
    files: [['demo-1.0.tar.gz', sha256Of('x')]],
  } as const
  const text = exemptionText({ ...words, reason: 'a\u0085"b"', owner: 'o', expires: '2027-01-01' })
  t.equal(
    text,
    `  - id: EX-1
    project: demo
    versions: "==1.0"
    waive: [attestation]
    files:
      "demo-1.0.tar.gz": "sha256:${sha256Of('x')}"
    reason: "a\\u0085\\"b\\""
    owner: "o"
    expires: 2027-01-01`,
  )
  t.match(
    exemptionText({ ...words, reason: 'r', owner: 'o', ticket: 'T-1', expires: '2027-01-01' }),
    /\n {4}ticket: "T-1"\n/,
  )
})

t.test('under the bare rule nothing passes that is not exempted', async t => {
  t.equal(
    bareRule(parseProjectName('true')),
    'projects:\n  - match: "true"\n    attestation: required\n    identity: declared',
  )
})
