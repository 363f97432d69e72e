import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createProgram, type ProgramServices } from '../../src/cli/program.ts'
import { runCommand } from '../world/commands/commands.ts'
import { paper } from './terminal/on-paper.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Says of every module that it is loaded. */
const LOADED = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      process._rawDebug('loaded ' + url)
      return next(url, context)
    },
  })`)}`

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

t.test('help that loads no command says what help says that loads them all', async t => {
  const programOf = async (isMeant: (name: string) => boolean) =>
    await createProgram({ output: paper(), version: '1' } as unknown as ProgramServices, () => {}, isMeant)
  const [whole, light] = [await programOf(() => true), await programOf(() => false)]
  t.equal(light.helpInformation(), whole.helpInformation())
  const groups = whole.commands.filter(({ commands }) => commands.length > 1)
  t.ok(groups.length > 5)
  for (const group of groups) {
    const alone = (await programOf(name => name === group.name())).commands.find(each => each.name() === group.name())
    t.equal(alone?.helpInformation(), group.helpInformation(), `nor does the help of ${group.name()}`)
  }
})

t.test('the version and the help of the whole load no command', async t => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', LOADED, MAIN, '--help'], { encoding: 'utf8' })
  t.match(stdout, /^Usage: portcullis/)
  const loaded = stderr.split('\n').filter(line => line.startsWith('loaded '))
  t.ok(
    loaded.some(line => line.includes('/src/cli/program.ts')),
    'what was loaded is told',
  )
  t.strictSame(
    loaded.filter(line =>
      /\/(zod|yaml|undici|fastify|better-sqlite3)\/|\/src\/(?:gate|http|store|verify)\//.test(line),
    ),
    [],
  )
})
