// guards: src/cli/update/plan-update.ts src/cli/update/changes-in.ts
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Desk, desk, jsonLines } from '../../world/commands/desk.ts'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import type { Published, ReleaseRequest } from '../../world/world.ts'

const OWNER = ['--owner', 'platform@acme.example']

async function released(desk: Desk, ...releases: readonly (readonly [string, string, ReleaseRequest?])[]) {
  const files: Published[] = []
  for (const [project, version, request] of releases) {
    const { files: own } = await desk.world.release(project, version, request)
    files.push(...own)
  }
  return files
}

const bare = { attested: false } as const
const WHEEL = { kinds: ['wheel'] } as const
const DAY = 86_400_000

t.test('from Monday to Tuesday: a bump is audited, updated, and passes; what was edited by hand stays', async t => {
  const desk_ = await desk(t)
  const monday = await released(
    desk_,
    ['demo', '1.0'],
    ['six', '1.17.0', bare],
    ['tzdata', '2025.1', bare],
    ['lab', '1.0'],
  )
  const lock = desk_.write('uv.lock', uvLock(monday))
  const out = join(desk_.world.folder, 'acme.yaml')
  t.equal((await desk_.run('policy', 'init', lock, '--out', out, ...OWNER)).exit, 0)
  const edited = desk_
    .read('acme.yaml')
    .replace('platform@acme.example', 'ann@acme.example')
    .replace('  - { match: demo', '  # asked in SEC-7\n  - { match: demo')
    .replace(/expires: [0-9-]+/, 'expires: 2026-12-31 # sooner')
  desk_.write('acme.yaml', edited)
  const same = await desk_.run('policy', 'update', lock, '--policy', out)
  t.match(same, { exit: 0, out: /nothing changes/ })
  t.equal(desk_.read('acme.yaml'), edited, 'what is up to date stays to the byte')

  const tuesday = await released(
    desk_,
    ['demo', '2.0'],
    ['six', '1.18.0', bare],
    ['fresh', '1.0'],
    ['tool', '3.0', { identity: { kind: 'gitlab', project: 'acme/tools/tool', ref: 'refs/tags/v3.0' } }],
    ['plain', '1.0', bare],
  )
  const bumped = desk_.write(
    'uv.lock',
    uvLock([...monday.filter(({ project }) => project === 'lab' || project === 'tzdata'), ...tuesday]),
  )
  t.equal((await desk_.run('audit', bumped, '--policy', out)).exit, 1)
  const update = ['policy', 'update', bumped, '--policy', out]
  const checked = await desk_.run(...update, '--check', '--format', 'json')
  t.equal(checked.exit, 1)
  t.equal(desk_.read('acme.yaml'), edited, '--check writes nothing')
  const [planned] = jsonLines(checked.out) as never as [Record<string, readonly Record<string, unknown>[]>]
  t.strictSame(
    planned['publishers']?.map(({ project, versions, rule }) => [project, versions, rule]),
    [
      ['fresh', ['1.0'], 'new'],
      ['tool', ['3.0'], 'new'],
    ],
  )
  t.strictSame(
    planned['releases']?.map(({ project, version, attested_before: before }) => [project, version, before]),
    [
      ['plain', '1.0', null],
      ['six', '1.18.0', null],
    ],
  )
  const written = await desk_.run(...update)
  t.equal(written.exit, 0)
  t.match(
    written.out,
    /New publishers \(2\)\n {2}\+ fresh 1\.0 {2}github acme\/fresh release\.yml\n {2}\+ tool 3\.0 {2}gitlab acme\/tools\/tool/,
  )
  t.match(
    written.out,
    /Unattested releases \(2\)\n {2}\+ plain 1\.0 {2}2 files, .* old, never seen attested\n.*\n {2}\+ six 1\.18\.0/,
  )
  t.equal((await desk_.run('audit', bumped, '--policy', out)).exit, 0)
  const after = desk_.read('acme.yaml')
  const lines = after.split('\n')
  t.strictSame(
    edited.split('\n').filter(line => !lines.includes(line)),
    [],
    'no line that was there went',
  )
  t.match(after, /owner: "ann@acme\.example"\n {4}expires: 2026-12-31 # sooner/)
  t.match(after, /# asked in SEC-7\n {2}- \{ match: demo/)
  t.match(await desk_.run(...update), { exit: 0, out: /nothing changes/ }, 'a second run changes nothing')
  t.equal((await desk_.run(...update, '--check')).exit, 0)
})

/** A policy as somebody keeps it, with a pins file beside it. */
const KEPT = (hash: string) => `# ours
version: 1
mode: enforce
defaults: { attestation: required, unmatched: deny }

publishers:
  acme-demo: { kind: github, repository: acme/demo, workflow: release.yml, ref: "refs/tags/*", repository_id: "111", owner_id: "222" }

projects:
  - match: demo   # by us
    publishers: [acme-demo]
  - match: six
  - match: old    # nobody uses it

exemptions:
  - id: EX-app
    pins: ./app.txt
    waive: [attestation]
    reason: 'asked in SEC-1'
    owner: ann@acme.example   # until May
    expires: "2027-01-15"
  - { id: EX-old, project: old, waive: [attestation], files: { "old-1.0.tar.gz": "sha256:${hash}" }, reason: r, owner: o, expires: 2027-01-15 }
`

async function kept(desk: Desk) {
  const files = await released(desk, ['demo', '1.0', WHEEL], ['six', '1.17.0', { ...bare, ...WHEEL }])
  const six = files.find(({ project }) => project === 'six')
  desk.write(
    'app.txt',
    `# of the app\nsix==1.17.0 --hash=sha256:${six?.sha256} # by mail\nold==2.0 --hash=sha256:${'1'.repeat(64)}\n`,
  )
  const policy = desk.write('acme.yaml', KEPT('2'.repeat(64)))
  return {
    files,
    policy,
    update: (...more: readonly string[]) => desk.run('policy', 'update', ...more, '--policy', policy),
  }
}

t.test('pins go where others of the locks are, and ends, owners and remarks stay', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const more = await released(desk_, ['six', '1.18.0', { ...bare, ...WHEEL }], ['attrs', '1.0', { ...bare, ...WHEEL }])
  const lock = desk_.write('uv.lock', uvLock([...files, ...more]))
  const before = { policy: desk_.read('acme.yaml'), pins: desk_.read('app.txt') }
  t.match(await update(lock, '--dry-run'), { exit: 0, out: /acme\.yaml: 1 line more, 0 less\nnothing is written/ })
  t.strictSame({ policy: desk_.read('acme.yaml'), pins: desk_.read('app.txt') }, before, '--dry-run writes nothing')
  t.equal((await update(lock)).exit, 0)
  t.equal(desk_.read('acme.yaml'), before.policy.replace('uses it\n', 'uses it\n  - match: attrs\n'), 'behind its like')
  const [attrs, six] = [more.find(({ project }) => project === 'attrs'), more.find(({ project }) => project === 'six')]
  t.match(
    desk_.read('app.txt').split('\n').toSorted(),
    [
      ...before.pins.split('\n'),
      'attrs==1.0 \\',
      `    --hash=sha256:${attrs?.sha256}`,
      'six==1.18.0 \\',
      `    --hash=sha256:${six?.sha256}`,
    ].toSorted(),
  )
  t.match(await update(lock), { exit: 0, out: /nothing changes/ })
})

t.test('where only pins change, the pins file alone is named as written', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const more = await released(desk_, ['six', '1.18.0', { ...bare, ...WHEEL }])
  const before = desk_.read('acme.yaml')
  const { exit, out } = await update(desk_.write('uv.lock', uvLock([...files, ...more])))
  t.equal(exit, 0)
  t.match(out, /app\.txt is written: a gate that runs with this policy takes it within seconds/)
  t.notMatch(out, /acme\.yaml.*written/)
  t.equal(desk_.read('acme.yaml'), before)
})

