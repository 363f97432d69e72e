// guards: src/app-commands.ts src/cli/command/exit-of.ts src/cli/command/options.ts src/cli/command/report-error.ts
// guards: src/cli/judge/explain.ts src/cli/judge/explanation-json.ts src/cli/judge/local-file.ts
// guards: src/cli/judge/render-explanation.ts src/cli/judge/target.ts src/cli/judge/verify.ts src/cli/mirror/mirror.ts
// guards: src/cli/mirror/options.ts src/cli/policy/check.ts src/cli/policy/policy.ts src/cli/program.ts
// guards: src/cli/terminal/progress.ts src/cli/terminal/screen.ts
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { GateError } from '../../src/domain/base/errors.ts'
import { instant } from '../../src/domain/base/instant.ts'
import type { Refused } from '../../src/domain/decide/verdict.ts'
import { type CommandOptions, type Ended, runCommand } from '../world/commands/commands.ts'
import { createWorld, type Published, type ReleaseRequest, type World, type WorldOptions } from '../world/world.ts'

interface Desk {
  readonly world: World
  /** runs a command where ./portcullis.yaml stands in front of the world */
  run(...argv: readonly string[]): Promise<Ended>
  with(options: Partial<CommandOptions>): (...argv: readonly string[]) => Promise<Ended>
  /** writes a published file, and its provenance beside it */
  save(
    file: Published,
    changes?: { readonly name?: string; readonly bytes?: Buffer },
  ): { path: string; provenance: string }
}

async function desk(t: Test, options: WorldOptions = {}): Promise<Desk> {
  const world = await createWorld(t, options)
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  const using =
    (changes: Partial<CommandOptions>) =>
    (...argv: readonly string[]) =>
      runCommand(argv, { folder: world.folder, ...changes })
  return {
    world,
    run: using({}),
    with: using,
    save(file, { name = file.filename, bytes = file.bytes } = {}) {
      const path = join(world.folder, name)
      const provenance = `${path}.provenance`
      writeFileSync(path, bytes)
      writeFileSync(provenance, file.provenance ?? '')
      return { path, provenance }
    },
  }
}

async function release(desk: Desk, project: string, version: string, request?: ReleaseRequest) {
  const released = await desk.world.release(project, version, request)
  desk.world.writePolicy()
  return released
}

function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

const EVIL = { kind: 'github', repository: 'evil/demo', workflow: 'release.yml', ref: 'refs/tags/v1.0' } as const
const FIELDS = ['filename', 'project', 'version', 'sha256', 'outcome', 'code', 'rule', 'identity', 'detail']

// ---------------------------------------------------------------- verify <file>

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
  t.equal(err, '')
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

// ---------------------------------------------------------------- verify name==version

t.test('every file of a release is one JSON line with exactly the promised fields', async t => {
  const desk_ = await desk(t)
  const { wheel, sdist } = await release(desk_, 'demo', '1.0', { attested: ['wheel'] })
  const { exit, out, err } = await desk_.run('verify', 'Demo==1.0.0', '--format', 'json')
  t.equal(exit, 1)
  t.equal(err, '')
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

// ---------------------------------------------------------------- explain

t.test('explain shows every step, the rule with its place, and the publisher that the certificate proves', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '0.9')
  const { sdist } = await release(desk_, 'demo', '1.0', { identity: EVIL })
  const { exit, out } = await desk_.run('explain', sdist.filename)
  t.equal(exit, 0)
  t.match(out, /^✗ demo-1\.0\.tar\.gz: refused, signed by somebody else \(publisher-mismatch\)\n/)
  t.match(out, /✓ rule\n? +projects\[0\] demo/)
  t.match(out, '✓ attestation')
  t.match(
    out,
    '  ✗ source repository (.12)\n      expected  https://github.com/acme/demo\n      found     https://github.com/evil/demo\n',
  )
  t.match(
    out,
    /# in projects\[0\] demo \(.*policy\.yaml:\d+\)\n {4}publishers:\n {6}- kind: github\n {8}repository: evil\/demo\n/,
  )
})

