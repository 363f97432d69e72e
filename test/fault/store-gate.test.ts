import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { type Clock, instant } from '../../src/domain/base/instant.ts'
import { startGate, type WorldGate } from '../world/gate/gate.ts'
import { until } from '../world/until.ts'
import { createWorld, type Published } from '../world/world.ts'
import { fill, smallDisk } from './small-disk.ts'

interface Answer {
  readonly status: number | undefined
  /** `undefined` when it broke off */
  readonly body: Buffer | undefined
  readonly retryAfter: string | undefined
}

function ask(gate: WorldGate, path: string): Promise<Answer> {
  return new Promise(resolve => {
    const broken = (): void => resolve({ status: undefined, body: undefined, retryAfter: undefined })
    get(`${gate.url}${path}`, { agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', broken)
      response.on('end', () => {
        if (!response.complete) return broken()
        resolve({
          status: response.statusCode,
          body: Buffer.concat(chunks),
          retryAfter: response.headers['retry-after'],
        })
      })
    }).on('error', broken)
  })
}

function codeOf({ body }: Answer): unknown {
  return body === undefined ? undefined : JSON.parse(body.toString('utf8')).code
}

function alarms(gate: WorldGate): readonly string[] {
  return gate.events.flatMap(event => (event.type === 'alarm' ? [event.alarm] : []))
}

function blobOf(data: string, { sha256 }: Published): string {
  return join(data, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
}

t.test(
  'a stored file that was changed on disk is fetched and checked anew, and nobody gets the changed bytes',
  async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('good', '1.0', { padTo: 2_000_000 })
    const gate = await startGate(t, world)
    t.ok((await ask(gate, wheel.path)).body?.equals(wheel.bytes))
    const path = blobOf(gate.config.data, wheel)
    const bytes = readFileSync(path)
    bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1
    writeFileSync(path, bytes)
    t.ok((await ask(gate, wheel.path)).body?.equals(wheel.bytes))
    t.strictSame(alarms(gate), ['blob-corrupt'])
    t.equal(world.upstream.count('file', wheel.filename), 2)
  },
)

t.test('a damaged database admits nothing that it would not have admitted before', async t => {
  const world = await createWorld(t)
  const { wheel: good } = await world.release('good', '1.0')
  const { wheel: bare } = await world.release('bare', '1.0', { attested: false })
  const first = await startGate(t, world)
  t.equal((await ask(first, good.path)).status, 200)
  t.equal((await ask(first, bare.path)).status, 403)
  await first.stop()
  const file = join(first.config.data, 'portcullis.sqlite')
  await t.test('set aside when it is garbage', async t => {
    writeFileSync(file, 'garbage'.repeat(3_000))
    const gate = await startGate(t, world)
    t.strictSame(alarms(gate), ['database-set-aside'])
    t.equal((await ask(gate, good.path)).status, 200)
    t.equal(codeOf(await ask(gate, bare.path)), 'unattested')
    await gate.stop()
  })
  await t.test('a proof that was copied to a file without one counts for nothing', async t => {
    const database = new Database(file)
    const [proof] = database
      .prepare<[string], { source: number; finding: string; trust: string; seal: Buffer }>(
        'select * from findings where filename = ?',
      )
      .all(good.filename)
    database
      .prepare('insert or replace into findings values (?, ?, unhex(?), ?, ?, ?, ?, ?)')
      .run(proof?.source, 'bare', bare.sha256, bare.filename, proof?.trust, proof?.finding, Date.now(), proof?.seal)
    database.close()
    const gate = await startGate(t, world)
    t.equal(codeOf(await ask(gate, bare.path)), 'unattested')
    t.equal((await ask(gate, good.path)).status, 200)
    await gate.stop()
  })
})

