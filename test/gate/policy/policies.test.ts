import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { loadAgain, loadInstead } from '../../../src/gate/policy/other-policy.ts'
import { createPolicies, type Policies } from '../../../src/gate/policy/policies.ts'
import { readPolicyFiles } from '../../../src/gate/policy/policy-files.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { until } from '../../world/until.ts'

const policy = (name: string) => `version: 1\nprojects: [{ match: ${name}, deny: "${name}" }]\n`
const BROKEN = 'version: 1\nprojects: [{ match: a, denies: b }]\n'

function open(t: Test, paths: readonly string[], pollMs = 0) {
  const events: GateEvent[] = []
  const policies = createPolicies({
    paths,
    pollMs,
    clock: () => NOW,
    readRoot: noRoots,
    events: { emit: event => void events.push(event) },
  })
  t.teardown(() => policies.close())
  return {
    policies,
    events,
    denies: (name: string) => policies.current().ruleFor(parseProjectName(name)) !== undefined,
  }
}

t.test('a first policy that does not compile stops the start, with every diagnostic', async t => {
  const path = join(t.testdir({ 'p.yaml': `${BROKEN}mode: sometimes\n` }), 'p.yaml')
  t.throws(() => open(t, [path]), {
    code: 'policy-invalid',
    detail: /p\.yaml:2:24 .*denies[^\n]*\n.*p\.yaml:3:7 .*sometimes/,
  })
  t.throws(() => open(t, [`${path}.gone`]), {
    code: 'policy-invalid',
    detail: /p\.yaml\.gone: does not exist/,
  })
  t.throws(() => open(t, []), { code: 'policy-invalid', detail: /there is no policy file/ })
  writeFileSync(path, Buffer.from([0x76, 0xff, 0xfe]))
  t.throws(() => open(t, [path]), { code: 'policy-invalid', detail: /is not UTF-8/ })
  writeFileSync(path, `#${' '.repeat(1024 * 1024)}`)
  t.throws(() => open(t, [path]), { code: 'policy-invalid', detail: /larger than 1 MiB/ })
})

t.test('a bad reload keeps the last good policy, says so, and a good one heals it', async t => {
  const path = join(t.testdir({ 'p.yaml': policy('a') }), 'p.yaml')
  const { policies, events, denies } = open(t, [path])
  const { digest } = policies.current()
  t.match(events, [{ type: 'policy', action: 'loaded', digest, files: [path] }])

  writeFileSync(path, BROKEN)
  t.equal(policies.reload(), 'kept')
  t.ok(denies('a'), 'the old rule still decides')
  t.equal(policies.current().digest, digest)
  t.match(policies.lastError(), /p\.yaml:2:24 projects\[0\]\.denies: unknown key "denies"/)
  t.match(events.at(-1), { type: 'policy', action: 'rejected', digest, diagnostics: [/unknown key/] })

  rmSync(path)
  t.equal(policies.reload(), 'kept', 'a file that is gone changes nothing either')
  t.match(policies.lastError(), /does not exist/)

  writeFileSync(path, policy('b'))
  t.equal(policies.reload(), 'loaded')
  t.equal(policies.lastError(), undefined)
  t.ok(denies('b') && !denies('a'))
  t.match(events.at(-1), { type: 'policy', action: 'reloaded' })
})

t.test('warnings are told at each load', async t => {
  const text =
    'version: 1\npublishers: { idle: { kind: google, email: a@b.example } }\nprojects: [{ match: a, deny: b }]\n'
  const { events } = open(t, [join(t.testdir({ 'p.yaml': text }), 'p.yaml')])
  t.match(events.at(-1), { type: 'policy-warning', detail: /p\.yaml:2:15 publishers\.idle: no rule uses/ })
})