t.test('the YAML that explain prints admits the file', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0')
  const head = 'version: 1\nmode: enforce\n'
  desk_.world.writePolicy(`${head}projects:\n  - { match: other, deny: "not here" }\n`)
  const { exit, out } = await desk_.run('explain', sdist.filename, '--format', 'json')
  t.equal(exit, 0)
  const [line] = jsonLines(out)
  t.match(line, { outcome: 'refused', code: 'no-rule', identity: { repository: 'acme/demo' } })
  desk_.world.writePolicy(`${head}${String(line?.['admit_with'])}\n`)
  t.match(await desk_.run('explain', sdist.filename), { exit: 0, out: /^✓ demo-1\.0\.tar\.gz: admitted\n/ })
})

t.test('an admitted file shows its publisher too, ids and all', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { out } = await desk_.run('explain', wheel.filename)
  t.match(out, 'The certificate proves this publisher')
  t.match(out, /repository: acme\/demo\n +workflow: release\.yml\n +ref: "refs\/tags\/\*"\n +repository_id: "\d+"\n/)
})

t.test('explain finds a file by name, path at PyPI, path at the gate, release, and metadata URL', async t => {
  const desk_ = await desk(t)
  const { wheel, sdist } = await release(desk_, 'my-demo', '1.0')
  for (const target of [
    sdist.filename,
    `https://files.pythonhosted.org${sdist.path}`,
    `https://pypi.acme.example/prefix${sdist.path}#sha256=${sdist.sha256}`,
  ])
    t.match(await desk_.run('explain', target), { exit: 0, out: /^✓ my_demo-1\.0\.tar\.gz: admitted/ }, target)
  t.match(await desk_.run('explain', `http://127.0.0.1:8080${wheel.path}.metadata`), {
    exit: 0,
    out: /^✓ my_demo-1\.0-py3-none-any\.whl: admitted/,
  })
  const both = jsonLines((await desk_.run('explain', 'my.demo[extra] == 1.0', '--format', 'json')).out)
  t.strictSame(
    both.map(({ filename }) => filename),
    [wheel.filename, sdist.filename],
  )
})

t.test(
  'a listed file that is neither wheel nor sdist, and a quarantined project, are explained as refused',
  async t => {
    const desk_ = await desk(t)
    const { wheel } = await release(desk_, 'demo', '1.0')
    desk_.world.upstream.add('demo', { filename: 'demo-1.0-py3.8.egg', bytes: Buffer.from('x') })
    t.match(await desk_.run('explain', 'demo-1.0-py3.8.egg'), { exit: 0, out: /\(file-unsupported\)/ })
    desk_.world.upstream.setStatus('demo', 'quarantined')
    t.match(await desk_.run('explain', 'demo-3.0.tar.gz'), { exit: 0, out: /\(project-quarantined\)/ })
    const { path } = desk_.save(wheel)
    t.match(await desk_.run('verify', path), { exit: 1, out: /\(project-quarantined\)/ })
  },
)

t.test('a file whose name could belong to several projects is found in the one that lists it', async t => {
  const desk_ = await desk(t)
  desk_.world.upstream.add('foo', { filename: 'foo-1.0-1.tar.gz', bytes: Buffer.from('x') })
  desk_.world.writePolicy('version: 1\nmode: enforce\nprojects:\n  - { match: foo, attestation: optional }\n')
  const { exit, out } = await desk_.run('explain', 'foo-1.0-1.tar.gz', '--format', 'json')
  t.equal(exit, 0)
  t.match(jsonLines(out), [{ project: 'foo', version: '1.0.post1', outcome: 'admitted' }])
  const asked = desk_.world.upstream.requests.length
  const run = desk_.with({ environment: { PORTCULLIS_INDEX_INTERNAL: 'foo' } })
  t.match(await run('explain', 'foo-1.0-1.tar.gz'), { exit: 2, out: '', err: /internal/ })
  t.equal(desk_.world.upstream.requests.length, asked, 'one internal reading is enough to ask about none')
})

t.test('explain exits 0 whatever the verdict, 4 when nobody can tell, 2 for what it does not understand', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  t.match(await desk_.run('explain', sdist.filename), { exit: 0, out: /unattested/ })
  for (const target of [
    'demo',
    'cryptography',
    './demo-1.0.tar.gz',
    'https://pypi.org/project/demo/',
    'http://%zz/x',
    'demo-2.0.tar.gz',
  ])
    t.match(await desk_.run('explain', target), { exit: 2, out: '', err: /^error: / }, target)
  desk_.world.upstream.fault({ route: 'provenance', do: { status: 500 } })
  desk_.world.upstream.speak({ provenance: false })
  const unknown = await desk_.run('explain', sdist.filename)
  t.match(unknown, { exit: 4, out: /^\? demo-1\.0\.tar\.gz: cannot tell, upstream could not answer/ })
})

