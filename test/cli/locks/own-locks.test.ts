// guards: src/cli/locks/lock-files.ts src/cli/locks/survey-locks.ts
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { desk, release } from '../../world/commands/desk.ts'
import { uvLock } from '../../world/commands/locks.ts'

/** In front of a world that has a release of demo, with a configuration that can be changed. */
async function deskWithDemo(t: Test) {
  const here = await desk(t)
  const { files } = await release(here, 'demo', '1.0')
  const configure = (changes: object): string =>
    here.write('portcullis.yaml', stringify({ ...here.world.configuration(), ...changes }))
  return { ...here, files, configure }
}

t.test('an index is this one where it is named so, or where nobody else gives out such files', async t => {
  const { run, write, files, configure } = await deskWithDemo(t)
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
  const { run, write, world, files } = await deskWithDemo(t)
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
