// guards: src/main.ts src/cli/terminal/output.ts
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { createPlainAsk } from '../http/client.ts'
import { PORTCULLIS, portcullis } from '../world/commands/commands.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

t.setTimeout(900_000)

const PASSWORD = 'hunter2/"& hunter2'
const BASIC = Buffer.from(`robot:${PASSWORD}`).toString('base64')
/** What an upstream that repeats what it hears makes of it. */
const ECHOES = [PASSWORD, encodeURIComponent(PASSWORD), BASIC, `Basic ${BASIC}`]

function leaks(text: string): readonly string[] {
  return ['hunter2', BASIC.replace(/=+$/, ''), 'hunter2'.toUpperCase()].filter(mark => text.includes(mark))
}

function configured(world: World): string {
  const { upstream, ...rest } = world.configuration() as { upstream: object }
  const auth = { [world.upstream.origin]: { username: 'robot', password: PASSWORD } }
  const path = join(world.folder, 'portcullis.yaml')
  writeFileSync(path, JSON.stringify({ ...rest, log: { level: 'debug' }, upstream: { ...upstream, auth } }))
  return path
}

/** The gate as it is run; `log` is all that it has written. */
async function serve(t: Test, file: string, folder: string) {
  const { PATH, HOME } = process.env
  const child = spawn(PORTCULLIS, ['serve', '--config', file], { cwd: folder, env: { PATH, HOME } })
  t.teardown(() => child.kill('SIGKILL'))
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (log += String(chunk)))
  await until('it listens', () => /"detail":"http:[^"]*","msg":"listening"/.test(log))
  const [, url = ''] = /"detail":"(http:[^"]*)","msg":"listening"/.exec(log) ?? []
  return {
    url,
    log: () => log,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

t.test('an upstream that repeats our credentials has them in no log, journal, answer, metric or command', async t => {
  const world = await createWorld(t)
  const { wheel: yanked } = await world.release('demo', '1.0')
  // what the page says of a file comes to the person whom it is refused
  world.upstream.yank('demo', yanked.filename, `see ${PASSWORD} or ${BASIC}`)
  const { wheel } = await world.release('echo', '1.0', { kinds: ['wheel'] })
  world.writePolicy(world.policyText().replace('attestation: required', 'attestation: required\n  yanked: deny'))
  const gate = await serve(t, configured(world), world.folder)
  const ask = createPlainAsk(t, gate.url)
  const told: string[] = []
  const heard = async (path: string): Promise<void> => {
    const { reason, headers, text } = await ask(path, { headers: { accept: 'text/html' } })
    told.push(`${reason} ${JSON.stringify(headers)} ${text}`)
  }
  for (const [index, echo] of ECHOES.entries()) {
    // a header value has no quotes of its own to keep
    const type = echo === PASSWORD ? `text/${encodeURI(PASSWORD)}` : `text/${echo}`
    for (const route of ['page', 'legacy', 'provenance', 'file', 'root'] as const)
      world.upstream.fault({
        route,
        do: { headers: { 'content-type': type, 'content-encoding': echo === PASSWORD ? 'x' : echo } },
      })
    await heard(`/simple/project-${index}/`)
    await heard(`/pypi/demo/json`)
    await heard(wheel.path)
    await heard('/simple/')
    world.upstream.clearFaults()
  }
  t.ok(gate.log().includes('***'), 'it would have been in the log')
  await heard(yanked.path)
  const [, explain = ''] = /(\/x\/[0-9a-z]{12})/.exec(told.at(-1) ?? '') ?? []
  t.not(explain, '', 'it was refused')
  t.match(told.at(-1), 'yanked it: ')
  await heard(explain)
  await heard(`${explain}?format=json`)
  await heard('/metrics')
  await heard('/readyz')
  await gate.stop()

  t.strictSame(leaks(gate.log()), [], 'the log')
  t.strictSame(told.flatMap(leaks), [], 'the answers')
  const database = new Database(join(world.folder, 'data/portcullis.sqlite'), { readonly: true })
  const words = database.prepare<[], string>('select word from words').pluck().all()
  t.ok(words.length > 5)
  t.strictSame(words.flatMap(leaks), [], 'the journal')
  database.close()

  for (const route of ['page', 'legacy', 'provenance'] as const)
    world.upstream.fault({ route, do: { headers: { 'content-type': `text/${BASIC}` } } })
  for (const argv of [
    ['explain', 'demo==1.0'],
    ['verify', 'demo==1.0', '--format', 'json'],
    ['config', 'show'],
  ]) {
    const { out, err } = await portcullis(
      { folder: world.folder, environment: { PORTCULLIS_DEBUG: '1' } },
      ...argv,
      '--config',
      join(world.folder, 'portcullis.yaml'),
    )
    t.not(`${out}${err}`, '')
    t.strictSame(leaks(`${out}${err}`), [], argv.join(' '))
  }
})
