// guards: src/gate/create-gate.ts src/gate/explain/explain-artifact.ts src/gate/judge/examine.ts
// guards: src/gate/pages/legacy.ts src/gate/pages/links.ts src/gate/pages/listing.ts src/gate/pages/pages.ts
// guards: src/gate/records/explained.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { REFUSALS, type RefusalCode } from '../../src/domain/base/refusal.ts'
import { runCommand } from '../world/commands/commands.ts'
import { type BareGate, openBareGate } from '../world/gate/bare-gate.ts'
import { startGate } from '../world/gate/gate.ts'
import { relabelled } from '../world/index/archives.ts'
import { CIRCLECI } from '../world/judging/claims.ts'
import { createInHouse, IN_HOUSE_IDENTITY, IN_HOUSE_ISSUER, IN_HOUSE_NAME } from '../world/signing/in-house.ts'
import { createWorld, type Published, type Release, type World } from '../world/world.ts'

const DAY = 86_400_000
const OTHER_METADATA = Buffer.from('Metadata-Version: 2.1\nName: demo\nVersion: 9\n')
const PUBLISHER = '{ kind: github, repository: acme/demo, workflow: release.yml }'
const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const

/** A world in which the wheel of demo 1.0 is admitted, until one thing is changed. */
interface Scene {
  readonly world: World
  readonly release: Release
  readonly wheel: Published
  /** the gate, opened when it is first asked for */
  readonly gate: BareGate
}

interface Row {
  readonly code: RefusalCode
  readonly when: string
  /** keys of the rule besides its publisher; `publishers` takes the publisher's place */
  readonly rule?: string
  readonly publishers?: string
  /** what stands beside the rules */
  readonly more?: (scene: Omit<Scene, 'gate'>) => string
  /** before the gate looks for the first time */
  readonly before?: (scene: Omit<Scene, 'gate'>) => unknown
  /** after it has admitted the file */
  readonly after?: (scene: Scene) => unknown
  readonly maxSize?: number
}

const SLSA =
  'slsa: { min_level: 3, builders: [{ workflow: acme/ci/.github/workflows/build.yml, ref: "refs/tags/v*" }] }'

function exemption({ filename, sha256, project }: Published, waive: string, expires: string): string {
  return `exemptions: [{ id: EX-1, project: ${project}, waive: [${waive}], files: { "${filename}": "sha256:${sha256}" }, reason: r, owner: o, expires: "${expires}" }]`
}

async function resign(world: World, file: Published, alter: Parameters<World['signing']['attest']>[0]): Promise<void> {
  const attestation = await world.signing.attest(alter)
  const bundle = { publisher: world.signing.publisher(alter.identity), attestations: [attestation] }
  world.upstream.replace(file.project, file.filename, { provenance: world.signing.provenance([bundle]) })
}

const OURS = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml', ref: 'refs/tags/v1.0' } as const