t.test('a pins file that is one of the locks is not changed', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const six = files.filter(({ project }) => project === 'six')
  const more = await released(desk_, ['six', '1.18.0', { ...bare, ...WHEEL }], ['fresh', '1.0', WHEEL])
  const lock = desk_.write('app.txt', requirementsLock(six))
  t.match(await update(lock), { exit: 0, out: /nothing changes/ }, 'it may be both')
  const other = desk_.write('uv.lock', uvLock(more))
  const before = [desk_.read('acme.yaml'), desk_.read('app.txt')]
  for (const flags of [[], ['--check']])
    t.match(await update(lock, other, ...flags), {
      exit: 2,
      err: /app\.txt is a pins file of the policy and one of the/,
    })
  t.strictSame([desk_.read('acme.yaml'), desk_.read('app.txt')], before, 'nor is anything else')
})

t.test(
  '--prune goes by projects: of one that a lock has in a newer version, the pins of every version stay',
  async t => {
    const desk_ = await desk(t)
    const { update } = await kept(desk_)
    const more = await released(desk_, ['six', '1.18.0', { ...bare, ...WHEEL }])
    t.equal((await update(desk_.write('uv.lock', uvLock(more)), '--prune')).exit, 0)
    t.match(desk_.read('app.txt'), /^six==1\.17\.0 /m)
    t.match(desk_.read('app.txt'), /^six==1\.18\.0 /m)
  },
)

