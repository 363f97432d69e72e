// guards: src/main.ts
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { until } from '../world/until.ts'
import { createWorld, type Published, type World } from '../world/world.ts'

t.setTimeout(900_000)

const MAIN = process.env['TESTED_MAIN'] ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Started {
  readonly child: ChildProcess
  readonly url: string
  /** the code or the signal that it ended with */
  readonly ended: Promise<number | string | null>
  stderr(): string
}

interface How {
  /** runs in the process before the gate does */
  readonly preload?: string
  /** descriptors that it may have */
  readonly descriptors?: number
  /** a file that its log goes to; default a pipe */
  readonly log?: string
}

/** `portcullis serve` as a process of its own, on a port that was free a moment ago. */
async function serve(t: Test, world: World, how: How = {}): Promise<Started> {
  const { port, close } = await freePort()
  const configuration = { ...world.configuration(), listen: `127.0.0.1:${port}`, files: { spool: '64KiB' } }
  writeFileSync(join(world.folder, 'portcullis.yaml'), JSON.stringify(configuration))
  world.writePolicy()
  const preload =
    how.preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(how.preload)}`]
  const limit = how.descriptors === undefined ? '' : `ulimit -n ${how.descriptors}; `
  await close()
  const child = spawn('/bin/sh', ['-c', `${limit}exec "$@"`, 'sh', process.execPath, ...preload, MAIN, 'serve'], {
    cwd: world.folder,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', how.log === undefined ? 'pipe' : openSync(how.log, 'w'), 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr?.on('data', text => {
    stderr += String(text)
  })
  const ended = once(child, 'exit').then(([code, signal]) => signal ?? code)
  const url = `http://127.0.0.1:${port}`
  for (let look = 0; (await ask(`${url}/healthz`)).status !== 200; look += 1) {
    if (child.exitCode !== null || look > 3_000) throw new Error(`it does not listen: ${stderr}`)
    await sleep(20)
  }
  return { child, url, ended, stderr: () => stderr }
}

async function freePort(): Promise<{ readonly port: number; close(): Promise<unknown> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise(resolve => server.close(resolve)) }
}

interface Answer {
  /** `undefined`: the connection broke before there was one */
  readonly status: number | undefined
  /** `undefined`: it broke off */
  readonly body: Buffer | undefined
}

function ask(url: string): Promise<Answer> {
  return new Promise(resolve => {
    const request = get(url, { agent: false }, response => {
      const { statusCode: status } = response
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status, body: response.complete ? Buffer.concat(chunks) : undefined }))
      response.on('error', () => resolve({ status, body: undefined }))
    })
    request.on('error', () => resolve({ status: undefined, body: undefined }))
  })
}

async function assertServes(t: Test, { url }: Started, file: Published, what: string): Promise<void> {
  const { status, body } = await ask(`${url}${file.path}`)
  t.ok(status === 200 && body?.equals(file.bytes), `${what}: ${status}`)
}

t.test('an error that nobody foresaw ends the gate with 3, in one line', async t => {
  for (const fails of [
    'Promise.reject(new RangeError("boom"))',
    'setImmediate(() => { throw new RangeError("boom") })',
  ]) {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0')
    const gate = await serve(t, world, { preload: `process.on('SIGWINCH', () => { ${fails} })` })
    await assertServes(t, gate, wheel, 'before')
    gate.child.kill('SIGWINCH')
    t.equal(await gate.ended, 3)
    t.match(gate.stderr(), /^internal error [0-9a-f]{8}: RangeError: boom\. [^\n]*\n$/)
    t.equal((await ask(`${gate.url}/healthz`)).status, undefined, 'nobody answers any more')
  }
})

t.test('a gate with few descriptors turns some away, serves nothing wrong, and goes on', async t => {
  const world = await createWorld(t)
  const files: Published[] = []
  for (let number = 0; number < 20; number += 1)
    files.push((await world.release('demo', `1.${number}`, { kinds: ['wheel'], padTo: 200_000 })).wheel)
  const gate = await serve(t, world, { descriptors: 96 })
  const held: Socket[] = []
  for (let number = 0; number < 200; number += 1) {
    const socket = connect(Number(new URL(gate.url).port), '127.0.0.1')
    socket.on('error', () => {})
    held.push(socket)
  }
  await sleep(300)
  const answers = await Promise.all(files.map(async file => ({ file, answer: await ask(`${gate.url}${file.path}`) })))
  for (const { file, answer } of answers) {
    if (answer.status !== 200 || answer.body === undefined) continue
    t.ok(answer.body.equals(file.bytes), `${file.filename} is right where it is whole`)
  }
  const turnedAway = answers.filter(({ answer }) => answer.status !== 200).length
  t.ok(turnedAway > 0, `${turnedAway} of ${files.length} were turned away`)
  for (const socket of held) socket.destroy()
  await until('it is ready again', async () => (await ask(`${gate.url}/readyz`)).status === 200)
  for (const file of files) await assertServes(t, gate, file, file.filename)
  t.equal(gate.child.exitCode, null)
  gate.child.kill('SIGTERM')
  t.equal(await gate.ended, 0)
  t.strictSame(readdirSync(join(world.folder, 'data', 'blobs', 'tmp')), [], 'nothing half-written stays')
})

