import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { type Desk, desk } from '../../world/commands/desk.ts'
import { uvLock } from '../../world/commands/locks.ts'
import type { Published, ReleaseRequest } from '../../world/world.ts'

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const
/** when everything is signed that these tests sign */
const SIGNED = new Date('2025-03-01T12:00:00Z')
const NOW = instant(Date.parse('2026-11-28T12:00:00Z'))

interface ReportDesk extends Desk {
  publish(project: string, version: string, day: string, request?: ReleaseRequest): Promise<readonly Published[]>
  report(files: readonly Published[], ...more: readonly string[]): ReturnType<Desk['run']>
  against(old: readonly Published[], files: readonly Published[], ...more: readonly string[]): ReturnType<Desk['run']>
}

async function reportDesk(t: Test, now: () => number = () => NOW): Promise<ReportDesk> {
  const made = await desk(t, { at: SIGNED })
  const run = made.with({ clock: () => instant(now()) })
  return {
    ...made,
    run,
    async publish(project, version, day, request = {}) {
      const { listed, ...rest } = request
      const uploaded = { uploadTime: `${day}T10:00:00Z`, ...listed }
      return (await made.world.release(project, version, { ...rest, listed: uploaded })).files
    },
    report: (files, ...more) => run('report', made.write('uv.lock', uvLock(files)), ...more),
    against(old, files, ...more) {
      const before = made.write('old.lock', uvLock(old))
      return run('report', made.write('uv.lock', uvLock(files)), '--against', before, ...more)
    },
  }
}

const json = (ended: { readonly out: string }) => JSON.parse(ended.out)

t.test('it says who signed what, since when the same, and how much a policy could name', async t => {
  const desk_ = await reportDesk(t)
  await desk_.publish('demo', '1.0', '2025-03-01')
  await desk_.publish('demo', '1.5', '2025-06-01')
  const demo = await desk_.publish('demo', '2.0', '2025-09-01')
  const bare = await desk_.publish('bare', '1.0', '2024-01-01', { attested: false })
  const told = await desk_.report([...demo, ...bare])
  t.equal(told.exit, 0)
  t.match(told.out, /^2 packages: 1 attested \(50 %\), 1 not attested\n/)
  t.match(told.out, /A policy could name who publishes 1 of 2 today \(50 %\)/)
  t.match(told.out, /acme\/demo release\.yml\n {4}demo 2\.0, 14 months old, since 1\.0 \(2025-03-01\)/)
  t.match(told.out, /Never attested \(1\)\n(?:.*\n)? {2}bare 1\.0 · 2\.9 years/)
  const { summary, releases } = json(await desk_.report([...demo, ...bare], '--format', 'json'))
  t.match(summary, { packages: 2, nameable: 1, standings: { attested: 1, unattested: 1 } })
  t.match(releases[0], {
    project: 'demo',
    standing: 'attested',
    same_signer: { since: { version: '1.0' }, releases: 3, before: null },
    files: [{ evidence: 'attested', signer: { repository: 'acme/demo', workflow: 'release.yml' }, nameable: true }, {}],
  })
})

t.test('another signer before this one is found among many releases with few documents', async t => {
  const desk_ = await reportDesk(t)
  for (let minor = 0; minor < 24; minor += 1) {
    const identity = minor < 17 ? { identity: MALLORY } : {}
    const day = new Date(Date.UTC(2025, 2, 1 + minor)).toISOString().slice(0, 10)
    await desk_.publish('demo', `1.${minor}`, day, { kinds: ['wheel'], ...identity })
  }
  const last = await desk_.publish('demo', '2.0', '2025-09-01', { kinds: ['wheel'] })
  const { releases } = json(await desk_.report(last, '--format', 'json'))
  t.match(releases[0].same_signer, {
    since: { version: '1.17' },
    releases: 8,
    before: { release: { version: '1.16' }, signer: { repository: 'mallory/demo' } },
  })
  t.ok(desk_.world.upstream.count('provenance') <= 8, `${desk_.world.upstream.count('provenance')} documents`)
  t.match(
    (await desk_.report(last)).out,
    /demo 2\.0\n {4}acme\/demo release\.yml since 1\.17 of 2025-03-18; before, 1\.16 of 2025-03-17, mallory/,
  )
})