t.test('without a rule, a provenance that cannot be fetched changes nothing but is told', async t => {
  const desk_ = await desk(t)
  const { sdist } = await desk_.world.release('demo', '1.0')
  desk_.world.writePolicy('version: 1\nmode: enforce\nprojects:\n  - { match: other, attestation: optional }\n')
  desk_.world.upstream.fault({ route: 'provenance', do: { status: 500 } })
  const { exit, out } = await desk_.run('explain', sdist.filename)
  t.equal(exit, 0)
  t.match(out, /refused, no rule for this project/)
  t.match(out, /note +Who signed it could not be found out/)
  t.notMatch(out, /would admit|can admit/)
})

t.test('an upstream without the provenance key leads to upstream.integrity', async t => {
  const desk_ = await desk(t, { dialect: { minor: 1, provenance: false } })
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  t.match((await desk_.run('explain', sdist.filename)).out, 'set upstream.integrity')
})

t.test('a recorded refusal is told by its id and by the URL that pip printed', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  const refused: Refused = {
    kind: 'refused',
    code: 'unattested',
    file: { project: 'demo', version: '1.0', filename: 'demo-1.0.tar.gz', sha256: undefined },
    rule: { id: 'projects[0] demo', file: 'acme.yaml', line: 7 },
    identity: undefined,
    detail: 'demo-1.0.tar.gz has no attestation, and projects[0] demo requires one.',
    admitWith: undefined,
    policyDigest: 'f'.repeat(64),
    steps: [{ mark: 'fail', check: 'attestation', expected: 'one that verifies', found: 'none' }],
    notes: [],
  }
  const id = '3k9q0c7m2a1b'
  const refusals = {
    get: async (asked: string) =>
      asked === id ? { refused, at: instant(Date.parse('2026-11-24T12:00:00Z')) } : undefined,
  }
  const nothing = (): never => {
    throw new TypeError('nobody asks for it')
  }
  const records = {
    refusals,
    journal: nothing,
    dropped: nothing,
    projects: nothing,
    project: nothing,
    finding: nothing,
    attested: nothing,
    holds: nothing,
    misses: nothing,
    close: async () => {},
  }
  const run = desk_.with({ records })
  for (const target of [id, `https://pypi.acme.example/x/${id}`, `http://127.0.0.1:8080/x/${id}/unattested`])
    t.match(await run('explain', target), {
      exit: 0,
      out: /^✗ demo-1\.0\.tar\.gz: refused, no attestation[\s\S]*projects\[0\] demo \(acme\.yaml:7\)[\s\S]*Recorded 2026-11-24T12:00:00\.000Z/,
    })
  t.match(await run('explain', '3k9q0c7m2a1c'), { exit: 2, err: /keeps no refusal 3k9q0c7m2a1c/ })
  t.match(await desk_.run('explain', id), {
    exit: 2,
    out: '',
    err: /there is no database of a gate in .*<gate>\/x\/3k9q0c7m2a1b/,
  })
  t.equal(desk_.world.upstream.requests.length, 0)
})

// ---------------------------------------------------------------- policy check

t.test('policy check tells everything that is wrong, each at its place, and exits 2', async t => {
  const desk_ = await desk(t)
  const file = join(desk_.world.folder, 'wrong.yaml')
  writeFileSync(
    file,
    'version: 1\nmode: enforce\npublishers:\n  acme: { kind: github, repository: acme/demo, workflow: release.yml }\nprojects:\n  - match: demo\n    publisher: [acme]\n  - match: other\n    publishers: [acmee]\n',
  )
  const { exit, out } = await desk_.run('policy', 'check', file)
  t.equal(exit, 2)
  t.match(out, /wrong\.yaml:7:5 projects\[0\]\.publisher: .*did you mean "publishers"/)
  t.match(
    out,
    /wrong\.yaml:9:18 projects\[1\]\.publishers\[0\]: no publisher is named "acmee" \(did you mean "acme"\?\)/,
  )
  t.match(out, /✗ \d things are wrong: no gate would start with this policy\n$/)
  const [json] = jsonLines((await desk_.run('policy', 'check', file, '--format', 'json')).out)
  t.match(json, { ok: false, digest: null, diagnostics: [{ line: 7, column: 5, path: 'projects[0].publisher' }] })
})