t.test(
  'an older copy of the database that is put back admits nothing: proofs are about bytes, and policy is not in it',
  async t => {
    const world = await createWorld(t)
    const { wheel: good } = await world.release('good', '1.0')
    const { wheel: bare } = await world.release('bare', '1.0', { attested: false })
    const first = await startGate(t, world)
    t.equal((await ask(first, good.path)).status, 200)
    await first.stop()
    const file = join(first.config.data, 'portcullis.sqlite')
    copyFileSync(file, `${file}.older`)

    const { wheel: next } = await world.release('good', '2.0')
    const second = await startGate(t, world)
    t.equal((await ask(second, next.path)).status, 200)
    await second.stop()
    const { bytes, sha256 } = bare
    world.upstream.replace('good', next.filename, { bytes, sha256, size: bytes.length })
    const changed = { path: world.upstream.pathOf('good', next.filename) }
    const knowing = await startGate(t, world)
    t.equal(codeOf(await ask(knowing, changed.path)), 'unknown-index-changed', 'the sha256 that it saw is remembered')
    await knowing.stop()

    copyFileSync(`${file}.older`, file)
    const revoked = `${world.policyText()}revocations: [{ sha256: "${good.sha256}", reason: incident }]\n`
    const gate = await startGate(t, world, { policy: revoked })
    t.equal(codeOf(await ask(gate, changed.path)), 'digest-mismatch', 'forgotten, and nobody signed these bytes')
    t.equal(codeOf(await ask(gate, bare.path)), 'unattested')
    t.equal(codeOf(await ask(gate, good.path)), 'revoked')
    await gate.stop()
    const again = await startGate(t, world)
    t.ok((await ask(again, good.path)).body?.equals(good.bytes), 'and what was proved then is proved')
  },
)

t.test('a full disk is 503, and passes without a restart', async t => {
  const disk = smallDisk(t, '24m')
  if (disk === undefined) return void t.pass('no disk can be mounted here', { skip: true })
  const world = await createWorld(t)
  const { wheel: small } = await world.release('good', '1.0', { padTo: 100_000 })
  const { wheel: large } = await world.release('good', '2.0', { padTo: 20_000_000 })
  const gate = await startGate(t, world, {
    configuration: { data: join(disk.folder, 'data'), files: { spool: '1MiB' } },
  })
  t.equal((await ask(gate, small.path)).status, 200)
  t.equal((await ask(gate, '/readyz')).status, 200)

  const ballast = fill(disk.folder)
  const broken = await ask(gate, large.path)
  t.ok(broken.status !== 200, `a file that cannot be stored does not come whole: ${broken.status}`)
  let full: Answer | undefined
  // what is decided is written down beside the request: it shows with the next one
  for (let turn = 0; turn < 400 && full?.status !== 503; turn += 1) {
    // each with a name of its own fills the journal, until that has no room either
    await ask(gate, `${small.path}?${turn}`)
    const { status, body, retryAfter } = await ask(gate, small.path)
    full = { status, body, retryAfter }
    for (let entry = 0; entry < 500; entry += 1)
      try {
        gate.app.gate.journal(
          await gate.app.gate.judge(await located(gate, small)),
          { address: `192.0.2.${turn}.${entry}`, subject: 'anonymous' },
          0,
        )
      } catch {
        break
      }
  }
  t.equal(full?.status, 503, 'without a journal nothing is served')
  t.equal(full === undefined ? '' : codeOf(full), 'unknown-store')
  t.match(full?.retryAfter, /^\d+$/)
  t.equal((await ask(gate, '/readyz')).status, 503, 'and readiness says so')

  rmSync(ballast)
  await until('it is served again', async () => (await ask(gate, small.path)).status === 200)
  t.equal((await ask(gate, '/readyz')).status, 200)
})

t.test('a clock that lies behind what was recorded decides nothing, after a restart too', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('good', '1.0')
  let offset = 0
  const clock: Clock = () => instant(Date.now() + offset)
  const first = await startGate(t, world, { clock })
  t.equal((await ask(first, wheel.path)).status, 200)
  await first.stop()
  offset = -4 * 60_000
  const second = await startGate(t, world, { clock })
  t.equal((await ask(second, wheel.path)).status, 200, 'four minutes are tolerated')
  offset = -6 * 60_000
  const late = await ask(second, wheel.path)
  t.equal(late.status, 503)
  t.equal(codeOf(late), 'unknown-clock')
  t.strictSame(alarms(second), ['clock-behind'])
})

async function located(gate: WorldGate, { path }: Published) {
  const artifact = await gate.app.gate.locate(path as never)
  if ('kind' in artifact) throw new TypeError('refused')
  return artifact
}
