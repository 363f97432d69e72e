// guards: src/cli/judge/local-file.ts
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { desk, jsonLines, release } from '../../world/commands/desk.ts'

const FIELDS = ['filename', 'project', 'version', 'sha256', 'outcome', 'code', 'rule', 'identity', 'detail']

t.test('an attested file on this machine is admitted with exit 0', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { exit, out, err } = await desk_.run('verify', desk_.save(wheel).path)
  t.equal(exit, 0)
  t.match(out, /^✓ demo-1\.0-py3-none-any\.whl: admitted\n/)
  t.match(out, wheel.sha256)
  t.match(out, 'https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1.0')
  t.match(out, /projects\[0\] demo \(.*policy\.yaml:\d+\)/)
  t.notMatch(out, '–', 'the index was asked, so nothing was left out')
  t.match(err, /^policy: \S+policy\.yaml \(sha256 [0-9a-f]{12}\)\n$/)
})

t.test(
  'with provenance and a trust root at hand no packet leaves, and what only the index knows is marked',
  async t => {
    const desk_ = await desk(t)
    const { sdist } = await release(desk_, 'demo', '1.0')
    const { path, provenance } = desk_.save(sdist)
    await desk_.world.upstream.close()
    const { exit, out } = await desk_.run(
      'verify',
      path,
      '--provenance',
      provenance,
      '--trust-root',
      desk_.world.trustRoot,
    )
    t.equal(exit, 0)
    for (const check of ['listed by the index with this sha256', 'project status', 'yanked'])
      t.match(out, new RegExp(`– ${check} +the index was not asked`))
    t.notMatch(out, /✓ (yanked|project status)/)
    t.equal(desk_.world.upstream.requests.length, 0)
  },
)

t.test('a file that is judged by what was brought along makes no database, and leaves one that is there', async t => {
  const desk_ = await desk(t)
  const { sdist, wheel } = await release(desk_, 'demo', '1.0')
  const { path, provenance } = desk_.save(sdist)
  const database = join(desk_.world.folder, 'cache/portcullis/commands/portcullis.sqlite')
  const brought = ['verify', path, '--provenance', provenance, '--trust-root', desk_.world.trustRoot]
  const first = await desk_.run(...brought)
  t.equal(first.exit, 0)
  t.notOk(existsSync(database))
  t.equal((await desk_.run('verify', desk_.save(wheel).path)).exit, 0)
  t.ok(existsSync(database), 'what an index said is remembered')
  t.strictSame(await desk_.run(...brought), first)
})

t.test('what the rule denies and nobody could look at is named', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0')
  desk_.world.writePolicy(
    desk_.world.policyText().replace('attestation: required', 'attestation: required\n  yanked: deny'),
  )
  const { path, provenance } = desk_.save(sdist)
  const { exit, out } = await desk_.run('verify', path, '--provenance', provenance)
  t.equal(exit, 0)
  t.match(out, 'denies yanked files; without --provenance the index is asked about that')
  desk_.world.upstream.yank('demo', sdist.filename, 'broken')
  t.match(await desk_.run('verify', path), { exit: 1, out: /refused, yanked by its author \(yanked\)/ })
})

t.test('one changed byte is refused with exit 1, offline and online', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const bytes = Buffer.from(wheel.bytes)
  bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
  const { path, provenance } = desk_.save(wheel, { bytes })
  t.match(await desk_.run('verify', path, '--provenance', provenance), { exit: 1, out: /digest-mismatch/ })
  const online = await desk_.run('verify', path)
  t.match(online, { exit: 1, out: /digest-mismatch/ })
  const [line] = jsonLines((await desk_.run('verify', path, '--format', 'json')).out)
  t.equal(line?.['sha256'], sha256Of(bytes), 'the bytes at hand are told of')
  t.match(online.out, /✗ sha256 in the index\n {6}expected {2}[0-9a-f]{64}\n {6}found {5}[0-9a-f]{64}\n/)
})

t.test('other bytes than the index lists are refused even where no attestation is required', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0', { attested: false })
  desk_.world.writePolicy('version: 1\nmode: enforce\nprojects:\n  - { match: demo, attestation: optional }\n')
  t.equal((await desk_.run('verify', desk_.save(wheel).path)).exit, 0)
  const { path } = desk_.save(wheel, { bytes: Buffer.concat([wheel.bytes, Buffer.from('x')]) })
  t.match(await desk_.run('verify', path), { exit: 1, out: /digest-mismatch/ })
})