t.test('a change of the file is noticed', async t => {
  const path = join(t.testdir({ 'p.yaml': policy('a') }), 'p.yaml')
  const { policies, denies } = open(t, [path], 10)
  writeFileSync(path, policy('bb'))
  await until('it is in force, written in place', () => denies('bb'))
  writeFileSync(`${path}.new`, policy('cc'))
  renameSync(`${path}.new`, path)
  await until('it is in force, replaced by another of the same size', () => denies('cc'))
  writeFileSync(path, BROKEN)
  await until('it is told of the broken one', () => policies.lastError() !== undefined)
  t.ok(denies('cc'), 'broken: kept and told')
})

const PINNING = `version: 1
projects: [{ match: six }, { match: seven }]
exemptions:
  - { id: EX-1, pins: pins/app.txt, waive: [attestation], reason: r, owner: o, expires: 2027-03-31 }
`
const pinned = (version: string) =>
  ['six', 'seven'].map(name => `${name}==${version} --hash=sha256:${'a'.repeat(64)}\n`).join('')
const releasesOf = (policies: Policies): string => {
  const [exemption] = policies.current().exemptionsFor(parseProjectName('six'))
  const own = exemption?.pins.get(parseProjectName('six'))
  return own?.by === 'release' ? [...own.releases.keys()].join() : 'none'
}

t.test('a change of a pins file is noticed, and one that went wrong is mended in the same way', async t => {
  const root = t.testdir({ 'p.yaml': PINNING, pins: { 'app.txt': pinned('1.0') } })
  const path = join(root, 'pins', 'app.txt')
  const { policies } = open(t, [join(root, 'p.yaml')], 10)
  t.equal(releasesOf(policies), '1')
  t.strictSame(policies.pinsFiles(), [{ path, text: pinned('1.0') }])
  writeFileSync(path, pinned('2.0'))
  await until('the pins are in force, written in place', () => releasesOf(policies) === '2')
  t.strictSame(policies.pinsFiles(), [{ path, text: pinned('2.0') }])
  writeFileSync(path, 'six\n')
  await until('it is told of the broken ones', () => policies.lastError() !== undefined)
  t.ok(releasesOf(policies) === '2', 'broken: kept and told')
  t.match(policies.lastError(), /pins\/app\.txt:1:1 must be name==version/)
  writeFileSync(path, pinned('3.0'))
  await until('the mended ones are in force', () => releasesOf(policies) === '3')
})

t.test('a pins file that a rejected policy names is looked at too, once it is there', async t => {
  const root = t.testdir({ 'p.yaml': policy('a'), pins: {} })
  const { policies } = open(t, [join(root, 'p.yaml')], 10)
  writeFileSync(join(root, 'p.yaml'), PINNING)
  await until('it is told which are missing', () => policies.lastError()?.includes('pins/app.txt') === true)
  writeFileSync(join(root, 'pins', 'app.txt'), pinned('1.0'))
  await until('the first ones are in force', () => releasesOf(policies) === '1')
})

t.test('a policy that names a pins file that is not there is mended in the policy as well', async t => {
  const root = t.testdir({ 'p.yaml': policy('a') })
  const { policies, denies } = open(t, [join(root, 'p.yaml')], 10)
  writeFileSync(join(root, 'p.yaml'), PINNING)
  await until('it is told', () => policies.lastError() !== undefined)
  writeFileSync(join(root, 'p.yaml'), policy('bb'))
  await until('the other is in force', () => denies('bb'))
})

t.test('a pins file may be larger than a policy, within bounds', async t => {
  const root = t.testdir({ 'p.yaml': PINNING, pins: { 'app.txt': `${pinned('1.0')}#${'x'.repeat(2 * 1024 * 1024)}` } })
  const { policies } = open(t, [join(root, 'p.yaml')])
  t.equal(releasesOf(policies), '1')
  writeFileSync(join(root, 'pins', 'app.txt'), `#${'x'.repeat(8 * 1024 * 1024)}`)
  t.equal(policies.reload(), 'kept')
  t.match(policies.lastError(), /p\.yaml:4:23 exemptions\[0\]\.pins: .*app\.txt: the file is larger than 8 MiB/)
})