t.test('what is not attested is told apart: once, later, or never', async t => {
  const desk_ = await reportDesk(t)
  await desk_.publish('lost', '1.0', '2025-03-01')
  const lost = await desk_.publish('lost', '2.0', '2025-06-01', { attested: false })
  const early = await desk_.publish('early', '1.0', '2024-03-01', { attested: false })
  await desk_.publish('early', '2.0', '2025-06-01')
  const never = await desk_.publish('never', '1.0', '2024-03-01', { attested: false })
  const { out } = await desk_.report([...lost, ...early, ...never])
  t.match(
    out,
    /Not attested, though an earlier release is \(1\)\n.*\n {2}lost 2\.0\n {4}the last that is: 1\.0 of 2025/,
  )
  t.match(out, /Not attested, and a later release is \(1\)\n.*\n {2}early 1\.0\n {4}the first that is: 2\.0 of 2025/)
  t.match(out, /Never attested \(1\)\n.*\n {2}never 1\.0/)
})

t.test('yanked releases and files that came late are told', async t => {
  const desk_ = await reportDesk(t)
  const wheel = await desk_.publish('demo', '1.0', '2025-03-01', {
    kinds: ['wheel'],
    listed: { yanked: 'it eats data' },
  })
  const sdist = await desk_.publish('demo', '1.0', '2025-05-01', { kinds: ['sdist'] })
  const { out } = await desk_.report([...wheel, ...sdist])
  t.match(out, /Yanked \(1\)\n {2}demo 1\.0\n {4}demo-1\.0-py3-none-any\.whl: it eats data/)
  t.match(out, /Added to its release late \(1\)\n.*\n {2}demo 1\.0\n {4}demo-1\.0\.tar\.gz, up to 61 days late/)
})

t.test('evidence that fails is named as such, and is no attestation', async t => {
  const desk_ = await reportDesk(t)
  const forged = await desk_.publish('demo', '1.0', '2025-03-01', { tamper: 'content', kinds: ['wheel'] })
  const told = await desk_.report(forged)
  t.match(told, { exit: 0, out: /^1 package: 0 attested \(0 %\), 1 with evidence that fails\n/ })
  t.match(
    told.out,
    /✗ Has evidence that fails \(1\)\n.*\n {2}demo 1\.0\n {4}demo-1\.0-py3-none-any\.whl: digest-mismatch, /,
  )
  const { releases } = json(await desk_.report(forged, '--format', 'json'))
  t.match(releases[0].files[0], { evidence: 'failed', code: 'digest-mismatch', signer: null })
})

t.test('that something is wrong is no failure, unless it is asked to be, and that is said', async t => {
  const desk_ = await reportDesk(t)
  const good = await desk_.publish('good', '1.0', '2025-03-01', { kinds: ['wheel'] })
  const forged = await desk_.publish('demo', '1.0', '2025-03-01', { tamper: 'content', kinds: ['wheel'] })
  const gone = await desk_.publish('gone', '1.0', '2025-03-01', { kinds: ['wheel'] })
  const held = await desk_.publish('held', '1.0', '2025-03-01', { kinds: ['wheel'] })
  desk_.world.upstream.remove('gone', gone[0]?.filename)
  desk_.world.upstream.setStatus('held', 'quarantined')
  const careful = /CAREFUL: 1 package is not what the lock, or whoever signed, says[\s\S]*--fail-on\s+failed/
  for (const [what, wrong] of Object.entries({ forged, gone, held })) {
    const told = await desk_.report([...good, ...wrong])
    t.match(told, { exit: 0, out: careful }, what)
    const failing = await desk_.report([...good, ...wrong], '--fail-on', 'failed')
    t.match(failing, { exit: 1, out: /✗ --fail-on failed: 1 finding/ }, what)
    t.match(await desk_.against(good, [...good, ...wrong], '--fail-on', 'lost,failed'), { exit: 1 }, what)
  }
  const well = await desk_.report(good, '--fail-on', 'failed')
  t.equal(well.exit, 0)
  t.notMatch(well.out, 'CAREFUL')
  t.match(await desk_.report(good, '--fail-on', 'failed,lost'), {
    exit: 2,
    err: /--fail-on lost is about what changed/,
  })
})