const ROWS: readonly Row[] = [
  {
    code: 'unattested',
    when: 'the index has no provenance for it',
    before: ({ world, wheel }) => world.upstream.replace('demo', wheel.filename, { provenance: undefined }),
  },
  {
    code: 'provenance-malformed',
    when: 'the provenance is no document',
    before: ({ world, wheel }) =>
      world.upstream.replace('demo', wheel.filename, { provenance: Buffer.from('{"version":2}') }),
  },
  {
    code: 'signature-invalid',
    when: 'somebody else’s Sigstore signed it',
    before: async ({ world, wheel }) => await (await createInHouse(world)).sign(wheel, OURS),
  },
  {
    code: 'signature-invalid',
    when: 'an authority of another rule claims to be GitHub',
    more: () =>
      `  - { match: other, publishers: [{ kind: custom, issuer: "${IN_HOUSE_ISSUER}", san: "${IN_HOUSE_NAME}", trusted_root: in-house.json }] }`,
    before: async ({ world, wheel }) => await (await createInHouse(world)).sign(wheel, OURS),
  },
  {
    code: 'publisher-mismatch',
    when: 'an authority that the rule names for somebody else claims to be GitHub',
    publishers: `${PUBLISHER}, { kind: custom, issuer: "${IN_HOUSE_ISSUER}", san: "${IN_HOUSE_NAME}", trusted_root: in-house.json }`,
    before: async ({ world, wheel }) => await (await createInHouse(world)).sign(wheel, OURS),
  },
  {
    code: 'subject-mismatch',
    when: 'the provenance is that of the source distribution',
    before: ({ world, wheel, release }) =>
      world.upstream.replace('demo', wheel.filename, { provenance: release.sdist.provenance }),
  },
  {
    code: 'digest-mismatch',
    when: 'other bytes were signed under its name',
    before: async ({ world, wheel }) =>
      await resign(world, wheel, { filename: wheel.filename, sha256: '0'.repeat(64), identity: OURS }),
  },
  {
    code: 'metadata-mismatch',
    when: 'METADATA in the wheel is not its .metadata',
    before: ({ world, wheel }) =>
      world.upstream.replace('demo', wheel.filename, {
        metadata: OTHER_METADATA,
        metadataSha256: sha256Of(OTHER_METADATA),
      }),
    // the download finds it; from then on it is known
    after: async ({ gate, wheel }) => await gate.download(wheel).catch(() => undefined),
  },
  {
    code: 'metadata-unreadable',
    when: 'METADATA in the wheel is compressed by bzip2',
    before: async ({ world, wheel }) => {
      const bytes = relabelled(wheel.bytes, 'demo-1.0.dist-info/METADATA', { method: 12 })
      const sha256 = sha256Of(bytes)
      world.upstream.replace('demo', wheel.filename, { bytes, sha256 })
      await resign(world, wheel, { ...wheel, sha256, identity: OURS })
    },
    after: async ({ gate, wheel }) => await gate.download(wheel).catch(() => undefined),
  },
  {
    code: 'digest-missing',
    when: 'the index gives no sha256',
    before: ({ world, wheel }) => world.upstream.replace('demo', wheel.filename, { entry: { hashes: {} } }),
  },
  { code: 'too-large', when: 'it is larger than the limit', maxSize: 10 },
  {
    code: 'publisher-object-mismatch',
    when: 'the index names another repository than the certificate',
    before: async ({ world, wheel }) =>
      await resign(world, wheel, { ...wheel, identity: { ...OURS, publisher: { repository: 'acme/other' } } }),
  },
  {
    code: 'publisher-unknown',
    when: 'the index names a kind of publisher that is not known yet',
    before: async ({ world, wheel }) =>
      await resign(world, wheel, { ...wheel, identity: { ...OURS, publisher: { kind: 'ActiveState' } } }),
  },
  {
    code: 'publisher-mismatch',
    when: 'somebody else signed it',
    before: async ({ world, wheel }) => await resign(world, wheel, { ...wheel, identity: MALLORY }),
  },
  {
    code: 'publisher-changed',
    when: 'somebody else signed the release before it',
    publishers: '',
    rule: 'identity: first-seen',
    before: async ({ world }) => void (await world.release('demo', '0.9', { identity: MALLORY })),
  },
  {
    code: 'predicate-not-allowed',
    when: 'the rule wants SLSA provenance beside it',
    rule: 'predicates: { require: [slsa-provenance/v1] }',
  },
  {
    code: 'predicate-mismatch',
    when: 'the publish predicate is not empty',
    before: async ({ world, wheel }) =>
      await resign(world, wheel, {
        ...wheel,
        identity: OURS,
        alter: { statement: statement => ({ ...statement, predicate: { builder: 'me' } }) },
      }),
  },
  { code: 'builder-not-trusted', when: 'the rule demands a SLSA builder', rule: SLSA },
  {
    code: 'builder-not-trusted',
    when: 'another builder made its SLSA provenance',
    rule: SLSA,
    before: async ({ world, wheel }) =>
      await signBuilt(world, wheel, 'acme/ci/.github/workflows/other.yml@refs/tags/v1'),
  },
  {
    code: 'provenance-lost',
    when: 'it has no attestation any more, and the release before it had',
    rule: 'attestation: when-seen',
    before: async ({ world, wheel, release }) => {
      await world.release('demo', '0.9')
      for (const { filename } of [wheel, release.sdist])
        world.upstream.replace('demo', filename, { provenance: undefined })
    },
  },
  {
    code: 'provenance-partial',
    when: 'its source distribution is attested and it is not',
    rule: 'attestation: when-seen',
    before: ({ world, wheel }) => world.upstream.replace('demo', wheel.filename, { provenance: undefined }),
  },
  {
    code: 'added-late',
    when: 'it came fifteen days after its source distribution',
    before: ({ world, release }) =>
      world.upstream.replace('demo', release.sdist.filename, { uploadTime: '2024-10-22T22:37:09Z' }),
  },
  {
    code: 'too-new',
    when: 'it was signed an hour ago, whatever its upload time',
    rule: 'cooldown: { min_age: 3d }',
  },
  {
    code: 'upload-time-missing',
    when: 'there is a cooldown and no upload time',
    rule: 'cooldown: { min_age: 1m }',
    before: ({ world, wheel }) =>
      world.upstream.replace('demo', wheel.filename, { entry: { 'upload-time': undefined } }),
  },
  {
    code: 'yanked',
    when: 'its author yanked it',
    rule: 'yanked: deny',
    before: ({ world, wheel }) => world.upstream.yank('demo', wheel.filename),
  },
  {
    code: 'project-status',
    when: 'its project is archived',
    rule: 'status: { archived: deny }',
    before: ({ world }) => world.upstream.setStatus('demo', 'archived'),
  },
  {
    code: 'project-quarantined',
    when: 'its project is quarantined',
    before: ({ world }) => world.upstream.setStatus('demo', 'quarantined'),
  },
  {
    code: 'no-rule',
    when: 'no rule names its project',
    after: ({ gate }) => gate.rewritePolicy('version: 1\nprojects: [{ match: other, deny: no }]'),
  },
  {
    code: 'rule-denies',
    when: 'a rule denies its project',
    after: ({ gate }) => gate.rewritePolicy('version: 1\nprojects: [{ match: demo, deny: typosquat }]'),
  },
  {
    code: 'exemption-expired',
    when: 'the exemption that let it pass has ended',
    before: ({ world, wheel }) => world.upstream.replace('demo', wheel.filename, { provenance: undefined }),
    more: ({ wheel }) => exemption(wheel, 'attestation', new Date(Date.now() + DAY).toISOString()),
    after: ({ gate }) => {
      gate.clock.now += 2 * DAY
    },
  },
  ...[
    ({ wheel }: Omit<Scene, 'gate'>) => `sha256: "${wheel.sha256}"`,
    () => 'run: "https://github.com/acme/demo/actions/runs/1/attempts/1"',
    () => `repository: Acme/Demo, commit: "${'a'.repeat(40)}"`,
    () => 'repository: acme/demo, signed_after: 2020-01-01T00:00:00Z',
    () => 'project: demo, versions: "==1.0"',
  ].map(
    (what): Row => ({
      code: 'revoked',
      when: `it is revoked by ${what({ wheel: { sha256: '' } } as never).replace(/:.*/, '')} after it was stored`,
      after: async scene => {
        await scene.gate.download(scene.wheel)
        scene.gate.rewritePolicy(policyOf({}, `revocations: [{ ${what(scene)}, reason: incident }]`))
      },
    }),
  ),
]

