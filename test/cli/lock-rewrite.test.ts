// guards: src/cli/lock/lock.ts src/cli/lock/rewrite.ts src/cli/locks/lock-files.ts src/cli/locks/own-locks.ts
// guards: src/cli/report/unjudged.ts
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { type Ended, runCommand } from '../world/commands/commands.ts'
import { uvLock } from '../world/commands/locks.ts'
import { createWorld, type Published, type World } from '../world/world.ts'

const GATE = 'https://pypi.acme.example'

interface Desk {
  readonly world: World
  readonly files: readonly Published[]
  run(...argv: readonly string[]): Promise<Ended>
  write(name: string, text: string): string
  configure(changes: object): void
}

async function desk(t: Test): Promise<Desk> {
  const world = await createWorld(t)
  const { files } = await world.release('demo', '1.0')
  world.writePolicy()
  const configure = (changes: object): void =>
    writeFileSync(join(world.folder, 'portcullis.yaml'), stringify({ ...world.configuration(), ...changes }))
  configure({})
  return {
    world,
    files,
    configure,
    run: (...argv) => runCommand(argv, { folder: world.folder }),
    write(name, text) {
      const path = join(world.folder, name)
      writeFileSync(path, text)
      return path
    },
  }
}

t.test('a lock is moved where it lies, with its permissions', async t => {
  const { run, write, files } = await desk(t)
  const text = uvLock(files)
  const path = write('uv.lock', text)
  chmodSync(path, 0o600)
  const ended = await run('lock', 'rewrite', path, '--to', `${GATE}/simple/`)
  t.match(ended, { exit: 0, out: /^2 URLs and 1 index line moved to https:\/\/pypi\.acme\.example in \S*uv\.lock\n$/ })
  const moved = text.replaceAll('https://files.example', GATE).replaceAll('https://index.example', GATE)
  t.equal(readFileSync(path, 'utf8'), moved)
  t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('or beside it', async t => {
  const { run, write, files, world } = await desk(t)
  const text = uvLock(files)
  const path = write('uv.lock', text)
  const out = join(world.folder, 'gated.lock')
  t.equal((await run('lock', 'rewrite', path, '--to', GATE, '--out', out)).exit, 0)
  t.equal(readFileSync(path, 'utf8'), text)
  t.match(readFileSync(out, 'utf8'), `registry = "${GATE}/simple"`)
})

t.test('what stays is told, and what the client wants besides', async t => {
  const { run, write } = await desk(t)
  const poetry = write('poetry.lock', '[[package]]\nname = "demo"\nversion = "1.0"\nfiles = []\n')
  t.match(await run('lock', 'rewrite', poetry, '--to', GATE), {
    exit: 0,
    out: /^0 URLs and 0 index lines moved(?:.|\n)*poetry source add/,
  })
  const requirements = write('requirements.txt', '--index-url https://other.example/simple\ndemo==1.0\n-e ./here\n')
  t.match(await run('lock', 'rewrite', requirements, '--to', GATE), {
    exit: 0,
    out: /! demo 1\.0 stays: .*another index(?:.|\n)*give pip --index-url/,
  })
  t.match(await run('lock', 'rewrite', requirements, '--to', GATE, '--same-index', 'https://other.example'), {
    exit: 0,
    out: /^0 URLs and 1 index line moved/,
  })
  t.match(readFileSync(requirements, 'utf8'), `--index-url ${GATE}/simple\ndemo==1.0\n`)
})

t.test('what is no gate, or no lock, changes nothing', async t => {
  const { run, write, world } = await desk(t)
  const path = write('uv.lock', 'version = 1\n')
  for (const to of ['pypi.acme.example', 'ftp://pypi.acme.example', 'https://u:p@pypi.acme.example', `${GATE}/?x=1`])
    t.match(await run('lock', 'rewrite', path, '--to', to), { exit: 2, err: /Not the address of a gate/ }, to)
  t.match(await run('lock', 'rewrite', path), { exit: 2, err: /--to/ })
  const gone = join(world.folder, 'gone.lock')
  t.match(await run('lock', 'rewrite', gone, '--to', GATE), { exit: 2, err: /cannot be read \(ENOENT\)/ })
  t.notOk(existsSync(gone))
  t.match(await run('lock', 'rewrite', write('x', 'nothing'), '--to', GATE), { exit: 2, err: /not a lock file/ })
})

t.test('an index is this one where it is named so, or where nobody else gives out such files', async t => {
  const { run, write, files, configure } = await desk(t)
  const named = (index: string, file = 'https://files.example/') =>
    write(
      'uv.lock',
      uvLock(files)
        .replaceAll('https://index.example/simple', index)
        .replaceAll('https://files.example/packages/', file),
    )
  const exit = async (path: string, ...flags: readonly string[]): Promise<number> =>
    (await run('audit', path, '--format', 'json', ...flags)).exit
  const other = 'https://other.example/simple'
  t.equal(await exit(named(other, 'https://files.example/packages/')), 0, 'files have the paths of PyPI')
  t.equal(await exit(named(other, 'https://files.example/x/')), 1, 'they have others')
  t.equal(await exit(named(other, 'https://files.example/x/'), '--same-index', other), 0)
  t.equal(await exit(named(other, 'https://files.example/x/'), '--same-index', 'https://other.example/'), 0)
  t.equal(await exit(named('http://127.0.0.1:4711/simple/', 'https://files.example/x/')), 0, 'a gate on this machine')
  t.equal(await exit(named('http://127.0.0.1:4711/root/pypi/+simple/', 'https://files.example/x/')), 1)
  configure({ public_url: 'https://other.example/' })
  t.equal(await exit(named(other, 'https://files.example/x/')), 0, 'the gate itself')
})

t.test('what is not judged fails an audit, unless that is allowed', async t => {
  const { run, write, world, files } = await desk(t)
  const pins = files.map(({ sha256 }) => `--hash=sha256:${sha256}`).join(' ')
  const lines = [
    '-e ./here',
    'https://files.example/demo-1.0.tar.gz',
    'demo @ git+https://git.example/demo',
    './demo-1.0.tar.gz',
    '--extra-index-url https://extra.example/simple',
    '--find-links ./wheels',
  ]
  for (const line of lines) {
    const path = write('requirements.txt', `demo==1.0 ${pins}\n${line}\n`)
    const text = await run('audit', path)
    t.match(text, { exit: 1, out: /admitted {4}2\n {2}not judged {2}1\n/ }, line)
    t.match(text.out, `not judged  ${path}:2`)
    t.match(await run('audit', path, '--allow-unjudged'), { exit: 0, out: /not judged {2}1\n/ }, `allowed: ${line}`)
    t.equal((await run('policy', 'init', path)).exit, 1)
    t.equal((await run('policy', 'init', path, '--allow-unjudged')).exit, 0)
    const plan = join(world.folder, 'plan.json')
    t.equal((await run('mirror', 'plan', path, '--out', plan)).exit, 1)
    t.equal((await run('mirror', 'plan', path, '--out', plan, '--allow-unjudged')).exit, 0)
  }
  const own = write('requirements.txt', `--index-url ${world.upstream.origin}/simple\ndemo==1.0 ${pins}\n`)
  t.equal((await run('audit', own)).exit, 0, 'a line that names this index says nothing new')
})