t.test('a signer whom no policy could name is told', async t => {
  const desk_ = await reportDesk(t)
  const pulled = { ...MALLORY, trigger: 'pull_request_target' } as const
  const demo = await desk_.publish('demo', '1.0', '2025-03-01', { identity: pulled, kinds: ['wheel'] })
  const { out } = await desk_.report(demo)
  t.match(out, /^1 package: 1 attested \(100 %\)\n.* could name who publishes 0 of 1 today \(0 %\)/)
  t.match(out, /no policy could name the signer \(1\)\n.*\n {2}demo 1\.0\n {4}demo-1\.0\S*: mallory\/demo release\.yml/)
})

t.test('an index that does not answer is 4, and what it was not asked for counts as nothing well', async t => {
  const desk_ = await reportDesk(t)
  const demo = await desk_.publish('demo', '1.0', '2025-03-01')
  const gone = await desk_.publish('gone', '1.0', '2025-03-01')
  desk_.world.upstream.fault({ route: 'page', match: 'gone', do: { status: 503 } })
  const told = await desk_.report([...demo, ...gone])
  t.equal(told.exit, 4)
  t.match(told.out, /^2 packages: 1 attested \(50 %\), 1 not determined\n/)
  t.match(
    told.out,
    /! Could not be determined \(1\)\n.*\n {2}gone 1\.0\n {4}gone-1\.0\S* and 1 more: unknown-upstream, /,
  )
  desk_.world.upstream.clearFaults()
  desk_.world.upstream.fault({ route: 'provenance', match: 'gone', do: { status: 500 } })
  t.match(await desk_.report([...demo, ...gone]), { exit: 4, out: /1 not determined/ }, 'nor a document of it')
  desk_.world.upstream.clearFaults()
  t.match(await desk_.report([...demo, ...gone]), { exit: 0, out: /^2 packages: 2 attested \(100 %\)\n/ })
})

t.test('what the index does not list as the lock has it is told, and is no failure of the index', async t => {
  const desk_ = await reportDesk(t)
  const demo = await desk_.publish('demo', '1.0', '2025-03-01')
  desk_.world.upstream.remove('demo')
  t.match(await desk_.report(demo), { exit: 0, out: /1 not on the index as the lock has it/ })
})

t.test('two locks: what was bumped, is new and is gone, and who signs now', async t => {
  const desk_ = await reportDesk(t)
  const old = await desk_.publish('demo', '1.0', '2025-03-01')
  const same = await desk_.publish('same', '1.0', '2025-03-01')
  const gone = await desk_.publish('gone', '1.0', '2025-03-01')
  const demo = await desk_.publish('demo', '2.0', '2025-06-01')
  const fresh = await desk_.publish('fresh', '1.0', '2025-03-01')
  const told = await desk_.against(
    [...old, ...same, ...gone],
    [...demo, ...same, ...fresh],
    '--fail-on',
    'lost,changed,late,young',
  )
  t.equal(told.exit, 0, told.out)
  t.match(told.out, /1 bumped, 1 new, 1 removed; 1 new signer/)
  t.match(told.out, /Bumped \(1\)\n {2}demo 1\.0 → 2\.0/)
  t.match(told.out, /New signers \(1\)\n.*\n {2}acme\/fresh release\.yml\n {4}signs fresh/)
  t.match(told.out, /Removed \(1\)\n {2}gone 1\.0/)
})