/** Reached through pages and paths alone: a file that is neither wheel nor sdist carries no attestation to begin with. */
const ELSEWHERE: readonly RefusalCode[] = ['source-changed', 'confusable', 'file-unsupported']

function policyOf({ rule, publishers = PUBLISHER }: Pick<Row, 'rule' | 'publishers'>, more = ''): string {
  const keys = [publishers === '' ? '' : `publishers: [${publishers}]`, rule ?? ''].filter(key => key !== '')
  return `version: 1\nprojects:\n  - { match: demo, ${keys.join(', ')} }\n${more}\n`
}

async function signBuilt(world: World, file: Published, signer: string): Promise<void> {
  const publish = await world.signing.attest({ ...file, identity: OURS })
  const slsa = await world.signing.attest({ ...file, identity: { ...OURS, signer }, predicate: 'slsa' })
  const bundle = { publisher: world.signing.publisher(OURS), attestations: [publish, slsa] }
  world.upstream.replace(file.project, file.filename, { provenance: world.signing.provenance([bundle]) })
}

async function openScene(t: Test, row: Row): Promise<Scene> {
  const world = await createWorld(t)
  const release = await world.release('demo', '1.0')
  const { wheel } = release
  await row.before?.({ world, release, wheel })
  const policy = policyOf(row, row.more?.({ world, release, wheel }))
  const settings = row.maxSize === undefined ? {} : { maxSize: row.maxSize }
  return { world, release, wheel, gate: await openBareGate(t, world, { policy, settings }) }
}