t.test('--prune takes out what is for projects that no lock has, and nothing that denies', async t => {
  const desk_ = await desk(t)
  const { files, policy, update } = await kept(desk_)
  desk_.write(
    'acme.yaml',
    desk_.read('acme.yaml').replace('\nexemptions:', "  - { match: left-pad, deny: 'SEC-9' }\n\nexemptions:"),
  )
  const lock = desk_.write('uv.lock', uvLock(files))
  const before = desk_.read('acme.yaml')
  t.match(await update(lock, '--prune', '--check'), {
    exit: 1,
    out: /Removed: no lock has it \(3\)\n {2}- rule old\n {2}- exemption EX-old\n {2}- pins old==2\.0/,
  })
  t.equal((await update(lock, '--prune')).exit, 0)
  t.equal(desk_.read('acme.yaml'), before.replace(/ {2}- match: old.*\n/, '').replace(/ {2}- \{ id: EX-old.*\n/, ''))
  t.match(desk_.read('app.txt'), /^# of the app\nsix==1\.17\.0 --hash=sha256:[0-9a-f]{64} # by mail\n$/)
  const demo = desk_.write('uv.lock', uvLock(files.filter(({ project }) => project === 'demo')))
  t.equal((await update(demo, '--prune')).exit, 0)
  t.notMatch(desk_.read('acme.yaml'), /six|exemptions|app\.txt/, 'an exemption that would pin nothing goes')
  t.notOk(existsSync(join(desk_.world.folder, 'app.txt')), 'with its file')
  t.equal((await desk_.run('policy', 'check', policy)).exit, 0)
  t.match(await update('--prune'), { exit: 2, err: /--prune goes by lock files/ })
  t.match(await update(desk_.write('requirements.txt', '# nothing\n'), '--prune'), { exit: 2, err: /names nothing/ })
})

t.test('--renew moves the ends that the locks use, where they are sooner, and no other', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const lock = desk_.write('uv.lock', uvLock(files))
  const before = desk_.read('acme.yaml')
  const day = new Date(Date.now() + 200 * DAY).toISOString().slice(0, 10)
  t.match(await update(lock, '--renew', '1d'), { exit: 0, out: /nothing changes/ })
  t.match(await update(lock, '--renew', '200d'), {
    exit: 0,
    out: new RegExp(`Ends moved \\(1\\)\\n {2}~ EX-app: was until 2027-01-15, now until ${day}`),
  })
  t.equal(desk_.read('acme.yaml'), before.replace('"2027-01-15"', `"${day}"`))
  t.match(await update(lock, '--renew', '200d'), { exit: 0, out: /nothing changes/ })
})

t.test('an exemption that has ended is never gone round, and renewed on demand', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const lock = desk_.write('uv.lock', uvLock(files))
  desk_.write('acme.yaml', desk_.read('acme.yaml').replace('"2027-01-15"', '"2026-01-15"'))
  t.match(await update(lock), {
    exit: 1,
    out: /^Left out: the exemption has ended \(1\)\n {2}✗ six-1\.17\.0.*exemption-expired(?:.|\n)*--renew(?:.|\n)*nothing changes/,
  })
  t.match(await update(lock, '--renew', '30d'), { exit: 0, out: /Ends moved \(1\)/ })
  t.equal((await desk_.run('audit', lock, '--policy', join(desk_.world.folder, 'acme.yaml'))).exit, 0)
})