t.test('policy check without a file checks the configured policy, warns, and sums up', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0')
  desk_.world.writePolicy(
    `${desk_.world.policyText()}publishers:\n  unused: { kind: google, email: a@b.example }\nexemptions:\n  - { id: EX-1, project: demo, waive: [attestation], files: { ${sdist.filename}: "sha256:${sdist.sha256}" }, reason: r, owner: team, expires: 2020-01-01 }\n`,
  )
  const { exit, out } = await desk_.run('policy', 'check')
  t.equal(exit, 0)
  t.match(out, /policy\.yaml:\d+:\d+ .*no rule uses the publisher "unused"/)
  t.match(out, /the exemption EX-1 has ended \(owner team\)/)
  t.match(out, /exemptions +1 \(1 ended\)/)
  t.match(out, /rules +1\n/)
  const [json] = jsonLines((await desk_.run('policy', 'check', '--format', 'json')).out)
  t.match(json, { ok: true, rules: 1, unmatched: 'deny', exemptions: [{ id: 'EX-1', owner: 'team', ended: true }] })
  t.match(json?.['warnings'], [
    { line: Number, message: String },
    { line: Number, message: String },
  ])
})

t.test('a policy file that cannot be read, or a configuration that is wrong, is exit 2', async t => {
  const desk_ = await desk(t)
  t.match(await desk_.run('policy', 'check', '/nowhere/at-all.yaml'), {
    exit: 2,
    err: /policy is wrong\n.*cannot be read/,
  })
  t.match(await desk_.with({ environment: { PORTCULLIS_INDEX_MODE: 'maybe' } })('policy', 'check'), {
    exit: 2,
    err: /configuration is wrong\n.*PORTCULLIS_INDEX_MODE/,
  })
  desk_.world.writePolicy(desk_.world.policyText().replace('version: 1', 'version: 2'))
  t.match(await desk_.run('verify', 'demo==1.0'), {
    exit: 2,
    out: '',
    err: /policy is wrong\n[\s\S]*policy\.yaml:1:10 version/,
  })
})

// ---------------------------------------------------------------- program

t.test('an unknown command or option is exit 2, on stderr, with what may have been meant', async t => {
  const run = (...argv: readonly string[]) => runCommand(argv, { folder: t.testdir() })
  t.match(await run('verfy', 'x'), { exit: 2, out: '', err: /unknown command 'verfy'\n\(Did you mean verify\?\)/ })
  t.match(await run('policy', 'chek'), { exit: 2, err: /unknown command 'chek'[\s\S]*Did you mean check/ })
  t.match(await run('verify', 'a==1', '--polcy', 'x'), { exit: 2, err: /unknown option '--polcy'[\s\S]*--policy/ })
  t.match(await run(), { exit: 2, out: '', err: /Usage: portcullis/ })
  for (const group of ['policy', 'mirror', 'trust'])
    t.match(await run(group), { exit: 2, out: '', err: new RegExp(`Usage: portcullis ${group}`) }, group)
})

t.test('help and version are results: stdout and exit 0', async t => {
  const run = (...argv: readonly string[]) => runCommand(argv, { folder: t.testdir() })
  t.match(await run('--version'), { exit: 0, out: '0.0.0-test\n', err: '' })
  for (const argv of [['--help'], ['help'], ['help', 'verify'], ['verify', '--help'], ['policy', 'check', '-h']])
    t.match(await run(...argv), { exit: 0, out: /^Usage: portcullis/, err: '' }, argv.join(' '))
})

t.test('every help text names exit codes and examples, and fits 80 columns', async t => {
  const commands = [
    ['serve'],
    ['verify'],
    ['explain'],
    ['audit'],
    ...['check', 'test', 'init', 'diff', 'replay', 'approve', 'schema'].map(name => ['policy', name]),
    ['exemptions', 'expiring'],
    ['history', 'show'],
    ['revocations', 'show'],
    ['config', 'show'],
  ]
  for (const command of commands) {
    const { out } = await runCommand([...command, '--help'], { folder: t.testdir() })
    t.match(out, /^Exit codes:$/m, command.join(' '))
    t.match(out, /^Examples:$/m, command.join(' '))
    t.match(out, /--config <file>/, command.join(' '))
    if (command[0] === 'serve' || command[0] === 'config') continue
    t.match(out, /^Environment:$/m, command.join(' '))
    t.strictSame(
      out.split('\n').filter(line => line.length > 80),
      [],
      command.join(' '),
    )
  }
})