t.test('the provenance of another file, and a name that was not signed, are refused', async t => {
  const desk_ = await desk(t)
  const { wheel, sdist } = await release(desk_, 'demo', '1.0')
  const saved = desk_.save(wheel)
  const other = desk_.save(sdist)
  t.match(await desk_.run('verify', saved.path, '--provenance', other.provenance), { exit: 1, out: /subject-mismatch/ })
  const renamed = desk_.save(wheel, { name: 'demo-1.1-py3-none-any.whl' })
  t.match(await desk_.run('verify', renamed.path, '--provenance', saved.provenance), {
    exit: 1,
    out: /subject-mismatch/,
  })
})

t.test('an empty provenance document is refused, an absent file is usage', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { path } = desk_.save(wheel)
  const empty = join(desk_.world.folder, 'empty')
  writeFileSync(empty, '')
  t.match(await desk_.run('verify', path, '--provenance', empty), { exit: 1, out: /provenance-malformed/ })
  t.match(await desk_.run('verify', path, '--provenance', `${empty}-not`), {
    exit: 2,
    out: '',
    err: /there is no such file/,
  })
})

t.test('what is no file, no distribution, or not listed is usage: exit 2 and nothing on stdout', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const egg = join(desk_.world.folder, 'demo-1.0-py3.8.egg')
  writeFileSync(egg, 'x')
  mkdirSync(join(desk_.world.folder, 'dist'))
  const unlisted = desk_.save(wheel, { name: 'demo-9.9-py3-none-any.whl' })
  const endless = join(desk_.world.folder, 'demo-2.0.tar.gz')
  symlinkSync('/dev/zero', endless)
  const cases: readonly (readonly [argv: readonly string[], err: RegExp])[] = [
    [['verify', join(desk_.world.folder, 'absent-1.0.tar.gz')], /absent-1\.0\.tar\.gz: there is no such file/],
    [['verify', egg], /neither the name of a wheel nor of a source distribution/],
    [['verify', join(desk_.world.folder, 'dist')], /is a folder/],
    [['verify', endless], /not a regular file/],
    [['verify', unlisted.path, '--provenance', endless], /too large for a provenance document/],
    [['verify', unlisted.path], /the index does not list demo-9\.9-py3-none-any\.whl/],
    [['verify'], /missing required argument/],
    [['verify', 'demo==1.0', '--provenance', egg], /belongs to one file/],
    [['verify', 'demo==1.*'], /"1\.\*" is not one version/],
    [['verify', 'de mo==1.0'], /there is no such file/],
    [['verify', 'demo=1.0'], /no such file \(a release is written name==version\)/],
    [['verify', 'demo==1.0', '--at', 'yesterday'], /Not a date/],
    [['verify', 'demo==1.0', '--format', 'xml'], /Allowed choices are text, json/],
  ]
  for (const [argv, err] of cases) t.match(await desk_.run(...argv), { exit: 2, out: '', err }, argv.join(' '))
})

t.test('a trust root that cannot be used ends with exit 5', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { path, provenance } = desk_.save(wheel)
  const broken = join(desk_.world.folder, 'broken.json')
  writeFileSync(broken, '{}')
  for (const root of [join(desk_.world.folder, 'absent.json'), broken])
    t.match(await desk_.run('verify', path, '--provenance', provenance, '--trust-root', root), {
      exit: 5,
      out: '',
      err: /trust root unusable/,
    })
})

t.test(
  'an upstream that cannot answer ends with exit 4, and the file is unknown, neither admitted nor refused',
  async t => {
    const desk_ = await desk(t)
    const { wheel } = await release(desk_, 'demo', '1.0')
    const { path } = desk_.save(wheel)
    for (const route of ['provenance', 'page'] as const) {
      desk_.world.upstream.clearFaults()
      desk_.world.upstream.fault({ route, do: { status: 503 } })
      const { exit, out } = await desk_.run('verify', path, '--format', 'json')
      t.equal(exit, 4, route)
      t.match(
        jsonLines(out),
        [{ outcome: 'unknown', code: 'unknown-upstream', sha256: wheel.sha256, rule: null }],
        route,
      )
    }
  },
)

t.test('a name that is never asked upstream is not asked by a command either', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { path } = desk_.save(wheel)
  const run = desk_.with({ environment: { PORTCULLIS_INDEX_INTERNAL: 'demo' } })
  for (const argv of [
    ['verify', path],
    ['verify', 'demo==1.0'],
    ['explain', wheel.filename],
  ])
    t.match(await run(...argv), { exit: 2, err: /internal/ }, argv.join(' '))
  t.equal(desk_.world.upstream.requests.length, 0)
})