t.test('somebody else who signs is told first, and named in the rule that is there', async t => {
  const desk_ = await desk(t)
  const { files, policy, update } = await kept(desk_)
  const other = { ...WHEEL, identity: { kind: 'github', repository: 'other/demo', workflow: 'release.yml' } } as const
  const moved = await released(desk_, ['demo', '2.0', other], ['fresh', '1.0', WHEEL])
  const lock = desk_.write('uv.lock', uvLock([...files, ...moved]))
  const { exit, out, err } = await update(lock)
  t.equal(exit, 0)
  const told = '! 1 project is signed by somebody else than so far: look at it before you rely on it\n'
  t.ok(out.endsWith(told), 'and last')
  t.ok(err.endsWith(told), 'also where nobody reads the summary')
  t.match(
    out,
    /^Other publishers than so far \(1\)\n {2}! demo 2\.0 {2}github other\/demo release\.yml\n {6}until now acme-demo\nNew publishers \(1\)\n {2}\+ fresh/,
  )
  t.match(
    desk_.read('acme.yaml'),
    /- match: demo {3}# by us\n {4}publishers: \[acme-demo, \{ kind: github, repository: other\/demo, /,
  )
  t.equal((await desk_.run('audit', lock, '--policy', policy)).exit, 0)
})

t.test('a project that a glob decides gets a rule that says the same, and the glob stays as it is', async t => {
  const desk_ = await desk(t)
  const files = await released(
    desk_,
    ['acme-one', '1.0', WHEEL],
    ['acme-two', '1.0', { ...WHEEL, identity: { kind: 'github', repository: 'other/two', workflow: 'release.yml' } }],
  )
  const policy = desk_.write(
    'acme.yaml',
    'version: 1\nprojects:\n- match: "acme-*"\n  publishers: [{ kind: github, repository: acme/acme-one, workflow: release.yml }]\n  cooldown: { min_age: 0d }\n  yanked: deny',
  )
  const lock = desk_.write('uv.lock', uvLock(files))
  t.equal((await desk_.run('policy', 'update', lock, '--policy', policy)).exit, 0)
  const text = desk_.read('acme.yaml')
  t.match(
    text,
    /- match: acme-two\n {2}publishers:\n {4}- kind: github\n {6}repository: acme\/acme-one\n {6}workflow: release\.yml\n {4}- kind: github\n {6}repository: other\/two\n(?: {6}.*\n)*? {2}cooldown: \{ min_age: "0d" \}\n {2}yanked: deny/,
  )
  t.notOk(text.endsWith('\n'), 'and the last line ends as it did')
  t.equal((await desk_.run('audit', lock, '--policy', policy)).exit, 0)
})

t.test('what fails and what a rule denies is left out, and the rest is written', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const bad = await released(
    desk_,
    ['bad', '1.0', { ...WHEEL, tamper: 'content' }],
    ['denied', '1.0', WHEEL],
    ['good', '1.0', WHEEL],
  )
  desk_.write(
    'acme.yaml',
    desk_.read('acme.yaml').replace('  - match: demo', '  - { match: denied, deny: typosquat }\n  - match: demo'),
  )
  const lock = desk_.write('uv.lock', uvLock([...files, ...bad]))
  const { exit, out } = await update(lock)
  t.equal(exit, 1)
  t.match(out, /✗ bad-1\.0.*digest-mismatch(?:.|\n)*✗ denied-1\.0.*rule-denies/)
  t.match(desk_.read('acme.yaml'), /- match: good\n/)
  t.notMatch(desk_.read('acme.yaml'), /match: bad/)
  t.match(await update(lock), { exit: 1, out: /nothing changes/ })
})

t.test('what cannot be determined writes nothing', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const more = await released(desk_, ['fresh', '1.0', WHEEL], ['six', '1.18.0', { ...bare, ...WHEEL }])
  const lock = desk_.write('uv.lock', uvLock([...files, ...more]))
  desk_.world.upstream.fault({
    route: 'provenance',
    match: '/fresh/',
    action: { kind: 'status', status: 503 },
    times: 1_000,
  } as never)
  const before = [desk_.read('acme.yaml'), desk_.read('app.txt')]
  t.equal((await update(lock)).exit, 4)
  t.strictSame([desk_.read('acme.yaml'), desk_.read('app.txt')], before)
})