t.test('a log that nobody can write to stops nobody', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await serve(t, world)
  // more lines than a pipe holds, and nobody reads
  for (let round = 0; round < 300; round += 1)
    if ((await ask(`${gate.url}${wheel.path}?${'x'.repeat(500)}`)).status !== 200) t.fail(`round ${round}`)
  await assertServes(t, gate, wheel, 'while the reader is stuck')
  gate.child.kill('SIGTERM')
  t.equal(await gate.ended, 0, 'and it does not keep the gate from ending')

  const unread = await serve(t, world)
  unread.child.stdout?.destroy()
  for (let round = 0; round < 50; round += 1) await ask(`${unread.url}/nothing`)
  await sleep(600)
  await assertServes(t, unread, wheel, 'when the reader is gone')
  unread.child.kill('SIGTERM')
  t.equal(await unread.ended, 0)

  const full = await serve(t, world, { log: '/dev/full' })
  for (let round = 0; round < 50; round += 1) await ask(`${full.url}/nothing`)
  await assertServes(t, full, wheel, 'where the disk is full')
  await sleep(600)
  await assertServes(t, full, wheel, 'and after it was told so')
  full.child.kill('SIGTERM')
  t.equal(await full.ended, 0)
})

t.test('a signal that asks for a picture of memory gets none', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await serve(t, world)
  await assertServes(t, gate, wheel, 'before')
  const before = readdirSync(world.folder, { recursive: true }).length
  gate.child.kill('SIGUSR2')
  t.equal(await gate.ended, 'SIGUSR2')
  const after = readdirSync(world.folder, { recursive: true, encoding: 'utf8' })
  t.strictSame(
    after.filter(name => /heapsnapshot|report|core|\.cpuprofile/.test(name)),
    [],
  )
  t.ok(after.length <= before + 2, `${before} files before, ${after.length} after`)
})

/** Why nothing can be started by npm; false where it can. */
function withoutNpm(): string | false {
  try {
    execFileSync('npm', ['--version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'there is no npm'
  }
}

t.test(
  'whatever ends npm start ends the gate in good order, and leaves nobody behind',
  { skip: withoutNpm() },
  async t => {
    const world = await createWorld(t)
    world.writePolicy('version: 1\nprojects: [{ match: demo, attestation: optional }]\n')
    const file = join(world.folder, 'portcullis.yaml')
    writeFileSync(file, JSON.stringify({ ...world.configuration(), listen: '127.0.0.1:0' }))
    const ways = [
      ['npm alone', 'SIGTERM', 1],
      ['everybody, as a supervisor does', 'SIGTERM', -1],
      ['everybody, as Ctrl-C does', 'SIGINT', -1],
    ] as const
    for (const [who, signal, sign] of ways) {
      const npm = spawn('npm', ['start'], {
        cwd: join(import.meta.dirname, '../..'),
        env: { PATH: process.env['PATH'], HOME: world.folder, PORTCULLIS_CONFIG: file },
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true, // a group of its own
      })
      const { pid = 0 } = npm
      t.teardown(() => npm.exitCode === null && process.kill(-pid, 'SIGKILL'))
      let said = ''
      const listening = Promise.withResolvers<void>()
      npm.stdout.on('data', text => {
        said += String(text)
        if (said.includes('"listening"')) listening.resolve()
      })
      await listening.promise
      const silent = once(npm.stdout, 'end') // nobody has the pipe any more
      process.kill(sign * pid, signal)
      await silent
      t.match(said, /"draining"[\s\S]*"stopped"/, `${signal} to ${who}`)
      if (npm.exitCode === null && npm.signalCode === null) await once(npm, 'exit')
      t.throws(() => process.kill(-pid, 0), { code: 'ESRCH' }, 'the group is empty')
    }
  },
)
