import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { bareExplanation, type LockedExplanation } from '../../../src/gate/explain/explanation.ts'
import { besideBase, cover, observe, observingPolicy } from '../../../src/gate/explain/observe-locks.ts'
import type { Survey } from '../../../src/gate/explain/survey.ts'
import { attested, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

/** A file of a lock as a look finds it; `pinned` by its sha256 there, or the release is named alone. */
function looked(artifact: Artifact, finding: Finding, pinned: 'pinned' | 'open' = 'pinned'): Survey[number] {
  const { project, filename, sha256 } = artifact
  const explain = (policy: Policy) =>
    bareExplanation(
      { project, version: filename.version, filename: filename.text, sha256 },
      decide(artifact, finding, policy, NO_HISTORY, NOW),
    )
  const [bundle] = finding.kind === 'attested' ? finding.bundles : []
  const signed = bundle && { publisher: undefined, attestations: bundle.attestations, at: NOW, logIndex: '1' }
  const explanation: LockedExplanation = {
    ...explain(observingPolicy()),
    signed,
    under: async policy => explain(policy),
  }
  const locked = { places: [], index: undefined, marker: undefined, line: 1, identities: [] }
  const files = pinned === 'pinned' ? [{ filename: filename.text, sha256, url: undefined }] : []
  const release = { ...locked, project, version: filename.version, files, open: pinned === 'open' }
  return { lock: 'uv.lock', package: release, explanation }
}

const NOTHING = { text: '', pins: [] }
const SIGNED = looked(listed('pkg-1.0.tar.gz'), attested())
const BARE = looked(listed('bare-1.0.tar.gz'), UNATTESTED)
const FAILED = looked(listed('bad-1.0.tar.gz'), { kind: 'invalid', why: 'signature-invalid', detail: 'no' })
const UNLISTED = { ...BARE, explanation: { ...BARE.explanation, outcome: new GateError('not-listed', 'gone') } }
const UNKNOWN = { ...BARE, explanation: { ...BARE.explanation, outcome: new GateError('unknown-upstream', 'silent') } }

t.test('who signed a file may have, and a file that nobody signed needs an exemption', async t =>
  t.match(observe([SIGNED, BARE]), {
    files: [
      { filename: 'pkg-1.0.tar.gz', publisher: { kind: 'github', repository: 'acme/pkg' }, waive: [] },
      { filename: 'bare-1.0.tar.gz', publisher: undefined, waive: ['attestation'] },
    ],
    leftOut: [],
    unknown: [],
  }),
)

t.test('what fails or is not listed is left out, and what nobody can tell is neither', async t => {
  t.match(observe([FAILED]), { files: [], leftOut: [{ filename: 'bad-1.0.tar.gz', why: /^signature-invalid, / }] })
  t.match(observe([UNLISTED]), { files: [], leftOut: [{ why: /^not-listed, / }], unknown: [] })
  t.match(observe([UNKNOWN]), {
    files: [],
    leftOut: [],
    unknown: [{ filename: 'bare-1.0.tar.gz', error: { code: 'unknown-upstream' } }],
  })
})

t.test('a policy is written anew until it admits all that it was written from', async t => {
  const old = looked(listed('pkg-1.0.tar.gz', { yanked: 'broken' }), attested())
  const rule =
    'projects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }], yanked: deny }]'
  const waived: (readonly string[])[] = []
  const { written, leftOut } = await cover([old], observe([old]), async files => {
    waived.push(files.flatMap(({ waive }) => waive))
    const exemptions = files
      .filter(({ waive }) => waive.length > 0)
      .map(
        ({ filename, sha256, waive }) =>
          `{ id: EX, project: pkg, waive: [${waive.join()}], files: { ${filename}: "sha256:${sha256}" }, reason: r, owner: o, expires: 2027-01-01 }`,
      )
    return { written: NOTHING, policy: policyOf(`version: 1\n${rule}\nexemptions: [${exemptions.join()}]`) }
  })
  t.strictSame(waived, [[], ['yanked']])
  t.match(written?.judged, [{ explanation: { outcome: { kind: 'admitted' } } }])
  t.strictSame(leftOut, [])
})

t.test('what the lock does not pin is exempted by nothing', async t => {
  const old = looked(listed('pkg-1.0.tar.gz', { yanked: 'broken' }), attested(), 'open')
  const rule =
    'projects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }], yanked: deny }]'
  const policy = policyOf(`version: 1\n${rule}`)
  t.match(await cover([old], observe([old]), async () => ({ written: NOTHING, policy })), {
    written: undefined,
    leftOut: [{ filename: 'pkg-1.0.tar.gz', why: /^yanked, .*does not pin it/ }],
  })
})

t.test('what a base admits needs nothing, and where it has a rule an exemption alone can help', async t => {
  const young = looked(listed('young-1.0.tar.gz'), attested())
  const look = [SIGNED, BARE, young]
  const { files } = observe(look)
  const signer = '{ kind: github, repository: acme/pkg, workflow: release.yml }'
  const rules = `projects: [{ match: pkg, publishers: [${signer}] }, { match: "b*", publishers: [${signer}] }]`
  const base = async (text: string) =>
    (await besideBase(policyOf(`version: 1\n${text}`), look, files)).map(it => [it.base, it.waive.length])
  t.strictSame(await base(rules), [
    ['admits', 0],
    ['decides', 0],
    [undefined, 0],
  ])
  t.strictSame(await base(`mode: audit\n${rules}`), await base(rules), 'what audit mode alone lets pass, it lacks')
  t.strictSame(await base('projects: [{ match: else, deny: no }]'), [
    [undefined, 0],
    [undefined, 1],
    [undefined, 0],
  ])
})