t.test('the control: nothing is changed', async t => {
  const { gate, wheel, release } = await openScene(t, { code: 'unattested', when: '' })
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(await gate.outcome(release.sdist), 'admitted')
})

t.test('a file is refused, for one thing that is changed', async t => {
  for (const row of ROWS) {
    const scene = await openScene(t, row)
    const { gate, wheel, world } = scene
    if (row.code === 'publisher-changed') {
      const [older] = (await world.release('demo', '0.8', { identity: MALLORY, kinds: ['wheel'] })).files
      if (older !== undefined) t.equal(await gate.outcome(older), 'admitted', 'the first is taken at its word')
    } else if (row.after !== undefined) t.equal(await gate.outcome(wheel), 'admitted', `${row.code}: admitted at first`)
    await row.after?.(scene)
    t.equal(await gate.outcome(wheel), row.code, `${row.code}: ${row.when}`)
  }
  const covered = new Set<string>([...ROWS.map(({ code }) => code), ...ELSEWHERE])
  t.strictSame(
    Object.keys(REFUSALS).filter(code => !covered.has(code)),
    [],
    'no code is without a row',
  )
})

t.test('what each waiver lets pass, until its second', async t => {
  const waivable = ROWS.filter(({ code }) => 'waive' in REFUSALS[code] && code !== 'publisher-changed')
  for (const row of waivable) {
    const scene = await openScene(t, row)
    const { gate, wheel } = scene
    const { waive } = REFUSALS[row.code] as { readonly waive: string }
    const ends = gate.clock.now + 60_000
    gate.rewritePolicy(policyOf(row, exemption(wheel, waive, new Date(ends).toISOString())))
    t.equal(await gate.outcome(wheel), 'admitted', `${row.code}: ${waive} waives it`)
    gate.clock.now = Math.floor(ends) - 1
    t.equal(await gate.outcome(wheel), 'admitted', 'to the last millisecond')
    gate.clock.now += 1
    t.equal(await gate.outcome(wheel), 'exemption-expired', 'and not beyond')
    const [other] = ['attestation', 'status'].filter(word => word !== waive)
    gate.rewritePolicy(policyOf(row, exemption(wheel, other ?? '', '2027-01-01')))
    t.equal(await gate.outcome(wheel), row.code, `${other} does not`)
  }
})