const CHANGES = [
  {
    kind: 'changed',
    name: 'another signer',
    now: { identity: MALLORY },
    said: /demo 1\.0 → 2\.0\n {4}acme\/demo release\.yml → mallory\/demo release\.yml \(another repository\)/,
  },
  {
    kind: 'changed',
    name: 'another workflow of the same repository',
    now: { identity: { ...MALLORY, repository: 'acme/demo', workflow: 'other.yml' } },
    said: /acme\/demo release\.yml → acme\/demo other\.yml \(another workflow of the same repository\)/,
  },
  {
    kind: 'lost',
    name: 'a lost attestation',
    now: { attested: false },
    said: /demo 1\.0 → 2\.0\n {4}demo-2\.0-py3-none-any\.whl and 1 more have no attestation; 1\.0 was attested/,
  },
  {
    kind: 'lost',
    name: 'an attestation that was lost of the wheel alone',
    now: { attested: ['sdist'] },
    said: /demo-2\.0-py3-none-any\.whl has no attestation; 1\.0 was attested/,
  },
  {
    kind: 'lost',
    name: 'a forged attestation',
    now: { tamper: 'content' },
    said: /demo-2\.0-py3-none-any\.whl and 1 more have evidence that fails; 1\.0 was attested/,
  },
  {
    kind: 'young',
    name: 'a young release',
    now: { listed: { uploadTime: '2026-11-26T12:00:00Z' } },
    said: /demo 2\.0\n {4}demo-2\.0-py3-none-any\.whl and 1 more, 2 d old \(2026-11-26\)/,
  },
] as const satisfies readonly { kind: string; name: string; now: ReleaseRequest; said: RegExp }[]

t.test('two locks: what somebody may want to fail by', async t => {
  for (const { kind, name, now, said } of CHANGES) {
    await t.test(`${name} is ${kind}`, async t => {
      const desk_ = await reportDesk(t)
      const old = await desk_.publish('demo', '1.0', '2025-03-01')
      const demo = await desk_.publish('demo', '2.0', '2025-06-01', now)
      t.match(await desk_.against(old, demo), { exit: 0, out: said }, 'told')
      t.match(await desk_.against(old, demo, '--fail-on', kind), {
        exit: 1,
        out: RegExp(`--fail-on ${kind}: 1|2 finding`),
      })
      const others = ['lost', 'changed', 'late', 'young'].filter(other => other !== kind).join(',')
      t.equal((await desk_.against(old, demo, '--fail-on', others)).exit, 0, 'and nothing else')
      t.equal((await desk_.against(demo, demo, '--fail-on', kind)).exit, 0, 'no change, no finding')
    })
  }
})

t.test('a file that was slipped into a release late is found where both locks name the release', async t => {
  const desk_ = await reportDesk(t)
  const wheel = await desk_.publish('demo', '1.0', '2025-03-01', { kinds: ['wheel'] })
  const sdist = await desk_.publish('demo', '1.0', '2025-07-01', { kinds: ['sdist'], attested: false })
  const told = await desk_.against(wheel, [...wheel, ...sdist], '--fail-on', 'late')
  t.match(told, { exit: 1, out: /demo 1\.0\n {4}demo-1\.0\.tar\.gz came 122 days after the first file/ })
  t.equal((await desk_.against([...wheel, ...sdist], [...wheel, ...sdist], '--fail-on', 'late')).exit, 0)
})

t.test('a new project that gave its attestations up is a loss', async t => {
  const desk_ = await reportDesk(t)
  const other = await desk_.publish('other', '1.0', '2025-03-01')
  await desk_.publish('demo', '1.0', '2025-03-01')
  const demo = await desk_.publish('demo', '2.0', '2025-06-01', { attested: false })
  t.match(await desk_.against(other, [...other, ...demo], '--fail-on', 'lost'), { exit: 1, out: /1\.0 was attested/ })
  t.equal((await desk_.against(demo, demo, '--fail-on', 'lost')).exit, 0)
})

