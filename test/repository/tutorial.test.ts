import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { lockText, stories } from '../../demo/stories.ts'
import { runCommand } from '../world/commands/commands.ts'
import { startGate } from '../world/gate/gate.ts'
import { createWorld, type Published, type Release } from '../world/world.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/tutorial.md'), 'utf8')

interface Step {
  /** what stands after `$ ` */
  readonly command: string
  /** what the page says that it prints; a reader is told where it prints more */
  readonly shown: readonly string[]
}

const steps: readonly Step[] = [...PAGE.matchAll(/```console\n([\s\S]*?)```/g)]
  .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
  .map(text => {
    const [command = '', ...shown] = text.split('\n')
    return { command, shown: shown.filter(line => line !== '') }
  })

const BLOCKS = [...PAGE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block)

/** What differs from one run to the next: digests, times, and how many digits of each. */
function timeless(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{12,64}\b|(?<=\bEX-[\w-]+-)[0-9a-f]{6}\b/g, 'DIGEST')
    .replaceAll(/\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)?/g, 'DAY')
}

/** pip asks for no `.metadata` of what is locked by its hash, and for no file whose `.metadata` was refused. */
function asPipAsks({ project, path }: Published): readonly string[] {
  if (project === 'demo-tampered') return [`${path}.metadata`]
  return project === 'demo-impostor' ? [`${path}.metadata`, path] : [path]
}

t.test('the tutorial, step by step, prints what it says', async t => {
  const world = await createWorld(t)
  const published: Release[] = []
  for (const story of stories) published.push(await story.publish(world))
  const { folder } = world
  const before = process.cwd()
  process.chdir(folder) // paths of a command line begin where it is typed
  t.teardown(() => process.chdir(before))
  writeFileSync(join(folder, 'demo.txt'), lockText(published))
  const environment = {
    PORTCULLIS_UPSTREAM_INDEX: world.upstream.origin,
    PORTCULLIS_UPSTREAM_FILES: world.upstream.filesOrigin,
    PORTCULLIS_TRUST_ROOT: world.trustRoot,
    PORTCULLIS_DATA: join(folder, 'data'),
  }
  let commands = 0
  for (const { command, shown } of steps) {
    const [, words] = /^\.\/bin\/portcullis (.*)$/.exec(command) ?? []
    if (words !== undefined) {
      const { out, err } = await runCommand(words.split(' '), { folder, environment })
      const printed = timeless(`${out}${err}`).split('\n')
      for (const line of timeless(shown.join('\n')).split('\n'))
        if (!printed.includes(line)) t.fail(`${command} prints no line ${line}`, { out, err })
      commands += 1
      if (words.startsWith('policy init ')) assertShown(readFileSync(join(folder, 'acme.yaml'), 'utf8'))
    } else if (/^(?:cp [a-z]|sed )/.test(command)) execFileSync('sh', ['-c', command], { cwd: folder })
    else if (command.includes('bin/portcullis serve')) await watched(command)
  }
  t.ok(commands >= 6, `${commands} commands were run`)

  /** The page leaves out the head, and nothing in the middle. */
  function assertShown(written: string): void {
    const [block = ''] = BLOCKS
    if (!timeless(written).includes(timeless(block))) t.fail('the page shows another policy', { written })
  }

  async function watched(command: string): Promise<void> {
    t.match(command, / serve --policy acme\.yaml$/)
    t.match(parse(readFileSync(join(folder, 'acme.yaml'), 'utf8')), { mode: 'audit' })
    const gate = await startGate(t, world, { policy: readFileSync(join(folder, 'acme.yaml'), 'utf8') })
    for (const { wheel } of published) {
      for (const path of asPipAsks(wheel)) {
        const answer = await fetch(`${gate.url}${path}`)
        await answer.arrayBuffer()
        t.equal(answer.status, wheel.project === 'demo-tampered' ? 403 : 200, path)
      }
    }
    await gate.stop()
  }
})

t.test('the policy that the tutorial shows holds itself to its own test', async t => {
  t.match(parse(BLOCKS.join('')), { tests: [{ expect: { refused: 'publisher-mismatch' } }] })
})
