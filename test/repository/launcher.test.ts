import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const checkout = fileURLToPath(new URL('../../', import.meta.url))
t.setTimeout(900_000) // a machine that is busy starts a process in a second

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin'

/** Waits for a signal where the first argument asks for it, and says who runs and with what once a signal may come. */
const MAIN = `
const words: readonly string[] = process.argv.slice(2)
if (words[0] === 'serve') {
  process.on('SIGTERM', () => process.exit(7))
  setInterval(() => {}, 1000)
}
const malloc = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('MALLOC_')))
console.log(JSON.stringify({ words, malloc, pid: process.pid, node: process.execPath, folder: process.cwd() }))
`

/** The launcher beside a main.ts that only reports; `node` is what stands in node_modules/.bin. */
function checkoutWith(t: Test, node: string | undefined): string {
  const folder = join(emptyFolder(t), 'a check out')
  mkdirSync(join(folder, 'src'), { recursive: true })
  cpSync(join(checkout, 'bin'), join(folder, 'bin'), { recursive: true })
  cpSync(join(checkout, 'package.json'), join(folder, 'package.json'))
  writeFileSync(join(folder, 'src/main.ts'), MAIN)
  if (node === undefined) return folder
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  symlinkSync(node, join(folder, 'node_modules/.bin/node'))
  return folder
}

/** A `node` that says it is another version: everything but the version is this process's own. */
function nodeThatSays(t: Test, version: string): string {
  const folder = emptyFolder(t)
  const lie = `Object.defineProperty(process.versions, 'node', { value: ${JSON.stringify(version)} })`
  writeFileSync(join(folder, 'version.cjs'), lie)
  writeFileSync(join(folder, 'node'), `#!/bin/sh\nexec '${process.execPath}' --require '${folder}/version.cjs' "$@"\n`)
  chmodSync(join(folder, 'node'), 0o755)
  return folder
}

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface From {
  readonly cwd?: string
  readonly path?: string
  readonly env?: Readonly<Record<string, string>>
}

function run(command: string, words: readonly string[], options: From = {}): Promise<Run> {
  const { cwd = '/', path = SYSTEM_PATH, env = {} } = options
  return new Promise(resolve =>
    execFile(command, words, { cwd, env: { PATH: path, ...env } }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
    ),
  )
}

t.test('arguments arrive as they were given, from any folder', async t => {
  const folder = checkoutWith(t, process.execPath)
  const words = ['explain', 'demo == 1.0', '', '--', "it's", '$HOME', '*']
  const { code, out } = await run(join(folder, 'bin/portcullis'), words)
  t.equal(code, 0)
  t.match(JSON.parse(out), { words, folder: '/' })
  const relative = await run('bin/portcullis', ['x'], { cwd: folder })
  t.match(JSON.parse(relative.out), { words: ['x'], folder })
})

t.test('what was built runs where there is no source, and only there', async t => {
  const folder = checkoutWith(t, process.execPath)
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, 'dist/main.js'), "console.log('built', process.argv.slice(2).join(' '))")
  t.match(JSON.parse((await run(join(folder, 'bin/portcullis'), ['x'])).out), { words: ['x'] }, 'a build may be stale')
  rmSync(join(folder, 'src'), { recursive: true })
  t.match(await run(join(folder, 'bin/portcullis'), ['a', 'b c']), { code: 0, out: 'built a b c\n' })
})

t.test('a link, and a link to that link, lead to the checkout', async t => {
  const folder = checkoutWith(t, process.execPath)
  const links = emptyFolder(t)
  mkdirSync(join(links, 'more'))
  symlinkSync(join(folder, 'bin/portcullis'), join(links, 'portcullis'))
  symlinkSync('../portcullis', join(links, 'more/gate'))
  t.equal((await run(join(links, 'more/gate'), ['x'])).code, 0)
  t.equal((await run('portcullis', ['x'], { path: `${links}:${SYSTEM_PATH}` })).code, 0, 'found in PATH')
})

t.test('the checkout’s own Node comes before the one in PATH', async t => {
  const folder = checkoutWith(t, process.execPath)
  const path = `${nodeThatSays(t, '20.20.2')}:${SYSTEM_PATH}`
  const { code, out } = await run(join(folder, 'bin/portcullis'), [], { path })
  t.equal(code, 0)
  t.equal(JSON.parse(out).node, realpathSync(process.execPath))
})

const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '32768', MALLOC_TRIM_THRESHOLD_: '131072' }

t.test('what was freed goes back to the system, and whoever sets that otherwise has it so', async t => {
  const launcher = join(checkoutWith(t, process.execPath), 'bin/portcullis')
  t.strictSame(JSON.parse((await run(launcher, [])).out).malloc, MALLOC)
  const own = { MALLOC_ARENA_MAX: '4', MALLOC_TRIM_THRESHOLD_: '' }
  t.strictSame(JSON.parse((await run(launcher, [], { env: own })).out).malloc, { ...MALLOC, ...own })
})

