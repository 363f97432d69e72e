import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { uvLock } from '../world/commands/locks.ts'
import { createWorld, type Published, type World } from '../world/world.ts'
import { type Action, type RunOptions, runAction } from './runner.ts'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')
const ACTION: Action = parse(readFileSync(join(CHECKOUT, 'action.yml'), 'utf8'))

interface Project {
  readonly world: World
  readonly folder: string
  git(...words: readonly string[]): string
  write(name: string, text: string): void
  /** all that is there, and the name of the commit */
  commit(): string
  run(options?: Partial<RunOptions>): ReturnType<typeof runAction>
  /** as a pull request against a commit */
  pullRequest(base: string, inputs?: RunOptions['inputs'], more?: Partial<RunOptions>): ReturnType<typeof runAction>
}

/** A repository with a configuration in front of a signed world. */
async function project(t: Test): Promise<Project> {
  const world = await createWorld(t)
  const folder = join(world.folder, 'repository')
  mkdirSync(folder)
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@acme.example', ...words], {
      cwd: folder,
      encoding: 'utf8',
    }).trim()
  git('init', '--quiet', '--initial-branch=main')
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  write('portcullis.yaml', stringify(world.configuration()))
  const run: Project['run'] = (options = {}) =>
    runAction(t, {
      action: CHECKOUT,
      workspace: folder,
      event: { name: 'push', payload: {} },
      environment: { XDG_CACHE_HOME: join(world.folder, 'cache') },
      ...options,
    })
  return {
    world,
    folder,
    git,
    write,
    commit() {
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '--message=c')
      return git('rev-parse', 'HEAD')
    },
    run,
    pullRequest: (sha, inputs = {}, more = {}) =>
      run({ event: { name: 'pull_request', payload: { pull_request: { base: { sha } } } }, inputs, ...more }),
  }
}