t.test('a pipeline on CircleCI', async t => {
  const world = await createWorld(t)
  const identity = { kind: 'circleci', projectId: CIRCLECI.project, definitionId: CIRCLECI.definition } as const
  const { wheel } = await world.release('demo', '1.0', { identity })
  const later = await world.release('demo', '1.1', { identity: { ...identity, ref: 'refs/tags/v1.1' } })
  const publisher = `{ kind: circleci, project_id: ${CIRCLECI.project}, pipeline_definition_id: ${CIRCLECI.definition} }`
  const demanding = publisher.replace(' }', ', vcs_origin: github.com/acme/pkg, ref: "refs/tags/*" }')
  const gate = await openBareGate(t, world, { policy: policyOf({ publishers: publisher }) })
  t.equal(await gate.outcome(wheel), 'admitted', 'vouches for its project')
  gate.rewritePolicy(policyOf({ publishers: demanding }))
  t.equal(await gate.outcome(wheel), 'admitted', 'and for all that is demanded')
  for (const [what, by] of [
    [CIRCLECI.project, CIRCLECI.organization],
    [CIRCLECI.definition, CIRCLECI.organization],
    ['acme/pkg', 'evil/pkg'],
    ['refs/tags', 'refs/heads'],
    ['vcs_origin', `organization_id: ${CIRCLECI.organization}, vcs_origin`],
  ] as const) {
    gate.rewritePolicy(policyOf({ publishers: demanding.replace(what, by) }))
    t.equal(await gate.outcome(wheel), 'publisher-mismatch', `${what} is compared`)
  }
  gate.rewritePolicy(policyOf({ publishers: '', rule: 'identity: first-seen' }))
  for (const file of [wheel, later.wheel])
    t.equal(await gate.outcome(file), 'admitted', 'it stays the first that was seen')
  await resign(world, later.sdist, { ...later.sdist, identity: { ...identity, claims: { 11: 'ssh-rerun' } } })
  t.equal(await gate.outcome(later.sdist), 'publisher-mismatch', 'not where a person could reach in')
  gate.rewritePolicy(policyOf({ publishers: publisher }))
  t.equal(await gate.outcome(later.sdist), 'publisher-mismatch')
  const revocation = 'revocations: [{ repository: acme/pkg, signed_after: 2020-01-01T00:00:00Z, reason: incident }]'
  gate.rewritePolicy(policyOf({ publishers: publisher }, revocation))
  t.equal(await gate.outcome(wheel), 'revoked', 'a revocation of its source reaches it')
})

t.test('an authority of one’s own', async t => {
  const policy = policyOf({
    publishers: `{ kind: custom, issuer: "${IN_HOUSE_ISSUER}", san: "${IN_HOUSE_NAME}", trusted_root: in-house.json }`,
  })
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const inHouse = await createInHouse(world)
  await inHouse.sign(wheel, IN_HOUSE_IDENTITY)
  const gate = await openBareGate(t, world, { policy })
  t.equal(await gate.outcome(wheel), 'admitted', 'vouches for its own')
  t.equal(await gate.outcome(sdist), 'publisher-mismatch', 'and what Sigstore vouches for is not its')
  gate.rewritePolicy(policy.replace(IN_HOUSE_NAME, 'somebody@ci.acme.example'))
  t.equal(await gate.outcome(wheel), 'publisher-mismatch', 'the name is compared')
  gate.rewritePolicy(policy.replace(IN_HOUSE_ISSUER, 'https://oidc.other.example'))
  t.equal(await gate.outcome(wheel), 'publisher-mismatch', 'and the issuer')
  gate.rewritePolicy(policyOf({}))
  t.equal(await gate.outcome(wheel), 'signature-invalid', 'to other rules it is nobody')
  gate.rewritePolicy('version: 1\nprojects: [{ match: demo, attestation: optional }]')
  t.equal(await gate.outcome(wheel), 'signature-invalid', 'and nowhere is it anybody')
  await createInHouse(world)
  gate.rewritePolicy(policy)
  t.equal(
    await gate.outcome(wheel),
    'signature-invalid',
    'another root in its place proves nothing of what the first did',
  )
  t.equal(
    gate.rewritePolicy(policy.replace('in-house.json', 'gone.json')),
    'kept',
    'a root that is not there is no policy',
  )
})

