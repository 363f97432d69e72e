import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { pinsOf, waiverIn } from '../../../src/domain/policy/exemptions.ts'
import { listed, NOW, policyOf } from '../../world/judging/judging.ts'

const FILE = listed('pkg-1.0.0.tar.gz')
const POLICY = policyOf(`version: 1
projects: [{ match: pkg }]
exemptions:
  - { id: EX-1, project: pkg, versions: "==1.0.0", waive: [attestation, yanked], files: { pkg-1.0.0.tar.gz: "sha256:${FILE.sha256}" }, reason: r, owner: o, expires: 2026-12-01T00:00:00Z }
`)
const ENDS = instant(Date.parse('2026-12-01T00:00:00Z'))
const idsAt = (now: number, file = FILE) => {
  const { inForce, ended } = pinsOf(file, POLICY, instant(now))
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
  const { inForce } = pinsOf(FILE, POLICY, NOW)
  t.equal(waiverIn(inForce, 'yanked')?.id, 'EX-1')
  t.equal(waiverIn(inForce, 'identity'), undefined)
  t.equal(waiverIn(inForce, undefined), undefined, 'what nothing waives')
})