const hashed = (files: readonly Published[]) =>
  files.map(({ project: name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`).join('')

const sarifIn = (folder: string, name = 'portcullis.sarif') =>
  JSON.parse(readFileSync(join(folder, name), 'utf8')).runs[0].results

t.test('no expression stands in a script, and every input and output is used', async t => {
  t.equal(ACTION.runs.using, 'composite')
  const environment = ACTION.runs.steps.map(({ env = {} }) => Object.values(env).join('\n')).join('\n')
  for (const { run = '', shell, uses } of ACTION.runs.steps) {
    t.notMatch(run, /\$\{\{/, run)
    t.equal(shell, 'bash')
    t.equal(uses, undefined, 'it needs no other action')
  }
  for (const name of Object.keys(ACTION.inputs)) t.match(environment, `inputs.${name} `, name)
  t.match(Object.keys(ACTION.outputs).sort(), ['exit-code', 'findings', 'locks', 'sarif-file'])
})

t.test(
  'a pull request that loses an attestation fails, at the line, and only what it changes is looked at',
  async t => {
    const { world, folder, write, commit, pullRequest } = await project(t)
    const { files: old } = await world.release('demo', '1.0', { kinds: ['wheel'] })
    const { files: now } = await world.release('demo', '2.0', { kinds: ['wheel'], attested: false })
    const { files: other } = await world.release('other', '1.0', { kinds: ['wheel'], attested: false })
    write('app/uv.lock', uvLock(old))
    write('other/requirements.txt', hashed(other))
    const base = commit()
    write('app/uv.lock', uvLock(now))
    commit()
    const ran = await pullRequest(base)
    t.equal(ran.exit, 1, ran.log)
    t.match(ran.commands, [
      {
        name: 'error',
        properties: { file: 'app/uv.lock', line: /^\d+$/, title: 'report/lost' },
        data: 'demo 1.0 → 2.0: Attestation lost. demo-2.0-py3-none-any.whl has no attestation; 1.0 was attested',
      },
    ])
    const line = Number(ran.commands[0]?.properties['line'])
    t.match(
      uvLock(now)
        .split('\n')
        .slice(line - 1, line + 2)
        .join('\n'),
      'name = "demo"',
      'where the lock has it',
    )
    t.strictSame(ran.outputs, {
      'exit-code': '1',
      findings: '1',
      'sarif-file': 'portcullis.sarif',
      locks: 'app/uv.lock',
    })
    t.match(sarifIn(folder), [
      {
        ruleId: 'report/lost',
        locations: [{ physicalLocation: { artifactLocation: { uri: 'app/uv.lock' }, region: { startLine: line } } }],
      },
    ])
    t.match(ran.summary, /^### 1 package: 0 attested.*\n\n\*\*1 bumped, 0 new, 0 removed; 1 lost its attestation/)
    t.notMatch(ran.log, 'other/requirements', 'what did not change is not looked at')
    t.match(await pullRequest(base, { 'fail-on': '', 'sarif-file': 'out.sarif' }), {
      exit: 0,
      outputs: { findings: '1' },
    })
    t.equal(sarifIn(folder, 'out.sarif').length, 1)
  },
)

t.test('where no lock changed there is nothing to look at; without a pull request all of them are', async t => {
  const { world, folder, write, commit, run, pullRequest } = await project(t)
  const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  write('uv.lock', uvLock(files))
  write('deep/er/requirements-dev.txt', hashed(files))
  write('notes.txt', 'no lock\n')
  const base = commit()
  write('README.md', 'x')
  commit()
  const ran = await pullRequest(base)
  t.match(ran, { exit: 0, commands: [{ name: 'notice', data: 'No lock to look at.' }] })
  t.strictSame(ran.outputs, { 'exit-code': '0', findings: '0', 'sarif-file': '', locks: '' })
  t.notOk(existsSync(join(folder, 'portcullis.sarif')))
  const all = await run()
  t.match(all, { exit: 0, outputs: { locks: 'deep/er/requirements-dev.txt\nuv.lock' } }, all.log)
  t.match(await run({ inputs: { locks: '**/requirements*.txt\n' } }), {
    outputs: { locks: 'deep/er/requirements-dev.txt' },
  })
  t.match(await run({ inputs: { locks: 'gone.lock' } }), {
    exit: 2,
    commands: [{ name: 'error', data: /no file that is there/ }],
  })
})

t.test('audit fails where the policy refuses, and passes where it admits', async t => {
  const { world, folder, write, commit, run } = await project(t)
  const { files: good } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const { files: bare } = await world.release('bare', '1.0', { kinds: ['wheel'], attested: false })
  world.writePolicy()
  write('uv.lock', uvLock(good))
  commit()
  t.match(await run({ inputs: { mode: 'audit' } }), { exit: 0, commands: [], outputs: { findings: '0' } })
  write('uv.lock', uvLock([...good, ...bare]))
  const ran = await run({ inputs: { mode: 'audit', policy: `${world.policy}\n` } })
  t.equal(ran.exit, 1)
  t.match(ran.commands, [{ name: 'error', properties: { file: 'uv.lock', title: 'unattested' } }])
  t.match(sarifIn(folder), [{ ruleId: 'unattested', level: 'error' }])
  t.match(ran.summary, /^~~~~~~~~~~~~text\nbare 1\.0 {2}uv\.lock:\d+\n[\s\S]*\n~~~~~~~~~~~~\n$/)
})

t.test('a change of the policy is told, and all locks are judged by it', async t => {
  const { world, write, commit, pullRequest } = await project(t)
  const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  write('uv.lock', uvLock(files))
  write('policy.yaml', world.policyText())
  const base = commit()
  write('policy.yaml', world.policyText().replaceAll('demo', 'another'))
  commit()
  const ran = await pullRequest(base, { mode: 'audit', policy: 'policy.yaml' })
  t.equal(ran.exit, 1)
  t.match(ran.commands, [
    { name: 'warning', data: /also changes what it is judged by/ },
    { name: 'error', properties: { title: 'no-rule' } },
  ])
})

const EVIL =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of somebody else's
  'x\r\n::error file=a::gotcha\n::add-mask::a\n##[error]b %0A::warning::c ::stop-commands::d `e` <script> ${{ github.token }} $(touch gotcha)'

t.test('nothing that somebody else wrote is a command, of the runner or of a shell', async t => {
  const { world, folder, write, commit, pullRequest } = await project(t)
  const { files: old } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const listed = { listed: { yanked: EVIL } }
  const { files: now } = await world.release('demo', '2.0', { kinds: ['wheel'], attested: false, ...listed })
  world.writePolicy()
  const base = commit()
  const folders = ['a\n::error::gotcha/', '--config=gotcha/', '$(touch gotcha) `touch gotcha`; #,:%0A/']
  for (const name of folders) write(`${name}uv.lock`, uvLock(now))
  write(':(exclude)*/uv.lock', uvLock(old))
  commit()
  for (const mode of ['report', 'audit']) {
    const ran = await pullRequest(base, { mode, 'fail-on': 'lost' })
    t.equal(ran.exit, 1, ran.log)
    for (const { name, properties } of ran.commands) {
      t.match(name, /^(?:error|warning|notice)$/)
      t.match(properties['title'], /^(?:report\/(?:lost|yanked|young)|unattested|yanked)$/)
      t.match(Object.keys(properties), ['file', 'line', 'title'])
    }
    t.equal(ran.outputs['locks']?.split('uv.lock').length, 5, 'four locks')
    t.notOk(ran.commands.some(({ name }) => name === 'of the old form'))
    t.notMatch(ran.summary, /\n::/)
  }
  t.notOk(existsSync(join(folder, 'gotcha')))
})

t.test('what cannot be told is never fine', async t => {
  const { world, folder, git, write, commit, run, pullRequest } = await project(t)
  const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  write('uv.lock', uvLock(files))
  commit()
  for (const [base, said] of [
    ['', /names no base commit/],
    ['--output=gotcha', /names no base commit/],
    ['0'.repeat(40), /cannot be fetched: check out with fetch-depth 0/],
  ] as const)
    t.match(await pullRequest(base), { exit: 2, commands: [{ name: 'error', data: said }] }, base)
  t.match(await run({ inputs: { mode: 'serve' } }), { exit: 2 })
  t.match(await run({ inputs: { 'sarif-file': 'a\nb' } }), { exit: 2 })
  t.match(await run({ inputs: { arguments: '--gone' } }), {
    exit: 2,
    commands: [{ name: 'error', data: /exit code 2/ }],
  })
  const stale = await run({ inputs: { arguments: '--gone' } })
  t.equal(stale.outputs['sarif-file'], '', 'the SARIF of another run is none of this one')
  world.upstream.fault({ route: 'page', match: 'demo', do: { status: 500 } })
  t.match(await run({ environment: { XDG_CACHE_HOME: join(world.folder, 'cold') } }), {
    exit: 4,
    outputs: { 'exit-code': '4' },
  })
  git('config', 'core.repositoryformatversion', '99')
  t.match(await run(), { exit: 2, commands: [{ name: 'error', data: /no git repository/ }] })
  t.notOk(existsSync(join(folder, 'gotcha')))
})

t.test('a requirements file that lost its hashes is still a lock', async t => {
  const { world, write, commit, pullRequest } = await project(t)
  const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  write('requirements.txt', `${hashed(files)}${'# a long file\n'.repeat(20_000)}`)
  const base = commit()
  write('requirements.txt', 'demo\n')
  commit()
  const ran = await pullRequest(base)
  t.match(ran, { exit: 2, log: /demo is not locked: pin it with ==/ })
})

t.test('the base of a shallow checkout is fetched', async t => {
  const { world, git, write, commit, pullRequest } = await project(t)
  const { files: old } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const { files: now } = await world.release('demo', '2.0', { kinds: ['wheel'], attested: false })
  write('uv.lock', uvLock(old))
  const base = commit()
  write('uv.lock', uvLock(now))
  commit()
  git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  const shallow = join(world.folder, 'shallow')
  git('clone', '--quiet', '--depth=1', `file://${join(world.folder, 'repository')}`, shallow)
  const ran = await pullRequest(base, {}, { workspace: shallow })
  t.match(ran, { exit: 1, commands: [{ name: 'error', properties: { title: 'report/lost' } }] }, ran.log)
})

t.test('a version is installed by uv, or else by npm, where nothing of the checkout is looked at', async t => {
  const { world, folder, write, commit, run } = await project(t)
  const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  write('uv.lock', uvLock(files))
  for (const name of ['portcullis', '.bin/portcullis']) {
    write(`node_modules/${name}`, '#!/bin/sh\ntouch gotcha\n')
    chmodSync(join(folder, 'node_modules', name), 0o755)
  }
  commit()
  // what they fetch is the command of this checkout, and they tell where they were
  const tools = join(world.folder, 'tools')
  mkdirSync(tools)
  const record = (name: string, place: string) => {
    const script = `#!/bin/sh
echo "${name}: $* in $PWD with $(ls -A)" >>'${tools}/asked'
mkdir -p "${place}" && ln -s '${CHECKOUT}/bin/portcullis' "${place}/portcullis"
`
    writeFileSync(join(tools, name), script)
    chmodSync(join(tools, name), 0o755)
  }
  const environment = { XDG_CACHE_HOME: join(world.folder, 'cache'), PATH: `${tools}:/usr/bin:/bin` }
  const asked = async () => {
    const ran = await run({ inputs: { version: '0.1.0' }, environment })
    t.match(ran, { exit: 0, outputs: { locks: 'uv.lock' } }, ran.log)
    return readFileSync(join(tools, 'asked'), 'utf8')
  }
  record('npm', '$3/node_modules/.bin')
  t.match(
    await asked(),
    /^npm: install --prefix (\S+\/runner\/\S+) --no-audit --no-fund portcullis@0\.1\.0 in \1 with \n$/,
  )
  record('uv', '$UV_TOOL_BIN_DIR')
  t.match(await asked(), /\nuv: tool install portcullis-gate==0\.1\.0 in \S+\/runner\/\S+ with \n$/)
  t.notOk(existsSync(join(folder, 'gotcha')))
  for (const version of ['latest', '1 || x', '0.1.0; x', '-v', 'file:x'])
    t.match(await run({ inputs: { version }, environment }), { exit: 2, commands: [{ data: /no version/ }] }, version)
})

const OTHER_JUDGE = { name: 'warning', data: /also changes what it is judged by/ }

t.test('whatever portcullis.yaml draws in is part of what judges, pins and files that are gone too', async t => {
  const { world, folder, git, write, commit, pullRequest } = await project(t)
  const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const exempted = `version: 1
exemptions:
  - { id: EX-1, pins: ../pins/app.pins, waive: [attestation], reason: none signs, owner: a@acme.example, expires: 2100-01-01T00:00:00Z }
`
  write('portcullis.yaml', stringify({ ...world.configuration(), policy: ['./rules', './linked.yaml'] }))
  write('rules/main.yaml', world.policyText())
  write('rules/exempted.yaml', exempted)
  write('rules/empty.yaml', 'version: 1\n')
  write('pins/app.pins', `demo==9.0 --hash=sha256:${'a'.repeat(64)}\n`)
  write('elsewhere/a.yaml', 'version: 1\n')
  write('elsewhere/b.yaml', 'version: 1\n')
  symlinkSync('elsewhere/a.yaml', join(folder, 'linked.yaml'))
  write('uv.lock', uvLock(files))
  const base = commit()
  const changes: Readonly<Record<string, () => void>> = {
    'a file of a folder': () => write('rules/main.yaml', `${world.policyText()}# another\n`),
    'a file more in a folder': () => write('rules/more.yaml', 'version: 1\n'),
    'a file less in a folder': () => rmSync(join(folder, 'rules/empty.yaml')),
    'a pins file': () => write('pins/app.pins', `demo==9.0 --hash=sha256:${'b'.repeat(64)}\n`),
    'what a link leads to': () => write('elsewhere/a.yaml', 'version: 1\n# another\n'),
    'where a link leads': () => {
      rmSync(join(folder, 'linked.yaml'))
      symlinkSync('elsewhere/b.yaml', join(folder, 'linked.yaml'))
    },
  }
  for (const [what, change] of Object.entries(changes)) {
    change()
    commit()
    const ran = await pullRequest(base, { mode: 'audit' })
    t.match(ran, { exit: 0, commands: [OTHER_JUDGE], outputs: { locks: 'uv.lock' } }, `${what}\n${ran.log}`)
    git('reset', '--quiet', '--hard', base)
  }
  write('elsewhere/b.yaml', 'version: 1\n# read by nobody\n')
  commit()
  t.match(await pullRequest(base, { mode: 'audit' }), { exit: 0, commands: [{ name: 'notice' }] })
})

t.test('what is written lands in the workspace, whatever links a pull request commits', async t => {
  const { world, folder, write, commit, run } = await project(t)
  const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const victim = join(world.folder, 'victim')
  mkdirSync(join(victim, 'folder'), { recursive: true })
  writeFileSync(join(victim, 'file'), 'as it was')
  write('uv.lock', uvLock(files))
  for (const [link, to] of Object.entries({ file: 'file', place: 'folder', way: '.' }))
    symlinkSync(join(victim, to), join(folder, link))
  commit()
  for (const name of ['file', 'place']) {
    const ran = await run({ inputs: { 'sarif-file': name } })
    t.match(ran, { exit: 0, outputs: { 'sarif-file': name } }, ran.log)
    t.ok(lstatSync(join(folder, name)).isFile(), 'a link is replaced')
  }
  for (const [name, said] of [
    ['way/new', /sarif-file: a link is in the way/],
    ['way/folder/new', /sarif-file: a link is in the way/],
    ['../victim/new', /sarif-file: it leads out of the workspace/],
    ['gone/new', /sarif-file: its folder is not there/],
  ] as const)
    t.match(await run({ inputs: { 'sarif-file': name } }), { exit: 2, commands: [{ data: said }] }, name)
  for (const given of ['--also=json=way/new', '--also\njson=way/new'])
    t.match(await run({ inputs: { arguments: given } }), { exit: 2, commands: [{ data: /^arguments: a link/ }] }, given)
  t.equal(readFileSync(join(victim, 'file'), 'utf8'), 'as it was')
  t.strictSame(readdirSync(victim), ['file', 'folder'])
  t.strictSame(readdirSync(join(victim, 'folder')), [])
})

t.test(
  'a lock that is a link is not read, and is not fine; one to another file of the repository is that file',
  async t => {
    const { world, folder, write, commit, run, pullRequest } = await project(t)
    const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
    const link = (name: string, to: string) => {
      rmSync(join(folder, name), { force: true })
      symlinkSync(to, join(folder, name))
    }
    writeFileSync(join(world.folder, 'secret'), 'gotcha==1 --hash=sha256:gotcha\n')
    write('deep/uv.lock', uvLock(files))
    write('dev.txt', hashed(files))
    const base = commit()
    link('uv.lock', 'deep/uv.lock')
    commit()
    t.match(await pullRequest(base), { exit: 0, commands: [], outputs: { locks: 'deep/uv.lock' } })
    for (const name of ['pylock.toml', 'requirements.txt', 'dev.txt', 'notes.txt']) link(name, '../secret')
    link('poetry.lock', '.git/config')
    link('pdm.lock', 'gone/gone/gone')
    link('Pipfile.lock', 'deep')
    commit()
    const told = (name: string, file: string) => ({ name, properties: { file }, data: /^A link that leads to no file/ })
    const ran = await pullRequest(base)
    t.match(ran, {
      exit: 2,
      commands: [
        told('error', 'Pipfile.lock'),
        told('error', 'dev.txt'),
        told('warning', 'notes.txt'),
        told('error', 'pdm.lock'),
        told('error', 'poetry.lock'),
        told('error', 'pylock.toml'),
        told('error', 'requirements.txt'),
      ],
      outputs: { 'exit-code': '2', locks: 'deep/uv.lock' },
    })
    t.match(await run({ inputs: { locks: 'pylock.toml' } }), { exit: 2, commands: [told('error', 'pylock.toml')] })
    link('way', '..')
    t.match(await run({ inputs: { locks: 'way/secret' } }), { exit: 2, commands: [told('error', 'way/secret')] })
    t.notMatch(ran.log + ran.summary + readFileSync(join(folder, 'portcullis.sarif'), 'utf8'), 'gotcha')
  },
)
