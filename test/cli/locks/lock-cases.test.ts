// guards: src/cli/locks/locks-at.ts
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { type Ended, runCommand } from '../../world/commands/commands.ts'
import { casePath, casesSkip, readCase } from '../../world/vectors/cases-folder.ts'
import { createWorld, type World } from '../../world/world.ts'

const OPTIONAL = `version: 1\nmode: enforce\ndefaults:\n  attestation: optional\n  unmatched: apply-defaults\n`
/** Nothing of this project passes without an attestation of its first signer. */
const strict = (project: string): string =>
  `${OPTIONAL.replace('optional', 'required')}projects:\n  - { match: ${project}, identity: first-seen }\n`

interface Desk {
  readonly world: World
  run(...argv: readonly string[]): Promise<Ended>
  /** what a command says of a lock, and its exit code */
  audit(path: string, ...flags: readonly string[]): Promise<Ended & { readonly told: Told }>
  configure(changes: object): void
}

interface Told {
  readonly summary: Readonly<Record<string, unknown>>
  readonly files: readonly { readonly filename: string; readonly outcome: string; readonly sha256: string }[]
  readonly skipped: readonly { readonly kind: string; readonly name: string; readonly index: string | null }[]
}

async function desk(t: Test, policy = OPTIONAL): Promise<Desk> {
  const world = await createWorld(t)
  world.writePolicy(policy)
  const configure = (changes: object): void =>
    writeFileSync(join(world.folder, 'portcullis.yaml'), stringify({ ...world.configuration(), ...changes }))
  configure({})
  const run = (...argv: readonly string[]): Promise<Ended> => runCommand(argv, { folder: world.folder })
  return {
    world,
    run,
    configure,
    async audit(path, ...flags) {
      const ended = await run('audit', path, '--format', 'json', ...flags)
      return { ...ended, told: ended.out === '' ? { summary: {}, files: [], skipped: [] } : JSON.parse(ended.out) }
    },
  }
}

/** Files that the index lists with these digests; nobody asks for their bytes. */
function list(world: World, project: string, files: Readonly<Record<string, string>>): void {
  for (const [filename, sha256] of Object.entries(files))
    world.upstream.add(project, { filename, sha256, bytes: Buffer.from(filename) })
}

const DEMO = { 'demo-1.0-py3-none-any.whl': '744439ca23f7af44538865163a3bb0c5e30b55c69fbb7fe85445889426200a11' }
const names = ({ files }: Told): readonly string[] => files.map(({ filename }) => filename)

/** The sha256 that a case has of its source distribution. */
const MIRROR = ['--same-index', 'http://127.0.0.1:39399']
/** With who says whose the place is that a file without a sha256 comes from. */
const PARTIAL: readonly (readonly [path: string, project: string, word: readonly string[]])[] = [
  ['lock-partial-hash/uv-partial-mix/uv.lock', 'mix', MIRROR],
  ['lock-partial-hash/uv-partial-mix512/uv.lock', 'mix512', MIRROR],
  ['lock-partial-hash/pylock512/pylock.toml', 'mix', ['--allow-unjudged']],
]