t.test('a second team’s lock comes into the same policy, with pins of its own', async t => {
  const desk_ = await desk(t)
  const { files, policy, update } = await kept(desk_)
  const theirs = await released(desk_, ['pkg', '1.0', { ...bare, ...WHEEL }], ['lab', '1.0', WHEEL])
  const lock = desk_.write('requirements.txt', requirementsLock(theirs))
  t.equal((await update(lock, '--owner', 'bob@acme.example')).exit, 0)
  t.match(
    desk_.read('acme.yaml'),
    /- id: EX-acme-requirements-attestation\n {4}pins: \.\/pins\/acme-requirements-attestation\.txt\n(?:.|\n)*owner: bob@acme\.example/,
  )
  t.match(desk_.read('pins/acme-requirements-attestation.txt'), /^# What .*\npkg==1\.0 \\\n/)
  const ours = desk_.write('uv.lock', uvLock(files))
  t.equal((await desk_.run('audit', ours, lock, '--policy', policy)).exit, 0)
})

t.test('of several files, additions go into the last that has rules, or into the one that is named', async t => {
  const desk_ = await desk(t)
  const { files } = await kept(desk_)
  const team = desk_.write(
    'team.yaml',
    'version: 1\r\npublishers: { acme-lab: { kind: github, repository: acme/lab, workflow: release.yml } }\r\nprojects:\r\n  - match: lab\r\n    publishers: [acme-lab]\r\n',
  )
  const base = join(desk_.world.folder, 'acme.yaml')
  const before = [desk_.read('acme.yaml'), desk_.read('team.yaml')]
  const more = await released(desk_, ['fresh', '1.0', WHEEL])
  const lock = desk_.write('uv.lock', uvLock([...files, ...more]))
  const policies = ['--policy', base, '--policy', team]
  t.match(await desk_.run('policy', 'update', lock, ...policies, '--into', lock), { exit: 2, err: /none of the files/ })
  t.equal((await desk_.run('policy', 'update', lock, ...policies)).exit, 0)
  t.equal(desk_.read('acme.yaml'), before[0])
  t.match(
    desk_.read('team.yaml'),
    /\r\nprojects:\r\n {2}- match: fresh\r\n {4}publishers:\r\n {6}- kind: github\r\n(?: {8}.*\r\n)* {2}- match: lab\r\n/,
  )
  t.notMatch(desk_.read('team.yaml'), /[^\r]\n/, 'with the ends of its lines')
  t.match(await desk_.run('policy', 'update', lock, ...policies), { exit: 0, out: /nothing changes/ })
  desk_.write('team.yaml', before[1] ?? '')
  t.equal((await desk_.run('policy', 'update', lock, ...policies, '--into', base)).exit, 0)
  t.match(desk_.read('acme.yaml'), /- match: fresh\n/)
  t.equal(desk_.read('team.yaml'), before[1])
})

t.test('a release that nobody signed, of a project that was signed before, is told as such', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const lost = await released(desk_, ['demo', '1.1', { ...bare, ...WHEEL }])
  const lock = desk_.write('uv.lock', uvLock([...files, ...lost]))
  t.match(await update(lock), {
    exit: 0,
    out: /^Unattested releases \(1\)\n {2}\+ demo 1\.1 {2}1 file, \d+ days? old, attested before \(1\.0\)\n {6}EX-app waives attestation\n/,
  })
  t.match(desk_.read('app.txt'), /^demo==1\.1 \\\n/m)
})

t.test('an end that the policy does not allow is never written', async t => {
  const desk_ = await desk(t)
  const { files, update } = await kept(desk_)
  const end = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10)
  const before = desk_
    .read('acme.yaml')
    .replaceAll('2027-01-15', end(5))
    .replace('defaults:', 'limits: { exemption_max: 30d }\ndefaults:')
  desk_.write('acme.yaml', before)
  const lock = desk_.write('uv.lock', uvLock(files))
  t.match(await update(lock, '--renew', '90d'), { exit: 2, err: /nothing is written:\n.*lives longer than/ })
  t.equal(desk_.read('acme.yaml'), before)
  const more = await released(desk_, ['pkg', '1.0', { ...bare, ...WHEEL }])
  const theirs = desk_.write('requirements.txt', requirementsLock(more))
  t.equal((await update(theirs, '--owner', 'bob')).exit, 0)
  t.match(desk_.read('acme.yaml'), `owner: bob\n    expires: ${end(29)}`, 'a new exemption ends in time')
})
