import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { countPins, pinsOf, waiverIn } from '../../../src/domain/policy/exemptions.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { listed, NOW, policyOf } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const FILE = listed('pkg-1.0.0.tar.gz')
const POLICY = policyOf(`version: 1
projects: [{ match: pkg }]
exemptions:
  - { id: EX-1, project: pkg, versions: "==1.0.0", waive: [attestation, yanked], files: { pkg-1.0.0.tar.gz: "sha256:${FILE.sha256}" }, reason: r, owner: o, expires: 2026-12-01T00:00:00Z }
`)
const ENDS = instant(Date.parse('2026-12-01T00:00:00Z'))
const idsAt = (now: number, file = FILE) => {
  const { inForce, ended } = pinsOf(file, POLICY, instant(now), POLICY.ruleFor(file.project))
  return [inForce.map(({ id }) => id), ended.map(({ id }) => id)]
}

t.test('an exemption is for exactly the bytes that it pins, under their name', async t => {
  t.strictSame(idsAt(NOW), [['EX-1'], []])
  t.strictSame(idsAt(NOW, { ...FILE, sha256: sha256Of('other bytes') }), [[], []])
  t.strictSame(idsAt(NOW, listed('pkg-1.0.0-py3-none-any.whl', { sha256: FILE.sha256 })), [[], []])
})

t.test('it is in force until its second, and has ended at it', async t => {
  t.strictSame(idsAt(ENDS - 1), [['EX-1'], []])
  t.strictSame(idsAt(ENDS), [[], ['EX-1']])
})

t.test('it waives what it names and nothing else', async t => {
  const { inForce } = pinsOf(FILE, POLICY, NOW, POLICY.ruleFor(FILE.project))
  t.equal(waiverIn(inForce, 'yanked')?.id, 'EX-1')
  t.equal(waiverIn(inForce, 'identity'), undefined)
  t.equal(waiverIn(inForce, undefined), undefined, 'what nothing waives')
})

const PINNED = loadPolicy(
  [
    {
      path: 'policy.yaml',
      text: `version: 1
projects: [{ match: pkg }]
exemptions: [{ id: EX-2, pins: p.txt, waive: [attestation], reason: r, owner: o, expires: 2026-12-01 }]
`,
    },
  ],
  NOW,
  noRoots,
  () => `pkg==1.0 --hash=sha256:${FILE.sha256}`,
)

t.test('a pins file is for exactly the bytes that it names, of exactly that release', async t => {
  if (!('policy' in PINNED)) throw new TypeError('it compiles')
  const { policy } = PINNED
  const pinned = (file: Artifact): boolean => pinsOf(file, policy, NOW, policy.ruleFor(file.project)).inForce.length > 0
  const { sha256 } = FILE
  t.ok(pinned(FILE), '1.0.0 is 1.0')
  t.ok(pinned(listed('pkg-1.0-py3-none-any.whl', { sha256 })), 'whatever the file is called')
  t.notOk(pinned({ ...FILE, sha256: sha256Of('other bytes') }))
  t.notOk(pinned(listed('pkg-1.0.1.tar.gz', { sha256 })), 'another release')
  t.notOk(pinned(listed('pkg-1.0+cpu-py3-none-any.whl', { sha256 })), 'a local version is another release')
  t.notOk(pinned(listed('other-1.0.tar.gz', { sha256 })), 'another project')
  t.strictSame(policy.exemptionsFor(parseProjectName('pkg')).map(countPins), [1])
})