t.test('the launcher of the wheel says the same of memory', async t => {
  const [shell, python] = ['bin/portcullis', 'scripts/packaging/launcher.py'].map(path =>
    readFileSync(join(checkout, path), 'utf8'),
  )
  const flag = /--max-semi-space-size=\d+/
  t.ok(flag.test(shell ?? ''))
  t.equal(flag.exec(python ?? '')?.[0], flag.exec(shell ?? '')?.[0])
  for (const [name, value] of Object.entries(MALLOC))
    t.ok(python?.includes(`("${name.replace('MALLOC_', '')}", "${value}")`), name)
})

t.test('signals reach the gate, because the launcher has become it', async t => {
  const folder = checkoutWith(t, process.execPath)
  const child = spawn(join(folder, 'bin/portcullis'), ['serve'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  t.equal(JSON.parse(await firstLine(child)).pid, child.pid)
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'exit'), [7, null])
})

t.test('no signal opens a port for a debugger, whichever Node it is', async t => {
  for (const [what, node, path] of [
    ['the checkout’s own', process.execPath, SYSTEM_PATH],
    ['the one in PATH', undefined, `${nodeThatSays(t, '24.15.0')}:${SYSTEM_PATH}`],
  ] as const) {
    const folder = checkoutWith(t, node)
    const child = spawn(join(folder, 'bin/portcullis'), ['serve'], { stdio: 'pipe', env: { PATH: path } })
    t.teardown(() => child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', chunk => {
      said += String(chunk)
    })
    await firstLine(child)
    child.kill('SIGUSR1')
    await once(child.stderr, 'data', { signal: AbortSignal.timeout(1_000) }).catch(() => {})
    t.equal(said, '', what)
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    t.strictSame(await gone, [7, null], `${what}: it runs on`)
  }
})

t.test('a Node that is too old is told so, before anything is loaded', async t => {
  const folder = checkoutWith(t, undefined)
  for (const version of ['12.22.0', '20.20.2', '22.22.2', '24.14.9', '25.9.0', '23.11.1'])
    t.test(version, async t => {
      const path = `${nodeThatSays(t, version)}:${SYSTEM_PATH}`
      const { code, out, err } = await run(join(folder, 'bin/portcullis'), ['serve'], { path })
      t.equal(code, 2)
      t.equal(out, '', 'main.ts did not run')
      t.match(err, `portcullis needs Node ^24.15.0 || >=26.0.0; this is ${version} (`)
      t.match(err, 'npm ci')
    })
  for (const version of ['24.15.0', '24.21.0', '26.0.0', '26.10.0', '27.0.0-nightly20261101'])
    t.test(version, async t => {
      const path = `${nodeThatSays(t, version)}:${SYSTEM_PATH}`
      t.equal((await run(join(folder, 'bin/portcullis'), ['x'], { path })).code, 0)
    })
})

t.test('an installed program that meets such a Node says what brings another', async t => {
  const folder = checkoutWith(t, undefined)
  rmSync(join(folder, 'src'), { recursive: true })
  const path = `${nodeThatSays(t, '22.22.2')}:${SYSTEM_PATH}`
  const { code, err } = await run(join(folder, 'bin/portcullis'), ['serve'], { path })
  t.equal(code, 2)
  t.equal(err.trimEnd().split('\n').length, 2)
  t.match(err, 'uvx portcullis-gate')
  t.notMatch(err, 'npm ci')
})

t.test('this machine’s own older Node is told so too', { skip: systemNodeFits() }, async t => {
  const folder = checkoutWith(t, undefined)
  const { code, out, err } = await run(join(folder, 'bin/portcullis'), ['serve'])
  t.equal(code, 2)
  t.equal(out, '')
  t.match(err, 'portcullis needs Node')
  t.notMatch(err, /Error|at .*:\d+/, 'a sentence, no stack')
})

t.test('no Node at all is a sentence as well', async t => {
  const folder = checkoutWith(t, undefined)
  const path = emptyFolder(t)
  for (const tool of ['readlink', 'dirname', 'sh'])
    symlinkSync(execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(path, tool))
  const { code, err } = await run(join(folder, 'bin/portcullis'), [], { path })
  t.equal(code, 2)
  t.match(err, 'there is no node in PATH')
})

function emptyFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-launcher-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  return text
}

/** For `skip`: false where the system has a Node that is too old. */
function systemNodeFits(): string | false {
  try {
    const version = execFileSync('node', ['--version'], { env: { PATH: SYSTEM_PATH }, encoding: 'utf8' })
    return Number.parseInt(version.slice(1), 10) < 24 ? false : `the system’s Node is ${version.trim()}`
  } catch {
    return 'the system has no Node of its own'
  }
}