t.test('what cannot be compared is 4, and never fine', async t => {
  const desk_ = await reportDesk(t)
  const old = await desk_.publish('demo', '1.0', '2025-03-01')
  const demo = await desk_.publish('demo', '2.0', '2025-06-01')
  desk_.world.upstream.fault({ route: 'provenance', match: 'demo-1.0', do: { status: 500 } })
  const told = await desk_.against(old, demo, '--fail-on', 'changed')
  t.match(told, {
    exit: 4,
    out: /Could not be compared \(2\)\n.*\n {2}demo 2\.0\n {4}not known whether lost, changed: demo-1\.0/,
  })
  desk_.world.upstream.clearFaults()
  t.equal((await desk_.against(old, demo, '--fail-on', 'changed')).exit, 0)
  const timeless = await desk_.publish('timeless', '1.0', '2025-03-01')
  desk_.world.upstream.speak({ minor: 0 })
  t.match(await desk_.against(old, [...old, ...timeless], '--fail-on', 'young'), {
    exit: 4,
    out: /not known whether late, young: the index does not say when timeless-1\.0\S* was uploaded/,
  })
})

t.test('a second run asks for nothing, and one later only whether the pages changed', async t => {
  let now: number = NOW
  const desk_ = await reportDesk(t, () => now)
  const old = await desk_.publish('demo', '1.0', '2025-03-01')
  const demo = await desk_.publish('demo', '2.0', '2025-06-01')
  const bare = await desk_.publish('bare', '1.0', '2025-06-01', { attested: false })
  const { upstream } = desk_.world
  const first = await desk_.against(old, [...demo, ...bare])
  t.equal(upstream.count('page'), 2, 'one page a project, whatever is wanted of it')
  t.equal(upstream.count('provenance'), 4, 'one document a file')
  upstream.forgetRequests()
  t.equal((await desk_.against(old, [...demo, ...bare])).out, first.out)
  t.strictSame(upstream.requests, [])
  now += 11 * 60_000
  t.equal((await desk_.against(old, [...demo, ...bare])).out, first.out)
  t.ok(upstream.requests.length === 2 && upstream.requests.every(({ headers }) => 'if-none-match' in headers))
  await desk_.publish('demo', '3.0', '2025-08-01')
  now += 11 * 60_000
  t.match((await desk_.report([...demo, ...bare])).out, /demo 2\.0/, 'a page that changed is read anew')
})

t.test('no policy, no configuration and no data folder is wanted or touched', async t => {
  const { world } = await reportDesk(t)
  const { files } = await world.release('demo', '1.0')
  const folder = join(world.folder, 'elsewhere')
  mkdirSync(folder)
  const lock = join(folder, 'uv.lock')
  writeFileSync(lock, uvLock(files))
  const { origin } = world.upstream
  const environment = { PORTCULLIS_UPSTREAM_INDEX: origin, PORTCULLIS_UPSTREAM_FILES: origin }
  const ended = await runCommand(['report', lock, '--trust-root', world.trustRoot], { folder, environment })
  t.match(ended, { exit: 0, out: /1 attested \(100 %\)/ })
  t.strictSame(readdirSync(folder).sort(), ['cache', 'uv.lock'])
  t.strictSame(readdirSync(join(folder, 'cache', 'portcullis')), ['report'])
  t.notOk(existsSync(join(folder, 'data')))
})

t.test('nothing of a report is markup or control where it is somebody else’s', async t => {
  const desk_ = await reportDesk(t)
  const evil = '\u001b[31m<script>alert(1)</script> `**x**` @everyone \u202e| [a](http://x)'
  const files = await desk_.publish('demo', '1.0', '2025-03-01', { attested: false, listed: { yanked: evil } })
  for (const format of ['text', 'markdown', 'html', 'json']) {
    const { out } = await desk_.report(files, '--format', format)
    t.match(out, /alert/, format)
    t.notMatch(out, /[^\P{C}\n]/u, `${format} has no control character`)
    if (format === 'html') t.notMatch(out, /<script/)
    if (format === 'markdown') t.match(out, /``[^\n]*`\*\*x\*\*`[^\n]*``/, 'it stands in a longer fence')
  }
})

