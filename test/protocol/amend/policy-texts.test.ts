import t from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { ProjectName } from '../../../src/domain/packaging/name.ts'
import type { Version } from '../../../src/domain/packaging/version.ts'
import { addClauses } from '../../../src/protocol/amend/add-clauses.ts'
import { addExemptions } from '../../../src/protocol/amend/add-exemptions.ts'
import { addOffered } from '../../../src/protocol/amend/add-offered.ts'
import { addPublishers } from '../../../src/protocol/amend/add-publishers.ts'
import { clausesOf, documentsIn, keysOf, type PolicyTexts } from '../../../src/protocol/amend/policy-texts.ts'
import { removeUnused } from '../../../src/protocol/amend/remove-clauses.ts'
import { renewExemptions } from '../../../src/protocol/amend/renew-exemptions.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { GOOD, NOW, SHA } from '../good-policy.ts'

const texts = (...yaml: readonly string[]): PolicyTexts => ({
  yaml: yaml.map((text, index) => ({ path: `/p${index}.yaml`, text })),
  pins: new Map(),
})
const FIRST = { file: '/p0.yaml', document: 0 }

function loaded({ yaml, pins }: PolicyTexts) {
  const read = loadPolicy(yaml, NOW, noRoots, path => pins.get(path) ?? { wrong: 'is not there' })
  if ('policy' in read) return read
  throw new TypeError(JSON.stringify(read.diagnostics))
}

t.test('clauses are found in every document of every file', async t => {
  const two = texts(
    'projects: [{ match: Acme_One }]\n---\npublishers: { a: { kind: google } }\n',
    'projects:\n- match: b\n',
  )
  t.match(clausesOf(two, 'projects'), [
    { file: '/p0.yaml', place: { document: 0, path: ['projects', 0] }, name: 'acme-one' },
    { file: '/p1.yaml', place: { document: 0, path: ['projects', 0] }, name: 'b' },
  ])
  t.match(clausesOf(two, 'publishers'), [{ place: { document: 1, path: ['publishers', 'a'] }, name: 'a' }])
  t.equal(documentsIn(two).length, 3, 'but not in one that says nothing')
  t.strictSame(keysOf(two, { file: '/p0.yaml', document: 1 }), ['publishers'])
})

t.test('a clause comes into the document that is named, with its key where that has its place', async t => {
  const two = texts('version: 1\nlimits: { exemption_max: 90d }\n---\nversion: 1\nprojects:\n  - match: m\n')
  const rule = { key: 'projects', name: 'a', value: { match: 'a' } } as const
  t.equal(
    addClauses(two, FIRST, [rule]).yaml[0]?.text,
    'version: 1\nprojects:\n  - match: a\nlimits: { exemption_max: 90d }\n---\nversion: 1\nprojects:\n  - match: m\n',
  )
  t.match(
    addClauses(two, { ...FIRST, document: 1 }, [rule]).yaml[0]?.text,
    /---\nversion: 1\nprojects:\n {2}- match: a\n {2}- match: m\n$/,
  )
})

t.test('a rule that has to be there names nobody, and one is there once', async t => {
  const good = texts(GOOD.join('\n'))
  const project = 'alone' as ProjectName
  const { texts: after, bare, named } = addPublishers(good, FIRST, [{ project, rule: undefined, signers: [] }])
  t.match(after.yaml[0]?.text, /\n {2}- match: alone\n {2}- match: six\n/)
  t.strictSame([bare, named], [['alone'], []])
})