t.test('a builder that the rule names may sign SLSA provenance', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  await signBuilt(world, wheel, 'acme/ci/.github/workflows/build.yml@refs/tags/v1.2.3')
  const gate = await openBareGate(t, world, { policy: policyOf({ rule: SLSA }) })
  t.equal(await gate.outcome(wheel), 'admitted')
  gate.rewritePolicy(policyOf({}))
  t.equal(await gate.outcome(wheel), 'publisher-mismatch', 'without slsa in the rule nobody signs in its place')
})

t.test('audit mode: what would be refused is admitted and written down so, what is hard is refused', async t => {
  for (const row of ROWS.filter(({ code }) => code !== 'publisher-changed' && code !== 'revoked')) {
    const { gate, wheel } = await openScene(t, {
      ...row,
      more: scene => `mode: audit\n${row.more?.(scene) ?? ''}`.replace(/^mode: audit\n( {2}- .*)$/m, '$1\nmode: audit'),
    })
    if (row.after !== undefined) continue
    const outcome = await gate.outcome(wheel)
    t.equal(outcome, REFUSALS[row.code].hard ? row.code : 'admitted', `${row.code}: ${row.when}`)
    if (REFUSALS[row.code].hard) continue
    const verdict = await gate.judge(wheel)
    gate.gate.journal(verdict, { address: '192.0.2.1', subject: 'anonymous' }, 0)
    t.match(gate.memory.journal.at(-1), { outcome: 'admitted', code: `audit:${row.code}` })
    t.match(gate.events.at(-1), { type: 'verdict', code: 'audit', wouldRefuse: row.code })
    t.same(await gate.download(wheel), wheel.bytes, 'and the file is what was announced')
  }
})

t.test('a cooldown counts from when the file was first missing no more, and passes', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const gate = await openBareGate(t, world, { policy: policyOf({ rule: 'cooldown: { min_age: 3d }' }) })
  gate.clock.now += 10 * DAY
  const old = await world.release('demo', '1.0.post1', { kinds: ['wheel'] })
  t.equal(await gate.outcome(old.wheel), 'admitted', 'a gate that never looked before believes upload and log')
  const { wheel } = await world.release('demo', '2.0', { kinds: ['wheel'] })
  gate.clock.now += 61_000
  t.equal(await gate.outcome(wheel), 'too-new', 'an index cannot backdate what was not there a minute ago')
  gate.clock.now += 3 * DAY
  t.equal(await gate.outcome(wheel), 'admitted', 'three days later it is old enough')
  world.upstream.remove('demo', wheel.filename)
  gate.clock.now += 61_000
  t.equal(await gate.outcome(wheel), 'not-listed')
  world.upstream.add('demo', {
    filename: wheel.filename,
    bytes: wheel.bytes,
    metadata: wheel.metadata,
    provenance: wheel.provenance,
  })
  gate.clock.now += 61_000
  t.equal(await gate.outcome(wheel), 'too-new', 'what was gone and came back is young again')
})

