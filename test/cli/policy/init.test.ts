import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import type { Ended } from '../../world/commands/commands.ts'
import { type Desk, desk } from '../../world/commands/desk.ts'
import { pylock, requirementsLock, uvLock } from '../../world/commands/locks.ts'
import { CIRCLECI } from '../../world/judging/claims.ts'
import { NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'
import { defaultIdentity, type Published, type World } from '../../world/world.ts'

/** Two attested projects, one of them by a shared publisher's other repository, one without attestations, one half. */
async function mixed(desk: Desk): Promise<readonly Published[]> {
  const { world } = desk
  const demo = await world.release('demo', '1.0')
  const more = await world.release('demo', '1.1')
  const lab = await world.release('lab', '2.0', {
    identity: { kind: 'gitlab', project: 'acme/tools/lab', ref: 'refs/tags/v2.0' },
  })
  const six = await world.release('six', '1.17.0', { attested: false })
  const half = await world.release('half', '3.0', { attested: ['wheel'] })
  return [demo, more, lab, six, half].flatMap(({ files }) => files)
}

t.test('policy init writes the policy that admits what was observed', async t => {
  const desk_ = await desk(t)
  const files = await mixed(desk_)
  const lock = desk_.write('uv.lock', uvLock(files))
  const out = join(desk_.world.folder, 'acme.yaml')
  const ended = await desk_.run(
    'policy',
    'init',
    lock,
    '--out',
    out,
    '--owner',
    'platform@acme.example',
    '--expires',
    '2027-03-31',
  )
  t.match(ended, { exit: 0, out: '', err: /7 of 10 \(70 %\)(?:.|\n)*5 {2}github\.com\/acme/ })
  const text = desk_.read('acme.yaml')
  t.match(text, /^# Observed on \d{4}-\d\d-\d\d in uv\.lock: 10 files, 7 attested by 3 publishers\.$/m)
  t.match(
    text,
    '  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml, ref: "refs/tags/*"',
  )
  t.match(text, '  - { match: lab, publishers: [{ kind: gitlab, project: acme/tools/lab, config: ')
  t.match(text, '  # nobody signed these: only what is exempted below passes\n  - match: six\n')
  t.match(
    text,
    /- id: EX-acme-uv-attestation-[0-9a-f]{6}\n {4}pins: \.\/pins\/acme-uv-attestation\.txt\n {4}waive: \[attestation\]\n {4}reason: "no attestation, as observed on /,
  )
  t.match(text, 'owner: "platform@acme.example"\n    expires: 2027-03-31\n')
  const pins = desk_.read('pins/acme-uv-attestation.txt')
  t.match(pins, /^# What EX-acme-uv-attestation-[0-9a-f]{6} exempts/)
  t.match(
    pins,
    /^half==3\.0 \\\n {4}--hash=sha256:[0-9a-f]{64}\nsix==1\.17\.0 \\\n( {4}--hash=sha256:[0-9a-f]{64}( \\)?\n){2}$/m,
  )
  t.match(ended.err, `${out} is written, with ${join(desk_.world.folder, 'pins', 'acme-uv-attestation.txt')}: read it`)
  const loaded = loadPolicy([{ path: 'p', text }], NOW, noRoots, () => pins)
  t.strictSame('policy' in loaded ? loaded.policy.warnings : loaded.diagnostics.map(formatDiagnostic), [])
  const audited = await desk_.run('audit', lock, '--policy', out)
  t.match(audited, {
    exit: 0,
    out: /exempted {4}3 files\n *3 {2}EX-acme-uv-attestation-[0-9a-f]{6}, until 2027-04-01T00:00Z \(platform@acme\.example\)/,
  })
  t.match(await desk_.run('policy', 'init', lock, '--out', out), { exit: 2, err: /exists: --force overwrites it/ })
  t.equal((await desk_.run('policy', 'init', lock, '--out', out, '--force')).exit, 0)
})

t.test('policy init names a pipeline on CircleCI, and pins what a publisher of an unknown kind signed', async t => {
  const desk_ = await desk(t)
  const circle = { kind: 'circleci', projectId: CIRCLECI.project, definitionId: CIRCLECI.definition } as const
  const { files: named } = await desk_.world.release('circle', '1.0', { identity: circle })
  const identity = { ...defaultIdentity('strange', '1.0'), publisher: { kind: 'ActiveState' } }
  const { files: strange } = await desk_.world.release('strange', '1.0', { identity })
  const lock = desk_.write('uv.lock', uvLock([...named, ...strange]))
  const { exit, out } = await desk_.run('policy', 'init', lock, '--owner', 'me', '--expires', '2027-03-31')
  t.equal(exit, 0)
  t.match(
    out,
    `  - { match: circle, publishers: [{ kind: circleci, project_id: "${CIRCLECI.project}", pipeline_definition_id: "${CIRCLECI.definition}", vcs_origin: github.com/acme/pkg, ref: "refs/tags/*" }] }\n`,
  )
  t.match(out, /waive: \[identity\]\n {4}files:\n {6}"strange-1\.0/)
  const policy = desk_.write('written.yaml', out)
  t.match(await desk_.run('audit', lock, '--policy', policy), { exit: 0 })
  const without = desk_.write('without.yaml', out.slice(0, out.indexOf('exemptions:')))
  t.match(await desk_.run('audit', lock, '--policy', without), { exit: 1, out: /publisher-unknown/ })
})

t.test('every kind of lock, on stdout', async t => {
  const desk_ = await desk(t)
  const files = await mixed(desk_)
  for (const [name, text] of [
    ['requirements.txt', requirementsLock(files)],
    ['pylock.toml', pylock(files)],
  ] as const) {
    const lock = desk_.write(name, text)
    const { exit, out } = await desk_.run('policy', 'init', lock)
    t.equal(exit, 0, name)
    const policy = desk_.write(`${name}.yaml`, out)
    t.equal((await desk_.run('audit', lock, '--policy', policy)).exit, 0, name)
  }
})

t.test('every tampered variant is refused under the policy that was written', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const files = await mixed(desk_)
  const lock = desk_.write('uv.lock', uvLock(files))
  const out = join(world.folder, 'acme.yaml')
  await desk_.run('policy', 'init', lock, '--out', out)
  const [wheel] = files
  if (wheel === undefined) throw new TypeError('there is one')
  const audit = async (): Promise<Ended> =>
    await desk_.with({ environment: { XDG_CACHE_HOME: t.testdir() } })('audit', lock, '--policy', out)
  t.equal((await audit()).exit, 0)
  world.upstream.replace('demo', wheel.filename, { provenance: undefined })
  t.match(await audit(), { exit: 1, out: /demo-1\.0-py3-none-any\.whl: unattested/ }, 'the attestation is gone')
  world.upstream.replace('demo', wheel.filename, {
    provenance: Buffer.from(
      wheel.provenance?.toString('utf8').replace(/"signature":\s*"..../, '"signature":"AAAA') ?? '',
    ),
  })
  t.match(await audit(), { exit: 1, out: /demo-1\.0-py3-none-any\.whl: signature-invalid/ }, 'one signature differs')
  world.upstream.remove('demo', wheel.filename)
  t.match(await audit(), { exit: 1, out: /not-listed/ }, 'the file is gone')
})

t.test('what fails is never written into a policy, and is told', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const good = await world.release('demo', '1.0')
  const bad = await world.release('bad', '1.0', { kinds: ['wheel'], tamper: 'content' })
  const lock = desk_.write('uv.lock', uvLock([...good.files, ...bad.files]))
  const { exit, out, err } = await desk_.run('policy', 'init', lock)
  t.equal(exit, 1)
  t.match(err, /bad-1\.0-py3-none-any\.whl: digest-mismatch/)
  t.match(out, /^# Not covered: bad-1\.0-py3-none-any\.whl: digest-mismatch/m)
  t.notMatch(out, /match: bad/)
  const policy = desk_.write('p.yaml', out)
  t.match(await desk_.run('audit', lock, '--policy', policy, '--format', 'json'), {
    exit: 1,
    out: /"code":"no-rule"|"code":"digest-mismatch"/,
  })
})

t.test('a publisher that the lock names is believed against what is observed, never for it', async t => {
  const desk_ = await desk(t)
  const { files } = await desk_.world.release('demo', '1.0', { kinds: ['wheel'] })
  const named = (repository: string) =>
    pylock(
      files,
      () =>
        `[[packages.attestation-identities]]\nkind = "GitHub"\nrepository = "${repository}"\nworkflow = "release.yml"\n`,
    )
  t.equal((await desk_.run('policy', 'init', desk_.write('pylock.toml', named('acme/demo')))).exit, 0)
  const other = await desk_.run('policy', 'init', desk_.write('pylock.toml', named('acme/other')))
  t.match(other, {
    exit: 1,
    err: /the lock names "GitHub acme\/other release\.yml" as its publisher, but acme\/demo release\.yml signed it/,
  })
  t.notMatch(other.out, /match: demo/)
  desk_.world.upstream.replace('demo', files[0]?.filename ?? '', { provenance: undefined })
  const lost = await desk_.with({ environment: { XDG_CACHE_HOME: t.testdir() } })(
    'policy',
    'init',
    desk_.write('pylock.toml', named('acme/demo')),
  )
  t.match(lost, { exit: 1, err: /nobody whom a rule can name signed it/ }, 'and a loss is no exemption')
})

t.test('what cannot be determined writes nothing, and the next run goes on where it was', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const files = await mixed(desk_)
  const lock = desk_.write('uv.lock', uvLock(files))
  const out = join(world.folder, 'acme.yaml')
  world.upstream.fault({
    route: 'provenance',
    match: '/half/',
    action: { kind: 'status', status: 503 },
    times: 1_000,
  } as never)
  t.match(await desk_.run('policy', 'init', lock, '--out', out), {
    exit: 4,
    err: /could not be determined, so nothing is written/,
  })
  t.notOk(existsSync(out))
  world.upstream.clearFaults()
  world.upstream.forgetRequests()
  t.equal((await desk_.run('policy', 'init', lock, '--out', out)).exit, 0)
  t.equal(world.upstream.count('provenance', '/demo/'), 0, 'what was proved is remembered')
  t.ok(world.upstream.count('provenance', '/half/') > 0, 'what was not is asked')
  world.upstream.forgetRequests()
  t.equal((await desk_.run('audit', lock, '--policy', out)).exit, 0)
  t.equal(world.upstream.count('provenance'), 0, 'another command knows it too')
})

/** The release, with its sdist as one that came a year after its wheel. */
async function releaseWithLateSdist(
  world: World,
  request: Parameters<World['release']>[2],
): Promise<readonly Published[]> {
  const { files, sdist } = await world.release('late', '1.0', request)
  world.upstream.replace('late', sdist.filename, { uploadTime: '2025-11-06T00:00:00Z' })
  return files
}

t.test('whatever speaks against a file is waived, not what is told first alone', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const files = await releaseWithLateSdist(world, {
    alter: { statement: statement => ({ ...statement, predicateType: 'https://acme.example/reviewed/v1' }) },
  })
  const lock = desk_.write('uv.lock', uvLock(files))
  const { exit, out, err } = await desk_.run('policy', 'init', lock)
  t.equal(exit, 0)
  t.match(err, /admitted {4}2\n/)
  t.notMatch(err, /refused/)
  t.match(out, /waive: \[predicate\]\n {4}files:\n {6}"late-1\.0-py3-none-any\.whl"/)
  t.match(out, /waive: \[predicate, regression\]\n {4}files:\n {6}"late-1\.0\.tar\.gz"/)
  t.equal((await desk_.run('audit', lock, '--policy', desk_.write('p.yaml', out))).exit, 0)
})

t.test('a late file that the lock does not pin is left out', async t => {
  const desk_ = await desk(t)
  await releaseWithLateSdist(desk_.world, {})
  const lock = desk_.write(
    'uv.lock',
    'version = 1\n\n[[package]]\nname = "late"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\n',
  )
  const { exit, out, err } = await desk_.run('policy', 'init', lock)
  t.equal(exit, 1)
  t.match(err, /refused {5}1\n(?:.|\n)*✗ late-1\.0\.tar\.gz: added-late, (?:.|\n)*1 file left out/)
  t.match(out, /^# Not covered: late-1\.0\.tar\.gz: added-late, .*The lock does not pin it/m)
})

t.test('what the written policy refuses is left out, with its code and what helps', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const good = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const bare = await world.release('six', '1.17.0', { kinds: ['wheel'], attested: false })
  const lock = desk_.write('uv.lock', uvLock([...good.files, ...bare.files]))
  const init = async (lockfile: string): Promise<Ended> =>
    await desk_.run('policy', 'init', lockfile, '--expires', '2026-01-01')
  const { exit, out, err } = await init(lock)
  t.equal(exit, 1)
  t.match(err, /admitted {4}1\n {2}refused {5}1\n/, 'as the summary says')
  t.match(
    err,
    /✗ six-1\.17\.0-py3-none-any\.whl: exemption-expired, .*\n {2}Move to an attested version(?:.|\n)*1 file left out/,
  )
  t.match(out, /^# Not covered: six-1\.17\.0-py3-none-any\.whl: exemption-expired, /m)
  t.notMatch(out, /match: six/)
  const nothing = await init(desk_.write('uv.lock', uvLock(bare.files)))
  t.match(nothing, { exit: 1, out: '', err: /exemption-expired/ }, 'where nothing is left, nothing is written')
})

t.test('one look is enough', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const files = await mixed(desk_)
  const lock = desk_.write('uv.lock', uvLock(files))
  const { exit, err } = await desk_.run('policy', 'init', lock)
  t.equal(exit, 0)
  t.notMatch(err, /refused|unknown|not listed/)
  t.equal(world.upstream.count('page'), 4, 'one page a project')
  t.equal(world.upstream.count('provenance'), 7, 'one document a file')
})

t.test('a late file whose provenance cannot be fetched is unknown, not unattested', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const files = await releaseWithLateSdist(world, {})
  world.upstream.fault({
    route: 'provenance',
    match: '.tar.gz/',
    action: { kind: 'status', status: 503 },
    times: 1_000,
  } as never)
  const ended = await desk_.run('policy', 'init', desk_.write('uv.lock', uvLock(files)))
  t.match(ended, { exit: 4, out: '', err: /1 file could not be determined, so nothing is written/ })
})

t.test('three hundred files side by side, and never too many at once', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const files: Published[] = []
  for (let project = 0; project < 75; project += 1)
    for (const version of ['1.0', '1.1']) {
      const release = await world.release(`project-${project}`, version, { attested: project % 5 !== 0 })
      files.push(...release.files)
    }
  t.equal(files.length, 300)
  const lock = desk_.write('uv.lock', uvLock(files))
  const out = join(world.folder, 'acme.yaml')
  const shown: string[] = []
  const run = desk_.with({ output: { progress: true, err: (text: string) => void shown.push(text) } as never })
  const { exit } = await run('policy', 'init', lock, '--out', out)
  t.equal(exit, 0)
  t.match(desk_.read('acme.yaml'), /300 files, 240 attested by 60 publishers/)
  t.ok(
    shown.some(text => text.includes('150 of 150 releases judged')),
    'with progress on a terminal',
  )
  t.equal(world.upstream.count('page'), 75, 'each page once')
  t.equal(world.upstream.count('provenance'), 240, 'each document once')
})