t.test('a swapped symbolic link is noticed, as a ConfigMap does it', async t => {
  const root = t.testdir({ v1: { 'p.yaml': policy('a') }, v2: { 'p.yaml': policy('b') } })
  symlinkSync('v1', join(root, '..data'))
  mkdirSync(join(root, 'mount'))
  symlinkSync('../..data/p.yaml', join(root, 'mount', 'p.yaml'))
  const { denies } = open(t, [join(root, 'mount')], 10)
  t.ok(denies('a'))
  symlinkSync('v2', join(root, '..new'))
  renameSync(join(root, '..new'), join(root, '..data'))
  await until('the policy is in force', () => denies('b'))
})

t.test('a folder is its YAML files, in order, hidden ones apart', async t => {
  const root = t.testdir({
    'b.yaml': policy('b'),
    'a.yml': policy('a'),
    '.hidden.yaml': BROKEN,
    'notes.txt': 'x',
    empty: {},
  })
  const { policies, denies } = open(t, [root])
  t.ok(denies('a') && denies('b'))
  t.strictSame(policies.current().files, [join(root, 'a.yml'), join(root, 'b.yaml')])
  t.throws(() => open(t, [join(root, 'empty')]), { code: 'policy-invalid', detail: /the folder holds no \.yaml file/ })
})

t.test('a policy path that is a pipe or a device stops the start instead of waiting for it', async t => {
  t.throws(() => open(t, ['/dev/null']), { code: 'policy-invalid', detail: /is not a file/ })
})

t.test('half of a policy folder is not taken up while files are moved about', async t => {
  const root = t.testdir({ 'a.yaml': policy('a'), 'b.yaml': policy('b') })
  const states = ['both', 'half', 'both', 'moved', 'moved']
  let looks = 0
  const read: number[] = []
  const policies = createPolicies({
    paths: [root],
    clock: () => NOW,
    readRoot: noRoots,
    events: { emit: () => {} },
    pollMs: 5,
    fingerprint() {
      looks += 1
      return states[Math.min(looks, states.length) - 1] ?? ''
    },
    readFiles(paths) {
      read.push(looks)
      return readPolicyFiles(paths)
    },
  })
  t.teardown(() => policies.close())
  await until('it is looked again and again', () => looks > 8)
  // the start, and the moment after two looks agreed (the reload looks once more itself)
  t.strictSame(read, [1, 6])
})

t.test(
  'another policy in the place of the files is read, and no file but those that the one in force named',
  async t => {
    const pinned = `one==1.0 --hash=sha256:${'a'.repeat(64)}\n`
    const text = (pins: string) => `version: 1
projects: [{ match: one, deny: no }]
exemptions:
  - { id: EX-1, pins: ${pins}, waive: [attestation], reason: none, owner: a@acme.example, expires: 2026-12-31 }
`
    const folder = t.testdir({ 'p.yaml': text('pins.txt'), 'pins.txt': pinned, 'other.txt': pinned })
    const { policies } = open(t, [join(folder, 'p.yaml')])
    const { digest } = policies.current()
    const instead = (pins: string, given?: string) =>
      loadInstead(policies.texts(), [{ path: 'x.yaml', text: text(pins) }], given, NOW)
    t.match(instead('pins.txt'), { contents: { exemptions: [{ id: 'EX-1' }] } })
    t.match(instead('other.txt'), { diagnostics: [{ message: /is not read here/ }] })
    t.match(instead(join(folder, 'other.txt')), { diagnostics: [{ message: /is not read here/ }] })
    t.match(instead('other.txt', pinned), { contents: { exemptions: [{ id: 'EX-1' }] } }, 'pins that are given')
    t.match(loadAgain(policies.texts(), NOW), { policy: { digest } })
    t.equal(policies.current().digest, digest)
  },
)