t.test('every door holds what a policy edit refuses: HEAD, Range, 304, .metadata, pages, JSON', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const other = await world.release('demo', '0.9')
  const gate = await startGate(t, world, { policy: policyOf({}), configuration: { index: { mode: 'hide' } } })
  const ask = (path: string, init: RequestInit = {}) => fetch(`${gate.url}${path}`, init)
  const first = await ask(wheel.path)
  t.equal(first.status, 200)
  t.same(Buffer.from(await first.arrayBuffer()), wheel.bytes)
  const etag = first.headers.get('etag') ?? ''
  t.match(await (await ask('/simple/demo/')).text(), wheel.filename)
  t.match(await (await ask('/pypi/demo/json')).text(), wheel.filename)
  world.writePolicy(policyOf({}, `revocations: [{ sha256: "${wheel.sha256}", reason: malware }]`))
  t.equal(gate.app.reload(), 'loaded')
  for (const init of [
    {},
    { method: 'HEAD' },
    { headers: { range: 'bytes=0-1' } },
    { headers: { 'if-none-match': etag } },
  ])
    for (const path of [wheel.path, `${wheel.path}.metadata`]) {
      const answer = await ask(path, init)
      t.equal(answer.status, 403, `${JSON.stringify(init)} ${path.slice(-9)}`)
      t.match(answer.statusText, /^Refused by policy: revoked \(see http:\/\/127\.0\.0\.1:\d+\/x\/[0-9a-z]{12}\)$/)
    }
  const refused = (await (await ask(wheel.path)).json()) as { readonly explain: string; readonly detail: string }
  t.match(refused, {
    code: 'revoked',
    rule: 'revocations[0] (policy.yaml:4)',
    detail: /revoked by revocations\[0\] \(policy\.yaml:\d+\): malware\./,
  })
  t.match(await (await ask(new URL(refused.explain).pathname)).text(), /What was checked/)
  t.notMatch(await (await ask('/simple/demo/')).text(), wheel.filename, 'pages are built anew')
  t.notMatch(await (await ask('/pypi/demo/json')).text(), `"${wheel.filename}"`)
  t.match(await (await ask('/simple/demo/')).text(), other.wheel.filename)
  t.match(refused.detail, /(?:Other versions that pass|Versions with attestations, not judged yet): 0\.9\./)
})

t.test('a ratchet that closes reaches pages that were built before', async t => {
  const world = await createWorld(t)
  const bare = await world.release('demo', '1.0.0', { attested: false })
  const policy = policyOf({ publishers: '', rule: 'attestation: when-seen, identity: first-seen' })
  const gate = await startGate(t, world, { policy, configuration: { index: { mode: 'annotate', max_age: '0s' } } })
  const page = async () => await (await fetch(`${gate.url}/simple/demo/`)).text()
  t.notMatch(await page(), 'data-yanked')
  await world.release('demo', '1.0.1')
  const closed = await page()
  t.match(closed, /Refused by policy: provenance-lost/)
  t.equal((await fetch(`${gate.url}${bare.wheel.path}`)).status, 403)
})

/** What only a gate that was there can know. */
const NEEDS_THE_GATE: readonly RefusalCode[] = [
  // the first identity is what a gate was asked for first
  'publisher-changed',
  // found in a download
  'metadata-mismatch',
  'metadata-unreadable',
]

t.test('explain and the gate agree, on every row that does not need the gate’s own past', async t => {
  let compared = 0
  for (const row of ROWS.filter(({ code }) => !NEEDS_THE_GATE.includes(code))) {
    const scene = await openScene(t, row)
    const { world, gate, wheel } = scene
    await row.after?.(scene)
    const outcome = await gate.outcome(wheel)
    const configuration = {
      ...world.configuration(),
      ...(row.maxSize === undefined ? {} : { files: { max_size: row.maxSize } }),
    }
    writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(configuration))
    const at = new Date(gate.clock.now).toISOString()
    const { out } = await runCommand(['explain', wheel.filename, '--format', 'json', '--at', at], {
      folder: world.folder,
    })
    const told = JSON.parse(out)
    t.equal(told.outcome === 'admitted' ? 'admitted' : told.code, outcome, `${row.code}: ${row.when}`)
    if (told.outcome === 'refused')
      t.ok(
        told.steps.some(({ mark }: { readonly mark: string }) => mark === 'fail'),
        'and a step says so',
      )
    compared += 1
  }
  t.ok(compared > 30, `${compared} rows`)
})