t.test('exemptions are judged as of --at', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  const soon = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10)
  const later = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10)
  desk_.world.writePolicy(`${desk_.world.policyText()}exemptions:
  - { id: EX-1, project: demo, waive: [attestation], files: { ${sdist.filename}: "sha256:${sdist.sha256}" }, reason: r, owner: o, expires: ${soon} }
`)
  const { path } = desk_.save(sdist)
  t.match(await desk_.run('verify', path), { exit: 0, out: /An exemption pinned to these bytes/ })
  t.match(await desk_.run('verify', path, '--at', `${later}T00:00:00Z`), { exit: 1, out: /exemption-expired/ })
})

t.test('every file of a release is one JSON line with exactly the promised fields', async t => {
  const desk_ = await desk(t)
  const { wheel, sdist } = await release(desk_, 'demo', '1.0', { attested: ['wheel'] })
  const { exit, out, err } = await desk_.run('verify', 'Demo==1.0.0', '--format', 'json')
  t.equal(exit, 1)
  t.equal(err, '', 'a program reads nothing else')
  const lines = jsonLines(out)
  for (const line of lines) t.strictSame(Object.keys(line), FIELDS)
  t.match(lines, [
    {
      filename: wheel.filename,
      project: 'demo',
      version: '1.0',
      sha256: wheel.sha256,
      outcome: 'admitted',
      code: null,
      rule: /^projects\[0\] demo \(.*policy\.yaml:\d+\)$/,
      identity: {
        issuer: 'https://token.actions.githubusercontent.com',
        san: 'https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1.0',
        repository: 'acme/demo',
        workflow: 'release.yml',
        ref: 'refs/tags/v1.0',
      },
    },
    { filename: sdist.filename, outcome: 'refused', code: 'unattested', identity: null },
  ])
  t.equal(desk_.world.upstream.count('file'), 0, 'nothing is downloaded')
})

t.test('a release is admitted only when all of it is', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  await release(desk_, 'demo', '1.1', { attested: ['sdist'] })
  t.match(await desk_.run('verify', 'demo==1.0'), { exit: 0, out: /demo==1\.0: 2 of 2 admitted\n$/ })
  t.match(await desk_.run('verify', 'demo==1.1'), { exit: 1, out: /1 of 2 admitted, 1 refused\n/ })
})

t.test(
  'a refusal is known, so it counts more than a file that could not be judged; that counts more than the rest',
  async t => {
    const desk_ = await desk(t)
    const { wheel } = await release(desk_, 'demo', '1.0', { attested: ['wheel'] })
    desk_.world.upstream.fault({ route: 'provenance', match: wheel.filename, do: { status: 500 } })
    const mixed = await desk_.run('verify', 'demo==1.0', '--format', 'json')
    t.equal(mixed.exit, 1)
    t.strictSame(
      jsonLines(mixed.out).map(({ outcome }) => outcome),
      ['unknown', 'refused'],
    )
    const attested = await release(desk_, 'demo', '1.1')
    desk_.world.upstream.fault({ route: 'provenance', match: attested.sdist.filename, do: { status: 500 } })
    t.match(await desk_.run('verify', 'demo==1.1'), { exit: 4, out: /1 of 2 admitted, 1 cannot be determined/ })
  },
)

t.test('files of a release that are neither wheel nor sdist are judged with it', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  for (const filename of ['demo-1.0-py3.8.egg', 'demo-1.0.win32.exe', 'demo-1.0.1-py3.8.egg'])
    desk_.world.upstream.add('demo', { filename, bytes: Buffer.from(filename) })
  const { exit, out } = await desk_.run('verify', 'demo==1.0', '--format', 'json')
  t.equal(exit, 1)
  t.match(jsonLines(out), [
    { outcome: 'admitted' },
    { outcome: 'admitted' },
    { filename: 'demo-1.0-py3.8.egg', outcome: 'refused', code: 'file-unsupported' },
    { filename: 'demo-1.0.win32.exe', outcome: 'refused', code: 'file-unsupported' },
  ])
  t.equal(jsonLines(out).length, 4)
})

t.test('a version or project that the index does not list says so, and what it lists', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  await release(desk_, 'demo', '1.10')
  t.match(await desk_.run('verify', 'demo==1.2'), {
    exit: 2,
    out: '',
    err: /lists no file of demo 1\.2 \(it lists 1\.0, 1\.10\)/,
  })
  t.match(await desk_.run('verify', 'nobody==1.0'), { exit: 2, err: /does not know nobody/ })
})
