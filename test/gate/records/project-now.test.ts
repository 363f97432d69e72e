import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { proofOf } from '../../../src/domain/memory/history.ts'
import { learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { projectNow } from '../../../src/gate/records/project-now.ts'
import { claimsBuiltBy } from '../../world/judging/claims.ts'
import { attested, bundle, listed, NOW, policyOf } from '../../world/judging/judging.ts'

const FILES = ['pkg-1.0.tar.gz', 'pkg-2.0.tar.gz', 'pkg-10.0.tar.gz'].map(name => listed(name))
const POLICY = policyOf(
  'version: 1\nprojects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }] }]',
)
const OURS = attested()
const THEIRS = attested(
  bundle({
    object: { repository: 'mallory/pkg' },
    claims: claimsBuiltBy('https://github.com/mallory/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
      sourceRepositoryUri: 'https://github.com/mallory/pkg',
      sourceRepositoryId: '9',
    }),
  }),
)

/** A page with all files was read; the first two were proved, by us and by somebody else. */
function records() {
  const page = {
    at: NOW,
    status: 'active' as const,
    files: FILES.map(({ filename, sha256, path }) => ({
      path,
      filename: filename.text,
      sha256,
      version: filename.version,
      uploaded: undefined,
      offered: false,
      yanked: false,
    })),
    unread: [],
  }
  const findings = new Map([
    [FILES[0]?.sha256, OURS],
    [FILES[1]?.sha256, THEIRS],
  ])
  const proofs = FILES.slice(0, 2).flatMap(({ filename, sha256 }, at) => {
    const proof = proofOf(findings.get(sha256) ?? OURS, instant(NOW + at))
    return proof === undefined ? [] : [{ filename: filename.text, version: filename.version, proof }]
  })
  const memory = learn(learn(ProjectMemory.of(FILES[0]?.project as never), { page }).memory, { proofs }).memory
  return {
    project: async (name: string) => (name === 'pkg' ? memory : ProjectMemory.of(name as never)),
    finding: async ({ sha256 }: { readonly sha256: string }) => {
      const finding = findings.get(sha256 as never)
      return finding === undefined ? undefined : { finding, found: NOW }
    },
    belonging: () => undefined,
  }
}

const look = async (said: (sha256: string) => string | undefined = () => undefined, page = { from: 0, releases: 20 }) =>
  await projectNow(records(), { name: 'Pkg', policy: POLICY, now: NOW, said, ...page })

t.test('each file is judged by the policy in force and by what is remembered, the newest release first', async t => {
  const project = await look()
  t.strictSame(
    project?.shown.map(({ version }) => version),
    ['10.0', '2.0', '1.0'],
  )
  const [unknown, theirs, ours] = project?.shown.map(({ files: [file] }) => file) ?? []
  t.match(ours, { verdict: { outcome: 'admitted', code: 'attestation' }, attestations: [{ logIndex: '1' }] })
  t.match(theirs, { verdict: { outcome: 'refused', code: 'publisher-mismatch' } })
  t.match(unknown, { verdict: { outcome: 'unknown' }, attestations: [] }, 'nobody is asked')
})

t.test('what had no attestation when somebody asked last has none', async t => {
  const last = FILES[2]?.sha256
  const project = await look(sha256 => (sha256 === last ? 'audit:unattested' : undefined))
  t.match(project?.shown[0]?.files[0]?.verdict, { outcome: 'refused', code: /^(?:unattested|provenance-lost)$/ })
})

t.test('who signed is told apart, the first one first, and whether the rule holds the others', async t => {
  const project = await look()
  t.strictSame(
    project?.signers.map(({ claims, files }) => [claims.sourceRepositoryUri, files]),
    [
      ['https://github.com/acme/pkg', 1],
      ['https://github.com/mallory/pkg', 1],
    ],
  )
  t.equal(project?.isHeld, true)
})

t.test('releases come in pages, and what was never seen is not there', async t => {
  const project = await look(() => undefined, { from: 1, releases: 1 })
  t.strictSame([project?.releases, project?.shown.map(({ version }) => version)], [3, ['2.0']])
  const never = { name: 'never', policy: POLICY, now: NOW, said: () => sha256Of(''), from: 0, releases: 1 }
  t.equal(await projectNow(records(), never), undefined)
  t.equal(await projectNow(records(), { ...never, name: '../x' }), undefined)
})

t.test('what passed by an exemption alone passes by it for as long as that holds', async t => {
  const newest = FILES[2]
  const exemption = (expires: string) =>
    policyOf(`version: 1
projects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }] }]
exemptions:
  - { id: EX-1, project: pkg, files: { ${newest?.filename.text}: "sha256:${newest?.sha256}" }, waive: [attestation], reason: old, owner: a@acme.example, expires: ${expires} }
`)
  const day = (days: number) => new Date(NOW + days * 86_400_000).toISOString().slice(0, 10)
  const verdict = async (policy: ReturnType<typeof policyOf>, said: string | undefined) =>
    (await projectNow(records(), { name: 'pkg', policy, now: NOW, said: () => said, from: 0, releases: 1 }))?.shown[0]
      ?.files[0]?.verdict
  t.match(await verdict(exemption(day(5)), 'exemption'), { outcome: 'admitted', code: 'exemption' })
  t.strictSame(await verdict(exemption(day(5)), undefined), { outcome: 'unknown' }, 'nobody ever asked for it')
  t.strictSame(await verdict(exemption(day(-5)), 'exemption'), { outcome: 'unknown' }, 'it has ended')
  t.strictSame(await verdict(POLICY, 'exemption'), { outcome: 'unknown' }, 'it is gone')
})