t.test('what comes from no index is named, and what is new of it is marked', async t => {
  const desk_ = await reportDesk(t)
  const demo = await desk_.publish('demo', '1.0', '2025-03-01')
  const tool = (name: string) =>
    `\n[[package]]\nname = "${name}"\nversion = "1.0"\nsource = { git = "https://github.com/acme/${name}?rev=1#${'a'.repeat(40)}" }\n`
  const old = desk_.write('old.lock', uvLock(demo) + tool('before'))
  const lock = desk_.write('uv.lock', uvLock(demo) + tool('before') + tool('after'))
  const { exit, out } = await desk_.run('report', lock, '--against', old)
  t.equal(exit, 0)
  t.match(out, /^1 package: 1 attested/, 'it is not counted')
  t.match(
    out,
    /Not looked at \(2\)\n.*\n {2}before\n {4}it comes from a repository.*\n {2}after\n {4}new: it comes from a repo/,
  )
})

t.test('the lock as a revision of git has it, with what it includes, is what it is held against', async t => {
  const desk_ = await reportDesk(t)
  const { folder } = desk_.world
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@acme.example', ...words], { cwd: folder })
  git('init', '--quiet', '--initial-branch=main')
  const line = (files: readonly Published[]) =>
    files.map(({ project, version, sha256 }) => `${project}==${version} --hash=sha256:${sha256}\n`).join('')
  const old = await desk_.publish('demo', '1.0', '2025-03-01', { kinds: ['wheel'] })
  const bare = await desk_.publish('demo', '2.0', '2025-06-01', { kinds: ['wheel'], attested: false })
  const lock = desk_.write('requirements.txt', '# a lock\n-r more.txt\n')
  desk_.write('more.txt', line(old))
  git('add', 'requirements.txt', 'more.txt')
  git('commit', '--quiet', '--message=c')
  desk_.write('more.txt', line(bare))
  const args = ['report', lock, '--since', 'HEAD', '--fail-on', 'lost,changed'] as const
  const told = await desk_.run(...args)
  t.match(told, { exit: 1, out: /Against HEAD: 1 bumped.*\n(?:.*\n)*.*demo 1\.0 → 2\.0/ })
  const files = { sarif: join(folder, 'r.sarif'), github: join(folder, 'r.txt'), text: join(folder, 'r.log') }
  const also = Object.entries(files).flatMap(([format, path]) => ['--also', `${format}=${path}`])
  t.equal((await desk_.run(...args, ...also)).exit, 1)
  t.equal(readFileSync(files.text, 'utf8'), told.out)
  t.match(
    readFileSync(files.github, 'utf8'),
    /^::error file=\S*\/more\.txt,line=1,title=report\/lost::demo 1\.0 → 2\.0/,
  )
  t.match(JSON.parse(readFileSync(files.sarif, 'utf8')).runs[0].results, [{ ruleId: 'report/lost', level: 'error' }])
  const fresh = desk_.write('new.txt', line(bare))
  t.match(await desk_.run('report', fresh, '--since', 'HEAD'), { exit: 0, out: /0 bumped, 1 new/ }, 'a new lock')
  t.match(await desk_.run('report', lock, '--since', 'gone'), { exit: 2, err: /is no revision/ })
})

t.test('usage', async t => {
  const desk_ = await reportDesk(t)
  const demo = await desk_.publish('demo', '1.0', '2025-03-01')
  t.match(await desk_.report(demo, '--fail-on', 'lost'), { exit: 2, err: /name the lock as it was with --against/ })
  t.match(await desk_.against(demo, demo, '--fail-on', 'lsot'), {
    exit: 2,
    err: /none of failed, lost, changed, late, young/,
  })
  t.match(await desk_.report(demo, '--young', 'soon'), { exit: 2 })
  t.match(await desk_.run('report', join(desk_.world.folder, 'gone.lock')), { exit: 2, err: /does not exist/ })
  t.match(await desk_.run('report', '--help'), { exit: 0, out: /\(default: 7d\)/ })
})
