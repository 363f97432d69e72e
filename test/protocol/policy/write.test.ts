// guards: src/protocol/policy/write-exemptions.ts src/protocol/policy/write-publishers.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { ObservedPublisher } from '../../../src/domain/identity/publisher.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { type ObservedFile, type WriteOptions, writePolicy } from '../../../src/protocol/policy/write.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const OPTIONS: WriteOptions = {
  locks: ['uv.lock'],
  at: NOW,
  owner: 'me',
  ends: ['2027-01-01'],
  remarks: [],
  beside: undefined,
  base: undefined,
}
const BESIDE = { ...OPTIONS, beside: 'acme' }

type Github = Extract<ObservedPublisher, { readonly kind: 'github' }>

function github(changes: Partial<Github> = {}): Github {
  return {
    kind: 'github',
    label: 'x',
    repository: 'acme/mono',
    workflows: ['release.yml'],
    refs: ['refs/tags/*'],
    repositoryId: '1',
    ownerId: '2',
    environment: undefined,
    signer: undefined,
    ...changes,
  } as Github
}

/** A file of a lock; nobody signed it where no publisher is named. */
function file(release: string, changes: Partial<ObservedFile> = {}): ObservedFile {
  const [name = '', text = ''] = release.split('==')
  const version = parseVersion(text)
  if (version === undefined) throw new TypeError('a version')
  return {
    project: parseProjectName(name),
    version,
    filename: `${name}-${version}.tar.gz`,
    sha256: sha256Of(release),
    publisher: undefined,
    waive: changes.publisher === undefined ? ['attestation'] : [],
    locks: ['uv.lock'],
    base: undefined,
    ...changes,
  }
}

t.test('where a source owns names, what looks like one of them is denied', async t => {
  const { text } = writePolicy([], { ...OPTIONS, hasOwnNames: true })
  t.match(text, /defaults:\n(?: {2}.*\n)* {2}confusable: deny/)
  t.notMatch(writePolicy([], OPTIONS).text, 'confusable')
  t.notMatch(writePolicy([], { ...OPTIONS, hasOwnNames: true, base: { publishers: [] } }).text, 'confusable')
})

t.test('what is written has a bound for exemptions and approvals, within which its own end', async t => {
  t.match(writePolicy([], OPTIONS).text, 'limits: { exemption_max: 180d }')
  const { text } = writePolicy([file('demo==1.0')], { ...OPTIONS, ends: ['2029-12-31'] })
  t.match(text, /limits: \{ exemption_max: 1\d{3}d \}/)
  t.match(loadPolicy([{ path: 'p', text }], NOW, noRoots), { policy: {} })
  const late = writePolicy([file('demo==1.0')], { ...OPTIONS, ends: ['2099-12-31'] })
  t.notMatch(late.text, 'limits', 'later than any bound')
  t.match(loadPolicy([{ path: 'p', text: late.text }], NOW, noRoots), { policy: {} })
  t.notMatch(writePolicy([], { ...OPTIONS, base: { publishers: [] } }).text, 'limits', 'a base has its own')
})

t.test('nothing from outside leaves a comment of a policy that is written', async t => {
  const { text } = writePolicy([], {
    ...OPTIONS,
    locks: ['uv\nlock'],
    remarks: ['Not covered: x\u2028y\rz\n  - match: evil\n    attestation: optional'],
  })
  const outside = text.split(/[\n\r\u0085\u2028\u2029]/).filter(line => line !== '' && !line.startsWith('#'))
  t.strictSame(outside, [
    'version: 1',
    'mode: enforce',
    'defaults:',
    '  attestation: required',
    '  unmatched: deny',
    'limits: { exemption_max: 180d }',
    'projects:',
  ])
})