t.test('--config may stand before and after the command', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  const config = join(desk_.world.folder, 'portcullis.yaml')
  const elsewhere = desk_.with({ folder: t.testdir() })
  t.equal((await elsewhere('--config', config, 'verify', 'demo==1.0')).exit, 0)
  t.equal((await elsewhere('verify', 'demo==1.0', '--config', config)).exit, 0)
  t.match(await elsewhere('verify', 'demo==1.0', '--config', `${config}-not`), {
    exit: 2,
    err: /configuration is wrong/,
  })
})

t.test('--policy replaces the configured policy, and may be given several times', async t => {
  const desk_ = await desk(t)
  const { wheel } = await release(desk_, 'demo', '1.0')
  const { path } = desk_.save(wheel)
  const [denies, rules] = ['denies.yaml', 'rules.yaml'].map(name => join(desk_.world.folder, name))
  writeFileSync(denies ?? '', 'version: 1\nmode: enforce\nprojects:\n  - { match: other, deny: "not here" }\n')
  writeFileSync(rules ?? '', desk_.world.policyText())
  t.match(await desk_.run('verify', '--policy', denies ?? '', path), { exit: 1, out: /no-rule/ })
  t.equal((await desk_.run('verify', '--policy', denies ?? '', '--policy', rules ?? '', path)).exit, 0)
})

t.test('an unexpected exception is exit 3, one line with an id; the stack only when asked for', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  const beforeOpen = () => {
    throw new TypeError('boom \u001b[31m')
  }
  const plain = await desk_.with({ beforeOpen })('verify', 'demo==1.0')
  t.match(plain, {
    exit: 3,
    out: '',
    err: /^internal error [0-9a-f]{8}: TypeError: boom \\u\{1b\}\[31m\. .*PORTCULLIS_DEBUG=1[^\n]*\n$/,
  })
  const debug = await desk_.with({ beforeOpen, environment: { PORTCULLIS_DEBUG: '1' } })('verify', 'demo==1.0')
  t.match(debug, { exit: 3, err: /\n {6}at .*cli\.test\.ts/ })
  const bug = await desk_.with({
    beforeOpen: () => {
      throw new GateError('unknown-bug', 'cannot be')
    },
  })('verify', 'demo==1.0')
  t.match(bug, { exit: 3, err: /^internal error [0-9a-f]{8}: / })
})

t.test('nothing that an upstream wrote reaches a terminal as a control sequence', async t => {
  const desk_ = await desk(t)
  const nasty = 'gone \u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u2028 now'
  const { sdist } = await release(desk_, 'demo', '1.0', { listed: { yanked: nasty } })
  desk_.world.writePolicy(
    desk_.world.policyText().replace('attestation: required', 'attestation: required\n  yanked: deny'),
  )
  for (const format of ['text', 'json'])
    for (const argv of [
      ['explain', sdist.filename],
      ['verify', 'demo==1.0'],
    ]) {
      const { out, err } = await desk_.run(...argv, '--format', format)
      t.match(out, 'owned', 'it is told')
      t.notMatch(out + err, /[^\n\x20-\x7e✓✗–’]/u, `${argv[0]} ${format}`)
    }
})

t.test('colours come only where they are wanted, and change no word', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  const plain = await desk_.run('explain', sdist.filename)
  const coloured = await desk_.with({ output: { colour: { out: true, err: true } } })('explain', sdist.filename)
  t.notMatch(plain.out, '\u001b')
  t.match(coloured.out, '\u001b[31m✗\u001b[39m')
  t.equal(stripVTControlCharacters(coloured.out), plain.out)
})

t.test('on a terminal prose is wrapped and progress is wiped before the result', async t => {
  const desk_ = await desk(t)
  const { sdist } = await release(desk_, 'demo', '1.0', { attested: false })
  const { out, err } = await desk_.with({ output: { columns: 60, progress: true } })('explain', sdist.filename)
  const prose = out.slice(out.indexOf('  why'), out.indexOf('  This would'))
  t.strictSame(
    prose.split('\n').filter(line => line.length > 60),
    [],
  )
  t.match(err, 'asking the index')
  t.ok(err.endsWith('\r\u001b[2K'))
})
