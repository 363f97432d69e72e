import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { readJournal } from '../../store/stores.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

t.setTimeout(900_000)

const CHILD = new URL('./gate-child.ts', import.meta.url).pathname

interface Answer {
  /** `undefined`: the connection broke before there was one */
  readonly status: number | undefined
  /** the whole body, or `undefined` when it broke off */
  readonly body: Buffer | undefined
}

interface Killable {
  readonly url: string
  readonly alarms: readonly string[]
  readonly process: ChildProcess
  kill(): Promise<void>
}

async function startKillable(t: Test, configuration: string): Promise<Killable> {
  const child = spawn(process.execPath, [CHILD, configuration], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  const alarms: string[] = []
  const listening = Promise.withResolvers<string>()
  createInterface({ input: child.stdout }).on('line', line => {
    const [word = '', ...words] = line.split(' ')
    const rest = words.join(' ')
    if (word === 'listening') listening.resolve(rest)
    else alarms.push(rest)
  })
  exited.then(() => listening.reject(new Error('the gate ended before it listened'))).catch(() => {})
  return {
    url: await listening.promise,
    alarms,
    process: child,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** One file request; a broken connection is an answer too. */
function ask(url: string, received?: (bytes: number) => void): Promise<Answer> {
  return new Promise(resolve => {
    const request = get(url, { agent: false }, response => {
      const status = response.statusCode
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        received?.(bytes)
      })
      response.on('end', () => resolve({ status, body: response.complete ? Buffer.concat(chunks) : undefined }))
      response.on('error', () => resolve({ status, body: undefined }))
      response.on('aborted', () => resolve({ status, body: undefined }))
    })
    request.on('error', () => resolve({ status: undefined, body: undefined }))
  })
}

function writeConfiguration(world: World): string {
  const path = join(world.folder, 'portcullis.yaml')
  // small files are spooled, the others stream with their end withheld
  writeFileSync(path, JSON.stringify({ ...world.configuration(), files: { spool: '64KiB' } }))
  return path
}

/** Where the store keeps a file. */
function stored(world: World, { sha256 }: Published): string {
  return join(world.folder, 'data', 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
}

t.test(
  'the gate is killed while files are fetched: nothing unverified is served afterwards, and no admitted file is lost',
  async t => {
    const world = await createWorld(t, { bytesPerSecond: 20_000_000 })
    const good: Published[] = []
    const bad: Published[] = []
    for (let number = 0; number < 6; number += 1) {
      const padTo = [2_000, 300_000, 4_000_000][number % 3] ?? 0
      good.push((await world.release('good', `1.${number}`, { kinds: ['wheel'], padTo })).wheel)
      bad.push(
        (await world.release('transfer', `1.${number}`, { kinds: ['wheel'], padTo, tamper: 'transfer' })).wheel,
        (await world.release('content', `1.${number}`, { kinds: ['wheel'], padTo, tamper: 'content' })).wheel,
      )
    }
    bad.push((await world.release('bare', '1.0', { kinds: ['wheel'], attested: false, padTo: 300_000 })).wheel)
    world.writePolicy()
    const configuration = writeConfiguration(world)
    const complete = new Map<string, Published>()

    const take = (file: Published, { status, body }: Answer): void => {
      const right = body !== undefined && status === 200 && sha256Of(body) === file.sha256
      if (status === 200 && body !== undefined && !right) t.fail(`a whole body of ${file.filename} is wrong`)
      if (right && bad.includes(file)) t.fail(`${file.filename} came whole`)
      if (right) complete.set(file.filename, file)
    }

    for (let round = 0; round < 8; round += 1) {
      const gate = await startKillable(t, configuration)
      const before = new Map(complete)
      world.upstream.forgetRequests()

      // what was complete when the last gate died is there, right, and not fetched again
      for (const file of before.values()) {
        const answer = await ask(`${gate.url}${file.path}`)
        t.ok(
          answer.status === 200 && answer.body?.equals(file.bytes),
          `round ${round}: ${file.filename} is still there`,
        )
        if (world.upstream.count('file', file.filename) > 0) t.fail(`${file.filename} had to be fetched again`)
      }

      // killed at a moment of the work, not of the clock: after so many bytes of good files, or when one more is complete
      const moment = Promise.withResolvers<void>()
      const seen = new Map<string, number>()
      const progress = (): void => {
        const bytes = seen.values().reduce((sum, count) => sum + count, 0)
        if (round % 2 === 0 ? complete.size > before.size : bytes > round * 500_000)
          setTimeout(moment.resolve, round * 3)
      }
      const answers = [...good.slice(round % 6), ...bad, ...good].map(async (file, index) => {
        const answer = await ask(`${gate.url}${file.path}`, bytes => {
          if (good.includes(file)) seen.set(`${index}`, bytes)
          progress()
        })
        take(file, answer)
        progress()
      })
      await Promise.race([moment.promise, Promise.all(answers), sleep(60_000)])
      await gate.kill()
      await Promise.all(answers)
      t.strictSame(
        gate.alarms.filter(alarm => /^(?:database-set-aside|blob-corrupt)/.test(alarm)),
        [],
        `round ${round}: nothing was damaged`,
      )
    }

    const gate = await startKillable(t, configuration)
    t.strictSame(readdirSync(join(world.folder, 'data', 'blobs', 'tmp')), [], 'nothing half-written stays')
    for (const file of bad) {
      const { status, body } = await ask(`${gate.url}${file.path}`)
      t.ok(status !== 200 || body === undefined, `${file.filename}: ${status}`)
    }
    for (const file of good) {
      const { status, body } = await ask(`${gate.url}${file.path}`)
      t.ok(status === 200 && body?.equals(file.bytes), `${file.filename}: ${status}`)
      t.ok(existsSync(stored(world, file)) && readFileSync(stored(world, file)).equals(file.bytes))
    }
    for (const { filename, ...file } of bad)
      t.notOk(existsSync(stored(world, { filename, ...file })), `${filename} is not stored`)
    t.ok(complete.size > 0, `${complete.size} files were complete before a kill`)
    await gate.kill()
  },
)

const OUTCOMES = ['admitted', 'refused'] as const

t.test('the gate is killed while it writes the journal: what was written is in it, whole', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('good', '1.0', { kinds: ['wheel'] })
  const { wheel: bare } = await world.release('bare', '1.0', { kinds: ['wheel'], attested: false })
  world.writePolicy()
  const configuration = writeConfiguration(world)
  const journal = join(world.folder, 'data', 'portcullis.sqlite')
  const given = { admitted: 0, refused: 0 }
  const hitsOf = (outcome: string): number =>
    readJournal(journal)
      .filter(row => row.outcome === outcome)
      .reduce((sum, { count }) => sum + count, 0)
  for (let round = 0; round < 4; round += 1) {
    const gate = await startKillable(t, configuration)
    let asking = true
    // hits that go on while it dies, so that a batch is always being written
    const noise = (async () => {
      while (asking) await ask(`${gate.url}${wheel.path}`)
    })()
    const outcomes = await Promise.all([wheel, bare].map(({ path }) => ask(`${gate.url}${path}`)))
    t.strictSame(
      outcomes.map(({ status }) => status),
      [200, 403],
    )
    given.admitted += 1
    given.refused += 1
    await until('what was answered is written', () => OUTCOMES.every(outcome => hitsOf(outcome) >= given[outcome]))
    await sleep(round * 37)
    await gate.kill()
    asking = false
    await noise
    const next = await startKillable(t, configuration)
    t.strictSame(next.alarms, [], `round ${round}: the database opens clean`)
    const rows = readJournal(journal)
    for (const outcome of OUTCOMES) {
      const hits = hitsOf(outcome)
      t.ok(hits >= given[outcome], `round ${round}: ${hits} ${outcome}, at least ${given[outcome]}`)
    }
    t.ok(
      rows.every(row => row.policyDigest.length === 64 && row.trustDigest?.length === 64 && row.client === '127.0.0.1'),
      'every row is whole',
    )
    await next.kill()
  }
})
