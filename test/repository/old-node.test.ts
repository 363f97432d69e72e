import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
const PATH = '/usr/local/bin:/usr/bin:/bin'

/** The machine's own Node, where it is one that cannot run the gate. */
const OLD = (() => {
  const found = spawnSync('node', ['--version'], { env: { PATH }, encoding: 'utf8' })
  const major = Number(/^v(\d+)\./.exec(found.stdout ?? '')?.[1])
  return { skip: major >= 24 ? 'its Node is new' : Number.isNaN(major) ? 'it has no Node' : false }
})()

/** A checkout with tests of its own, so that nothing here is disturbed. */
function checkoutWith(t: Test, ...tests: readonly string[]): string {
  const folder = t.testdir({ test: { cli: Object.fromEntries(tests.map(name => [name, PASSING])) } })
  for (const name of ['bin', 'package.json', '.taprc', 'test/old-node.cjs'])
    cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true })
  mkdirSync(join(folder, 'src')) // as in a checkout
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

const PASSING = "import t from 'tap'\nt.pass('it ran')\n"

t.test('tap under an older Node says once what to do instead, and runs nothing', OLD, async t => {
  const cwd = checkoutWith(t, 'a.test.ts', 'b.test.ts')
  const words = ['node_modules/.bin/tap', 'test/cli/a.test.ts', 'test/cli/b.test.ts']
  const ended = spawnSync('node', words, { cwd, env: { PATH }, encoding: 'utf8', timeout: 60_000 })
  t.equal(ended.signal, 'SIGKILL', 'it ends at once')
  t.equal(ended.stderr.match(/portcullis needs Node/g)?.length, 1, 'once')
  t.match(ended.stderr, /`npm test` use it; for one test, node_modules\/\.bin\/node test\//)
  t.notMatch(ended.stdout, /ok/, 'no test begins')
  t.notMatch(ended.stderr, /Error|at .*:\d+/, 'a sentence, no stack')
})

t.test('tap under the checkout’s own Node runs', async t => {
  const cwd = checkoutWith(t, 'a.test.ts')
  const ended = spawnSync(process.execPath, ['node_modules/.bin/tap', 'test/cli/a.test.ts'], {
    cwd,
    env: { PATH },
    encoding: 'utf8',
    timeout: 60_000,
  })
  t.match(ended, { status: 0, stdout: /ok 1 - it ran/, stderr: '' })
})

t.test('nothing writes where tap empties what earlier runs left', async t => {
  const cwd = checkoutWith(t)
  const records = join(cwd, '.tap/processinfo')
  mkdirSync(records, { recursive: true })
  const processinfo = join(CHECKOUT, 'node_modules/@tapjs/processinfo/dist/esm/import.mjs')
  const words = [`--import=${processinfo}`, '--require=./test/old-node.cjs', 'test/old-node.cjs']
  t.equal(spawnSync(process.execPath, words, { cwd, env: { PATH }, timeout: 60_000 }).status, 0)
  t.strictSame(readdirSync(records), [])
})

t.test('a test that fails ends nobody but itself', async t => {
  const cwd = checkoutWith(t)
  writeFileSync(join(cwd, 'test/cli/a.test.ts'), 'process.exitCode = 1\n')
  const words = [
    '-c',
    '"$0" "$@"; echo "then $?"',
    process.execPath,
    '--require=./test/old-node.cjs',
    'test/cli/a.test.ts',
  ]
  t.match(spawnSync('/bin/sh', words, { cwd, env: { PATH }, encoding: 'utf8', timeout: 60_000 }), {
    signal: null,
    stdout: 'then 1\n',
  })
})

t.test('a test that is given to an older Node ends at once', OLD, async t => {
  const cwd = checkoutWith(t, 'a.test.ts')
  const ended = spawnSync('node', ['test/cli/a.test.ts'], { cwd, env: { PATH }, encoding: 'utf8', timeout: 60_000 })
  t.equal(ended.signal, null)
  t.not(ended.status, 0)
})
