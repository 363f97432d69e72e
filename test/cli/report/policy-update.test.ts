import t from 'tap'
import {
  type PolicyUpdate,
  policyUpdateJson,
  renderPolicyUpdate,
  tellOtherSigners,
  tellWritten,
} from '../../../src/cli/report/policy-update.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { ObservedPublisher } from '../../../src/domain/identity/publisher.ts'
import type { ProjectName } from '../../../src/domain/packaging/name.ts'
import { NOW } from '../../world/judging/judging.ts'
import { drawn } from '../terminal/on-paper.ts'

const DAY = 86_400_000

const GOOGLE: ObservedPublisher = { kind: 'google', label: '', email: 'release@acme.example' }
const signer = (project: string, before: readonly string[]) => ({
  project: project as ProjectName,
  versions: ['2.0'],
  name: 'acme',
  publisher: GOOGLE,
  written: { kind: 'google', email: 'release@acme.example' },
  before,
  known: before.length === 0,
  rule: 'new' as const,
})

const release = {
  signers: [],
  expected: [],
  attestedBeside: false,
  files: 2,
  waive: ['attestation'],
  exemption: 'EX-uv',
  released: instant(NOW - 3 * DAY),
}
const UPDATE: PolicyUpdate = {
  signers: [signer('zed', []), signer('demo', ['ours'])],
  policy: ['/acme.yaml'],
  releases: [
    { ...release, project: 'six', version: '1.18.0', downloads: 1, attestedBefore: '1.16.0' },
    {
      ...release,
      project: 'attrs',
      version: '1.0',
      downloads: undefined,
      attestedBefore: undefined,
      released: undefined,
    },
  ],
  rules: ['attrs'],
  exemptions: [{ id: 'EX-uv', owner: 'ann', expires: '2027-01-31', pins: './pins/uv.txt' }],
  renewed: [{ exemption: 'EX-2', owner: 'bob', from: '2026-12-31', to: '2027-01-31' }],
  removed: { rules: ['old'], exemptions: [], publishers: ['gone'], pins: ['left==1.0'] },
  leftOut: [{ filename: 'bad-1.0.tar.gz', why: 'digest-mismatch, no', remedy: 'Do not install it.' }],
  texts: [
    { path: '/pins/uv.txt', before: undefined, after: 'a\nb\n' },
    { path: '/acme.yaml', before: 'a\nb\n', after: 'a\nc\nd\n' },
    { path: '/old.txt', before: 'a\n', after: undefined },
  ],
  now: NOW,
}

t.test('who signs now and did not before is told first, then releases by name', async t => {
  t.equal(
    drawn(screen => renderPolicyUpdate(screen, UPDATE)),
    `Other publishers than so far (1)
  ! demo 2.0  google release@acme.example (acme, new)
      until now ours
New publishers (1)
  + zed 2.0  google release@acme.example (acme)
Unattested releases (2)
  + attrs 1.0  2 files, never seen attested
      EX-uv waives attestation
  + six 1.18.0  2 files, 3 days old, 1 download of ours, attested before (1.16.0)
      EX-uv waives attestation
New rules that name nobody (1)
  + attrs
New exemptions (1)
  + EX-uv, until 2027-01-31 (ann), ./pins/uv.txt
Ends moved (1)
  ~ EX-2: was until 2026-12-31, now until 2027-01-31 (bob)
Removed: no lock has it (3)
  - rule old
  - pins left==1.0
  - publisher gone
Left out: no policy should admit what fails (1)
  ✗ bad-1.0.tar.gz: digest-mismatch, no
    Do not install it.

/pins/uv.txt: new, 2 lines
/acme.yaml: 2 lines more, 1 less
/old.txt: goes
`,
  )
})