t.test('a rule is a line, with its publisher where nobody else has it', async t => {
  const { text } = writePolicy(
    [
      file('solo==1', { publisher: github({ repository: 'acme/solo' }) }),
      file('one==1', { publisher: github() }),
      file('two==1', { publisher: github() }),
      file('bare==1'),
    ],
    OPTIONS,
  )
  t.match(
    text,
    '\npublishers:\n  acme-mono-release: { kind: github, repository: acme/mono, workflow: release.yml, ref: "refs/tags/*", repository_id: "1", owner_id: "2" }\n',
  )
  t.match(
    text,
    '  - { match: one, publishers: [acme-mono-release] }\n  - { match: solo, publishers: [{ kind: github, repository: acme/solo, ',
  )
  t.match(
    text,
    '  - { match: two, publishers: [acme-mono-release] }\n  # nobody signed these: only what is exempted below passes\n  - match: bare\n',
  )
})

t.test('the name of a publisher says who it is, and another one never has it', async t => {
  const named = (changes: Partial<Github>) => {
    const publisher = github(changes)
    const { text } = writePolicy([file('one==1', { publisher }), file('two==1', { publisher })], OPTIONS)
    return /publishers:\n {2}([^:]*):/.exec(text)?.[1]
  }
  t.equal(named({}), 'acme-mono-release')
  t.equal(named({ environment: 'pypi' }), 'acme-mono-release-pypi')
  t.match(named({ refs: ['refs/heads/main'] }), /^acme-mono-release-[0-9a-f]{6}$/)
  t.not(named({ refs: ['refs/heads/main'] }), named({ refs: ['refs/heads/main', 'refs/tags/*'] }))
})

t.test('a name that the base has is not taken', async t => {
  const files = [file('one==1', { publisher: github() }), file('two==1', { publisher: github() })]
  const { text } = writePolicy(files, { ...OPTIONS, base: { publishers: ['acme-mono-release'] } })
  t.match(text, /^publishers:\n {2}acme-mono-release-2: /m)
  t.notMatch(text, /mode:|defaults:/)
})

t.test('beside the policy there is one exemption for each lock and reason', async t => {
  const { text, pins } = writePolicy(
    [
      file('bare==1', { locks: ['a/uv.lock', 'b/poetry.lock'] }),
      file('bare==2', { locks: ['b/poetry.lock'] }),
      file('late==1', { waive: ['attestation', 'regression'], locks: ['b/poetry.lock'] }),
    ],
    BESIDE,
  )
  t.strictSame(
    pins.map(({ name, text }) => [name, text.match(/^[a-z].*==\S+/gm)]),
    [
      ['pins/acme-uv-attestation.txt', ['bare==1']],
      ['pins/acme-poetry-attestation.txt', ['bare==1', 'bare==2']],
      ['pins/acme-poetry-attestation-regression.txt', ['late==1']],
    ],
  )
  const read = new Map(pins.map(({ name, text }) => [`/${name}`, text]))
  const loaded = loadPolicy([{ path: '/acme.yaml', text }], NOW, noRoots, path => read.get(path) ?? { wrong: 'no' })
  t.strictSame('policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic), [])
})

t.test('an exemption has the id of what it says: the same is the same, and anything else another', async t => {
  const idsOf = (changes: Partial<WriteOptions>, sha256 = sha256Of('x')) =>
    writePolicy([file('bare==1', { sha256 })], { ...BESIDE, ...changes }).text.match(/id: (\S+)/)?.[1]
  const id = idsOf({})
  t.match(id, /^EX-acme-uv-attestation-[0-9a-f]{6}$/)
  t.equal(idsOf({}), id)
  t.not(idsOf({ owner: 'you' }), id)
  t.not(idsOf({ ends: ['2027-01-02'] }), id)
  t.not(idsOf({}, sha256Of('y')), id)
  t.match(idsOf({ beside: undefined }), /^EX-bare-1-[0-9a-f]{6}$/)
  t.match(idsOf({ beside: 'ä ../x'.repeat(20) }), /^EX-[A-Za-z0-9._-]{1,61}$/, 'whatever the file is called')
})

t.test('300 projects fit into 400 lines', async t => {
  const files = Array.from({ length: 300 }, (_, index) =>
    file(`p${index}==1`, index % 3 === 0 ? { publisher: github({ repository: `acme/p${index - (index % 6)}` }) } : {}),
  )
  const { text } = writePolicy(files, BESIDE)
  t.ok(text.split('\n').length <= 400, `${text.split('\n').length} lines`)
})