for (const [path, project, word] of PARTIAL)
  t.test(`${path}: a wheel without a sha256 is a file of the lock`, { skip: casesSkip }, async t => {
    const [, sha256 = ''] = /sha256(?::| = ")([0-9a-f]{64})/.exec(readCase(path)) ?? []
    const files = { [`${project}-1.0-py3-none-any.whl`]: 'c'.repeat(64), [`${project}-1.0.tar.gz`]: sha256 }
    const pinned = `exemptions:\n  - { id: sdist, project: ${project}, waive: [attestation], reason: r, owner: o, expires: 2027-01-31, files: { ${project}-1.0.tar.gz: "sha256:${sha256}" } }\n`
    const here = await desk(t, `${strict(project)}${pinned}`)
    list(here.world, project, files)
    const { exit, told } = await here.audit(casePath(path))
    t.equal(exit, 1, 'while the wheel is not admitted')
    t.match(told.summary, { files: 2, admitted: 1, refused: [{ code: 'unattested', files: 1 }] })
    t.match(told.files, [{ filename: `${project}-1.0-py3-none-any.whl`, outcome: 'refused' }, { outcome: 'admitted' }])

    const plan = join(here.world.folder, 'plan.json')
    t.equal((await here.run('mirror', 'plan', casePath(path), '--out', plan)).exit, 1)
    t.strictSame(
      JSON.parse(readFileSync(plan, 'utf8')).files.map(({ filename }: { readonly filename: string }) => filename),
      Object.keys(files),
      'both are planned',
    )
    const written = await here.run('policy', 'init', casePath(path), ...word)
    t.equal(written.exit, 0, written.err)
    t.match(written.out, /CAREFUL: of 1 file the locks have no sha256/)
    t.match(written.out, `"${project}-1.0-py3-none-any.whl": "sha256:${'c'.repeat(64)}"`)
    const policy = join(here.world.folder, 'written.yaml')
    writeFileSync(policy, written.out)
    t.equal(
      (await here.audit(casePath(path), '--policy', policy, ...word)).exit,
      0,
      'and admitted under what was written',
    )
    const alone = await here.audit(casePath(path), '--policy', policy)
    t.equal(alone.exit, 1, 'by the word of the lock alone it may be anything')
    t.match(alone.told.summary, { admitted: 2 })
  })

for (const lock of ['lock-other-registry/uv.lock', 'lock-other-registry/poetry.lock'])
  t.test(`${lock}: a package of another index is asked of nobody here`, { skip: casesSkip }, async t => {
    const here = await desk(t)
    list(here.world, 'demo', DEMO)
    const unnamed = async (run: () => Promise<Ended>): Promise<Ended> => {
      here.world.upstream.forgetRequests()
      const ended = await run()
      t.strictSame(
        here.world.upstream.requests.filter(({ url }) => url.includes('acme')),
        [],
        'the private name stays here',
      )
      t.ok(here.world.upstream.count('page', '/demo/') <= 1)
      return ended
    }
    const path = casePath(lock)
    const plan = join(here.world.folder, 'plan.json')
    const { exit, told } = (await unnamed(() => here.audit(path))) as Awaited<ReturnType<Desk['audit']>>
    t.equal(exit, 1, 'nobody answers for it')
    t.strictSame(names(told), Object.keys(DEMO))
    const other = { kind: 'other-index', index: 'https://pypi.internal.example/simple' }
    t.match(told.skipped, [{ ...other, name: 'acme-internal' }])
    t.match(told.summary, { admitted: 1, skipped: 1, unjudged: [{ ...other, entries: 1 }] })
    const text = await unnamed(() => here.run('audit', path))
    t.match(text.out, /acme-internal 3\.0: not judged(?:.|\n)*Not yours to admit here(?:.|\n)*index\.internal/)
    t.match(text.out, /1 {2}of https:\/\/pypi\.internal\.example\/simple, not yours to admit here/)
    t.equal((await unnamed(() => here.run('audit', path, '--allow-unjudged'))).exit, 0, 'unless it is allowed')
    t.match(await unnamed(() => here.run('audit', path, '--format', 'sarif')), {
      exit: 1,
      out: /"ruleId": "not-judged-other-index"/,
    })
    t.match(await unnamed(() => here.run('audit', path, '--format', 'junit')), {
      exit: 1,
      out: /tests="2" failures="1"(?:.|\n)*name="acme-internal 3\.0" line="\d+"><failure type="not-judged-other-index"/,
    })
    t.match(await unnamed(() => here.run('policy', 'init', path)), {
      exit: 1,
      out: /^# Not covered: acme-internal 3\.0: it comes from https:\/\/pypi\.internal/m,
      err: /1 entry not judged/,
    })
    t.equal((await unnamed(() => here.run('mirror', 'plan', path, '--out', plan))).exit, 1)

    here.configure({ index: { internal: ['acme-*'] } })
    const internal = (await unnamed(() => here.audit(path))) as Awaited<ReturnType<Desk['audit']>>
    t.equal(internal.exit, 0, 'a name that is internal changes nothing')
    t.match(internal.told.skipped, [{ kind: 'internal', name: 'acme-internal' }])
    t.equal((await unnamed(() => here.run('policy', 'init', path))).exit, 0)
    t.equal((await unnamed(() => here.run('mirror', 'plan', path, '--out', plan))).exit, 0)
    t.match(JSON.parse(readFileSync(plan, 'utf8')).files, [{ project: 'demo' }])
    here.world.writePolicy(strict('demo'))
    t.equal((await unnamed(() => here.audit(path))).exit, 1, 'and the exit code is that of the others')
    here.world.upstream.remove('demo')
    t.equal((await unnamed(() => here.audit(path))).exit, 1)
  })

t.test('pdm’s URLs are read as names', { skip: casesSkip }, async t => {
  const here = await desk(t)
  list(here.world, 'demo', DEMO)
  list(here.world, 'six', {
    'six-1.16.0-py3-none-any.whl': 'a32a9ca8ce246e67e5faf8f5ed288439df7275229aef04e7254452f345fe8274',
  })
  list(here.world, 'torch', {
    'torch-2.1.0+cu118-py3-none-any.whl': '2895e9d56da617734638fe6ce6d66b7a0f30302132d4bb66ba086b2ff023e48d',
  })
  const { exit, told } = await here.audit(casePath('lock-pdm-urls/pdm.lock'))
  t.equal(exit, 0)
  t.strictSame(names(told), ['six-1.16.0-py3-none-any.whl', 'torch-2.1.0+cu118-py3-none-any.whl'])
  const query = await here.audit(casePath('lock-pdm-urls/query.pdm.lock'))
  t.equal(query.exit, 0)
  t.strictSame(names(query.told), Object.keys(DEMO))
})

t.test('a range constrains and requires nothing', { skip: casesSkip }, async t => {
  const here = await desk(t)
  list(here.world, 'demo', DEMO)
  const { exit, told } = await here.audit(casePath('lock-range-constraints/requirements.txt'))
  t.equal(exit, 0)
  t.strictSame(names(told), Object.keys(DEMO))
  t.equal(here.world.upstream.count('page', 'urllib3'), 0)
})

t.test('a pylock without a version is read', { skip: casesSkip }, async t => {
  const here = await desk(t)
  list(here.world, 'demo', DEMO)
  const { exit, told } = await here.audit(casePath('lock-pylock-noversion/pylock.toml'))
  t.equal(exit, 0)
  t.match(told.files, [{ version: '1.0', outcome: 'admitted' }])
})

t.test('two versions of a package in an old poetry.lock have two files each', { skip: casesSkip }, async t => {
  const here = await desk(t)
  const path = 'lock-poetry1-two-versions/poetry.lock'
  const files = [...readCase(path).matchAll(/file = "([^"]+)", hash = "sha256:([0-9a-f]{64})"/g)]
  list(here.world, 'pygments', Object.fromEntries(files.map(([, name = '', sha256 = '']) => [name, sha256])))
  const { exit, told } = await here.audit(casePath(path))
  t.equal(exit, 0)
  t.match(told.summary, { packages: 2, files: 4 })
  t.match(
    told.files.map(({ filename }) => filename),
    files.map(([, name]) => name),
  )
  const written = await here.run('policy', 'init', casePath(path))
  t.equal(written.exit, 0, written.err)
  t.match(
    written.out,
    /versions: "==2\.3\.1"(?:.|\n)*Pygments-2\.3\.1-py2(?:.|\n)*versions: "==2\.4\.2"(?:.|\n)*Pygments-2\.4\.2/,
  )
})

t.test('a name in another case is the same name', { skip: casesSkip }, async t => {
  const here = await desk(t)
  list(here.world, 'pyyaml', {
    'pyyaml-6.0.2.tar.gz': 'd584d9ec91ad65861cc08d42e834324ef890a082e591037abe114850ff7bbc3e',
    'PyYAML-6.0.2-cp312-cp312-win_amd64.whl': 'e'.repeat(64),
  })
  const pdm = await here.audit(casePath('lock-pdm-name-case/pdm.lock'))
  t.equal(pdm.exit, 0)
  t.strictSame(names(pdm.told), ['pyyaml-6.0.2.tar.gz'], 'nothing but what is pinned')
  list(here.world, 'markupsafe', {
    'MarkupSafe-3.0.2-cp310-cp310-macosx_10_9_universal2.whl':
      '7e94c425039cde14257288fd61dcfb01963e658efbc0ff54f5306b06054700f8',
  })
  const pylock = await here.audit(casePath('lock-pylock-name-case/pylock.toml'))
  t.equal(pylock.exit, 0)
  t.strictSame(names(pylock.told), ['MarkupSafe-3.0.2-cp310-cp310-macosx_10_9_universal2.whl'])
})

t.test('what one upstream listed is not held against another', { skip: casesSkip }, async t => {
  const [first, second] = [await desk(t), await desk(t)]
  const path = 'two-upstreams/requirements.txt'
  const [wheel = '', sdist = ''] = [...readCase(path).matchAll(/sha256:([0-9a-f]{64})/g)].map(([, hash = '']) => hash)
  list(first.world, 'six', { 'six-1.17.0-py2.py3-none-any.whl': wheel })
  list(second.world, 'six', { 'six-1.17.0-py2.py3-none-any.whl': wheel, 'six-1.17.0.tar.gz': sdist })
  const environment = { XDG_CACHE_HOME: t.testdir() }
  const audit = ({ world }: Desk): Promise<Ended> =>
    runCommand(['audit', casePath(path)], { folder: world.folder, environment })
  t.match(await audit(first), { exit: 1, out: /not-listed/ })
  t.match(await audit(second), { exit: 0, out: /admitted {4}2/ })
  t.ok(existsSync(join(environment.XDG_CACHE_HOME, 'portcullis')), 'both remember in one place')
})
