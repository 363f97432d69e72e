import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startApp } from '../../../src/compose/app.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { systemClock } from '../../../src/domain/base/instant.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { createWorld, type World } from '../../world/world.ts'

const run = promisify(execFile)

/** What stands below a heading of a page, up to the next one. */
function section(path: string, heading: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../..', path), 'utf8')
  const [, text = ''] = page.split(`\n${heading}\n`)
  const [own = ''] = text.split(/^#+ /m)
  return own
}

function block(text: string, kind: string): string {
  return new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? ''
}

/** What stands after `$ `, without what is said beside it. */
function commandsIn(text: string): readonly string[] {
  return [...block(text, 'console').matchAll(/^\$ (.*?)(?: +# .*)?$/gm)].map(([, command = '']) => command)
}

const START = section('README.md', '## Beside an index of your own')
const RECIPE = section('policies/README.md', '### 10 · Packages of your own, beside PyPI')

/** The configuration of the page, with the two indexes of a test in the places of those that it names. */
function configurationFor(world: World, company: World): string {
  const text = block(START, 'yaml')
    .replace('https://nexus.acme.example/repository/pypi', company.upstream.origin)
    .replace('https://pypi.org', world.upstream.origin)
  // what of a gate is the test's own: where it is, and whom it trusts
  return `${text}listen: 127.0.0.1:0\ndata: ./data\ntrust: { root: ${world.trustRoot} }\n`
}

async function python(t: Test): Promise<string | undefined> {
  const folder = t.testdir()
  try {
    await run('python3', ['-m', 'venv', join(folder, 'venv')])
    return join(folder, 'venv/bin/python')
  } catch {
    return undefined
  }
}

t.test('an index of one’s own, as the first page begins with it, from configuration to install', async t => {
  const world = await createWorld(t)
  const company = await createWorld(t)
  const { folder } = world
  const before = process.cwd()
  process.chdir(folder) // paths of a command line begin where it is typed
  t.teardown(() => process.chdir(before))
  const core = await company.release('acme-core', '1.0', { attested: false, kinds: ['wheel'] })
  await world.release('acme-core', '9.0', { kinds: ['wheel'] })
  await world.release('sampleproject', '4.0.0', { kinds: ['wheel'] })
  await world.release('acmecore', '1.0', { kinds: ['wheel'] })
  const file = join(folder, 'portcullis.yaml')
  writeFileSync(file, configurationFor(world, company))
  writeFileSync(join(folder, 'acme.yaml'), block(RECIPE, 'yaml'))
  const { config } = loadConfig({ flags: {}, file, environment: {}, folder })
  const [create = '', serve = '', install = '', ...others] = commandsIn(START)
  t.strictSame([serve, others], ['./bin/portcullis serve', []])

  const words = create.replace('./bin/portcullis ', '').split(' ')
  const { exit, out } = await runCommand(words, { folder })
  t.equal(exit, 0)
  t.match(out, /^pcl_\S+\n$/)
  const token = out.trim()

  const app = await startApp(config, { version: '0.0.0-test', environment: {}, readers: [], clock: systemClock })
  t.teardown(() => app.close())
  t.match(install, /^pip install --index-url https:\/\/__token__:pcl_…@pypi\.acme\.example\/simple\/ /)
  const url = app.url.replace('//', `//__token__:${token}@`)
  const pip = install.replace('https://__token__:pcl_…@pypi.acme.example', url).split(' ').slice(1)
  const executable = await python(t)
  if (executable === undefined) t.comment('python3 with venv is not here: pip is left out')
  else {
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, PIP_CONFIG_FILE: '/dev/null', PIP_NO_CACHE_DIR: '1' }
    const { stdout } = await run(executable, ['-m', 'pip', ...pip], { env })
    t.match(stdout, /Successfully installed acme-core-1\.0 sampleproject-4\.0\.0/)
  }

  const headers = { authorization: `Basic ${Buffer.from(`__token__:${token}`).toString('base64')}` }
  const status = async (path: string, init: RequestInit = { headers }) =>
    (await fetch(`${app.url}${path}`, init)).status
  t.equal(await status(core.wheel.path), 200)
  t.equal(await status(core.wheel.path, {}), 401, 'who asks brings a token')
  t.equal(await status('/simple/', { method: 'POST', headers }), 405, 'the gate hosts nothing')
  t.equal(world.upstream.requests.filter(({ url }) => /acme[-_]core/.test(url)).length, 0, 'ours is ours')

  for (const command of commandsIn(RECIPE)) {
    const ended = await runCommand(command.replace('./bin/portcullis ', '').split(' '), { folder })
    t.equal(ended.exit, 0, `${command}\n${ended.out}${ended.err}`)
  }
  const lookalike = await runCommand(['explain', 'acmecore==1.0'], { folder })
  t.match(lookalike.out, 'confusable')
})

t.test('what it says of the recipe is where it says', async t => {
  t.match(START, 'policies/README.md, recipe 10')
  t.match(parse(block(RECIPE, 'yaml')), { projects: [{ match: 'acme-*' }, { confusable: 'deny' }] })
  t.match(RECIPE, '../docs/how-to/own-index.md')
})