t.test('programs get the same, absent values null', async t =>
  t.match(policyUpdateJson(UPDATE, true), {
    changed: true,
    written: true,
    publishers: [
      { project: 'demo', versions: ['2.0'], publisher: { kind: 'google' }, new: true, before: ['ours'], rule: 'new' },
      { project: 'zed', new: false },
    ],
    releases: [
      { project: 'attrs', released: null, days: null, downloads: null, attested_before: null },
      { project: 'six', released: '2026-11-21T12:00:00.000Z', days: 3, downloads: 1, attested_before: '1.16.0' },
    ],
    renewed: [{ exemption: 'EX-2', from: '2026-12-31', to: '2027-01-31' }],
    removed: { rules: ['old'] },
    left_out: [{ filename: 'bad-1.0.tar.gz' }],
    files: [
      { change: 'new', came: 2, went: 0 },
      { change: 'changed', came: 2, went: 1 },
      { change: 'removed', came: 0, went: 1 },
    ],
  }),
)

t.test(
  'who signed what passes by its bytes stands first, and nothing that is attested was never seen attested',
  async t => {
    const signed = { ...release, waive: ['identity'], downloads: undefined, attestedBefore: undefined, version: '1.0' }
    const signers = ['github mallory/demo release.yml']
    const update = {
      ...UPDATE,
      signers: [],
      rules: ['odd'],
      releases: [
        { ...signed, project: 'odd', signers },
        { ...signed, project: 'demo', signers, expected: ['github acme/demo'] },
        { ...signed, project: 'part', waive: ['attestation'], attestedBeside: true },
      ],
    }
    const text = drawn(screen => renderPolicyUpdate(screen, update))
    t.match(
      text,
      /^Other publishers than so far \(1\)\n {2}! demo 1\.0 is signed by github mallory\/demo release\.yml; the rule expects github acme\/demo\nSigned by somebody whom no rule names \(1\)\n {2}! odd 1\.0 is signed by github mallory\/demo release\.yml\n/,
    )
    t.notMatch(text, /never seen attested/)
    t.match(policyUpdateJson(update, false), {
      releases: [
        { project: 'demo', signed_by: signers, expected: ['github acme/demo'], attested_before: true },
        { project: 'odd', signed_by: signers, expected: [], attested_before: true },
        { project: 'part', signed_by: [], attested_before: true },
      ],
      rules: ['odd'],
    })
  },
)

t.test('projects that somebody else signs than so far are counted once each', async t => {
  const one = '1 project is signed by somebody else than so far: look at it before you rely on it'
  t.equal(tellOtherSigners(UPDATE), one)
  const strange = { ...UPDATE.releases[0], waive: ['identity'], signers: ['github mallory/demo'], expected: ['ours'] }
  const releases = ['demo', 'other'].map(project => ({ ...strange, project })) as never
  t.equal(
    tellOtherSigners({ ...UPDATE, releases }),
    '2 projects are signed by somebody else than so far: look at them before you rely on them',
  )
  t.equal(tellOtherSigners({ signers: [], releases: UPDATE.releases }), undefined)
})

t.test('the files that are written are named, and no other', async t => {
  const rest = 'a gate that runs with this policy takes'
  t.match(tellWritten(UPDATE), `/pins/uv.txt, /acme.yaml are written: ${rest} them within seconds`)
  t.match(tellWritten({ texts: UPDATE.texts.slice(0, 1) }), /^\/pins\/uv\.txt is written: .* takes it within seconds/)
})

t.test('an exemption that has ended is no failure, and how it comes back is said', async t => {
  const ended = { filename: 'six-1.0.tar.gz', why: 'exemption-expired, EX-1 ended', remedy: 'Review it.' }
  const update = { ...UPDATE, leftOut: [...UPDATE.leftOut, ended] }
  t.match(
    drawn(screen => renderPolicyUpdate(screen, update)),
    /Left out: the exemption has ended \(1\)\n {2}✗ six-1\.0\.tar\.gz: .*\n {4}It ended\. --renew 90d, .*\nLeft out: no policy should admit what fails \(1\)\n {2}✗ bad/,
  )
  t.match(policyUpdateJson(update, false), { left_out: [{ remedy: 'Do not install it.' }, { remedy: /--renew 90d/ }] })
})
