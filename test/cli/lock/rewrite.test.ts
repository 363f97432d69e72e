// guards: src/cli/lock/lock.ts
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Desk, desk, release } from '../../world/commands/desk.ts'
import { uvLock } from '../../world/commands/locks.ts'
import type { Published } from '../../world/world.ts'

const GATE = 'https://pypi.acme.example'

/** In front of a world that has a release of demo. */
async function deskWithDemo(t: Test): Promise<Desk & { readonly files: readonly Published[] }> {
  const here = await desk(t)
  const { files } = await release(here, 'demo', '1.0')
  return { ...here, files }
}

t.test('a lock is moved where it lies, with its permissions', async t => {
  const { run, write, files } = await deskWithDemo(t)
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
  const { run, write, files, world } = await deskWithDemo(t)
  const text = uvLock(files)
  const path = write('uv.lock', text)
  const out = join(world.folder, 'gated.lock')
  t.equal((await run('lock', 'rewrite', path, '--to', GATE, '--out', out)).exit, 0)
  t.equal(readFileSync(path, 'utf8'), text)
  t.match(readFileSync(out, 'utf8'), `registry = "${GATE}/simple"`)
})

t.test('what stays is told, and what the client wants besides', async t => {
  const { run, write } = await deskWithDemo(t)
  const poetry = write('poetry.lock', '[[package]]\nname = "demo"\nversion = "1.0"\nfiles = []\n')
  t.match(await run('lock', 'rewrite', poetry, '--to', GATE), {
    exit: 0,
    out: /^0 URLs and 0 index lines moved(?:.|\n)*poetry source add/,
  })
  const requirements = write('requirements.txt', '--index-url https://other.example/simple\ndemo==1.0\n-e ./here\n')
  t.match(await run('lock', 'rewrite', requirements, '--to', GATE), {
    exit: 0,
    out: /! demo 1\.0 stays: .*another index(?:.|\n)*Nothing in it names this index/,
  })
  t.match(await run('lock', 'rewrite', requirements, '--to', GATE, '--same-index', 'https://other.example'), {
    exit: 0,
    out: /^0 URLs and 1 index line moved/,
  })
  t.match(readFileSync(requirements, 'utf8'), `--index-url ${GATE}/simple\ndemo==1.0\n`)
})

t.test('a lock that names no index is told what to do', async t => {
  const { run, write } = await deskWithDemo(t)
  t.match(await run('lock', 'rewrite', write('requirements.txt', 'demo==1.0\n'), '--to', GATE), {
    exit: 0,
    out: /It names no index: give pip --index-url/,
  })
  const moved = write('requirements.txt', `--index-url ${GATE}/simple\ndemo==1.0\n`)
  t.match(await run('lock', 'rewrite', moved, '--to', GATE), { exit: 0, out: /Nothing in it names this index under/ })
})

t.test('what still leads past the gate is named, and ends it with 1', async t => {
  const { run, write, read } = await deskWithDemo(t)
  write('more.txt', '--index-url https://pypi.org/simple\n')
  const requirements = write('requirements.txt', '-r more.txt\n--extra-index-url https://pypi.org/simple/\ndemo==1.0\n')
  t.match(await run('lock', 'rewrite', requirements, '--to', GATE), {
    exit: 1,
    out: /^0 URLs and 1 index line moved(?:.|\n)*! https:\/\/pypi\.org\/simple stays: .*included file(?:.|\n)*1 left/,
  })
  t.equal(read('requirements.txt'), `-r more.txt\n--extra-index-url ${GATE}/simple/\ndemo==1.0\n`)
  const unheld = 'https://files.example/demo-1.0.tar.gz'
  const lock = write(
    'uv.lock',
    `version = 1\n[[package]]\nname = "demo"\nversion = "1.0"\nsource = { registry = 'https://pypi.org/simple' }\nsdist = { url = '${unheld}' }\n`,
  )
  t.match(await run('lock', 'rewrite', lock, '--to', GATE), {
    exit: 1,
    out: /^0 URLs and 1 index line moved(?:.|\n)*! https:\/\/files\.example\/demo-1\.0\.tar\.gz stays: the lock has no sha256/,
  })
})

t.test('what is no gate, or no lock, changes nothing', async t => {
  const { run, write, world } = await deskWithDemo(t)
  const path = write('uv.lock', 'version = 1\n')
  for (const to of ['pypi.acme.example', 'ftp://pypi.acme.example', 'https://u:p@pypi.acme.example', `${GATE}/?x=1`])
    t.match(await run('lock', 'rewrite', path, '--to', to), { exit: 2, err: /Not the address of a gate/ }, to)
  t.match(await run('lock', 'rewrite', path), { exit: 2, err: /--to/ })
  const gone = join(world.folder, 'gone.lock')
  t.match(await run('lock', 'rewrite', gone, '--to', GATE), { exit: 2, err: /does not exist/ })
  t.notOk(existsSync(gone))
  t.match(await run('lock', 'rewrite', write('x', 'nothing'), '--to', GATE), { exit: 2, err: /not a lock file/ })
})