t.test('an exemption in force that pins others of the locks is added to, and no other', async t => {
  const pins = (path: string) => new Map([[path, `six==1.0 --hash=${SHA}\n`]])
  const exemption = (more: string) =>
    `  - { id: EX-app, pins: app.txt, waive: [attestation], reason: r, owner: ann, ${more} }\n`
  const grow = (more: string, changes: Partial<Parameters<typeof addExemptions>[3]> = {}) => {
    const before = {
      ...texts(`version: 1\nprojects:\n  - match: six\nexemptions:\n${exemption(more)}`),
      pins: pins('/app.txt'),
    }
    const { contents } = loaded(before)
    const need = {
      project: 'six' as ProjectName,
      version: '2.0' as Version,
      hashes: new Set<Sha256>([sha256Of('x')]),
      waive: ['attestation'] as const,
    }
    const terms = { now: NOW, exemptions: contents.exemptions, used: new Set(['six']), owner: 'bob', ownerNamed: false }
    const rest = { expires: '2027-01-31', stem: 'app', origin: 'uv.lock', exists: () => false }
    return addExemptions(before, FIRST, [need], { ...terms, ...rest, ...changes })
  }
  t.match(grow('expires: 2027-01-31'), { pinned: [{ exemption: 'EX-app' }], added: [] })
  for (const [more, changes] of [
    ['expires: 2026-11-01', {}],
    ['expires: 2027-01-31', { ownerNamed: true }],
    ['expires: 2027-01-31', { used: new Set(['other']) }],
  ] as const) {
    const { added, texts: after } = grow(more, changes)
    t.strictSame(added, ['EX-p0-app-attestation'])
    t.match(after.pins.get('/pins/p0-app-attestation.txt'), /^# What EX-p0-app-attestation exempts.*\nsix==2\.0 \\\n/)
    loaded(after)
  }
  const shared = `expires: 2027-01-31 }\n  - { id: EX-b, pins: app.txt, waive: [yanked], reason: r, owner: ann, expires: 2027-01-31`
  t.strictSame(grow(shared).added, ['EX-p0-app-attestation'], 'a file that another exemption shares would exempt more')
  t.match(grow('expires: 2026-11-01', { exists: path => path.endsWith('attestation.txt') }).added, [
    'EX-p0-app-attestation-2',
  ])
})

t.test('an offer comes in once, with what it leaves to say', async t => {
  const good = texts(GOOD.join('\n'))
  const { policy, contents } = loaded(good)
  const offer = {
    project: 'newer',
    filename: 'newer-1.0.tar.gz',
    sha256: '1'.repeat(64),
    text: `projects:\n  - match: newer\nexemptions:\n  - id: EX-1\n    project: newer\n    waive: [attestation]\n    files: { newer-1.0.tar.gz: "sha256:${'1'.repeat(64)}" }\n    reason: "say why this file may pass"\n    owner: "say who answers for it"\n    expires: 2026-11-01\n`,
  }
  const terms = {
    now: NOW,
    policy,
    exemptions: contents.exemptions,
    owner: 'ann',
    ownerNamed: false,
    reason: 'asked',
    expires: '2027-01-31',
  }
  const { texts: after, taken } = addOffered(good, FIRST, [offer], terms)
  t.match(after.yaml[0]?.text, /reason: asked\n {4}owner: ann\n {4}expires: 2027-01-31\n {2}- id: EX-7\n/)
  t.match(taken, [{ project: 'newer', exemption: 'EX-1', waive: ['attestation'] }])
  const next = loaded(after)
  const again = addOffered(after, FIRST, [offer], {
    ...terms,
    policy: next.policy,
    exemptions: next.contents.exemptions,
  })
  t.strictSame([again.texts.yaml, again.taken], [after.yaml, []])
  const more = { ...offer, text: offer.text.replace('[attestation]', '[attestation, cooldown]') }
  const pinned = { ...terms, policy: next.policy, exemptions: next.contents.exemptions }
  t.match(addOffered(after, FIRST, [more], pinned).taken, [{ exemption: 'EX-1-2' }], 'what is waived may not be enough')
  const whole = `---\n# newer-1.0.tar.gz, refused\nversion: 1\n${offer.text.replace('newer\n', 'newer\n    attestation: required\n').replace('who answers for it', 'whoever')}`
  const further = addOffered(good, FIRST, [{ ...offer, text: whole }], { ...terms, ownerNamed: true })
  t.match(
    further.texts.yaml[0]?.text,
    /\n {2}- \{ match: newer, attestation: required \}\n/,
    'a document of its own too',
  )
  t.match(further.texts.yaml[0]?.text, /owner: ann\n/, 'whoever is named answers for it')
  t.match(addOffered(good, FIRST, [{ ...offer, text: 'publishers: []' }], terms), {
    taken: [],
    unusable: [{ filename: offer.filename }],
  })
})

t.test('publishers go with the last rule that named them, unless a test does', async t => {
  const policy = [
    ...GOOD,
    'tests:',
    '  - { given: { file: pkg-1.0.tar.gz, attested_by: lab }, expect: { refused: no-rule } }',
  ]
  const { texts: after, removed } = removeUnused(texts(policy.join('\n')), new Set(['six']), () => true)
  t.strictSame(removed, { rules: ['pkg'], exemptions: [], publishers: ['acme'], pins: [] })
  t.strictSame(
    after.yaml[0]?.text.split('\n'),
    policy.filter((_, index) => index !== 3 && index !== 9),
  )
})

t.test('ends move to a day, and only later', async t => {
  const good = texts(GOOD.join('\n'))
  const { contents } = loaded(good)
  const until = instant(Date.parse('2027-06-30T12:00:00Z'))
  const { texts: after, renewed } = renewExemptions(good, contents.exemptions, until)
  t.equal(after.yaml[0]?.text, GOOD.join('\n').replace('2027-03-31', '2027-06-30'))
  t.match(renewed, [{ exemption: 'EX-7', owner: 'platform@acme.example', to: '2027-06-30' }])
  t.strictSame(renewExemptions(after, loaded(after).contents.exemptions, until).renewed, [])
})

t.test('a comment that begins with the name of a clause goes with it, where it names no other', async t => {
  const without = (comment: string) => {
    const policy = `projects:\n  - match: a\n  # ${comment}\n  - match: b\n  - match: c\n`
    return removeUnused(texts(policy), new Set(['a', 'c']), () => true).texts.yaml[0]?.text
  }
  t.equal(without('b: asked in SEC-1'), 'projects:\n  - match: a\n  - match: c\n')
  t.equal(without('b and c, asked in SEC-1'), 'projects:\n  - match: a\n  # b and c, asked in SEC-1\n  - match: c\n')
  t.match(without('who would build b?'), /# who would build b\?\n/)
  t.equal(without('nobody signed these'), 'projects:\n  - match: a\n  # nobody signed these\n  - match: c\n')
})

t.test('the remark above rules that name nobody goes with the last of them', async t => {
  const remark = '  # nobody signed these: only what is exempted below passes\n'
  const policy = `projects:\n  - match: a\n${remark}  - match: b\n  - match: c\n\nexemptions: []\n`
  const kept = (...names: readonly string[]) =>
    removeUnused(texts(policy), new Set(names), () => true).texts.yaml[0]?.text
  t.equal(kept('a', 'c'), policy.replace('  - match: b\n', ''))
  t.equal(kept('a'), 'projects:\n  - match: a\n\nexemptions: []\n')
  t.equal(kept('a', 'b', 'c'), policy)
})
