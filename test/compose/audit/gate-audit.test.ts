import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { keepAuditLog, openAuditRecords } from '../../../src/compose/audit/audit-log.ts'
import { behindDoer, commandDoer } from '../../../src/compose/audit/command-doer.ts'
import { createGateAudit } from '../../../src/compose/audit/gate-audit.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant, systemClock } from '../../../src/domain/base/instant.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { AuditRow } from '../../../src/ports/console/audit-log.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { comesTo, until } from '../../world/until.ts'
import { createWorld, type World } from '../../world/world.ts'

const REVOKES = (...projects: readonly string[]) =>
  `version: 1
projects: [{ match: demo, attestation: optional }]
revocations:
${projects.map(project => `  - { project: ${project}, versions: "==1.0", reason: "INC-${project}" }`).join('\n')}
`

async function rowsOf({ config }: Pick<WorldGate, 'config'>): Promise<readonly AuditRow[]> {
  const records = await openAuditRecords(config)
  try {
    return [...((await records?.rows({}, { limit: 100 })) ?? [])].reverse()
  } finally {
    await records?.close()
  }
}

/** What the log has once a row of this action is there. */
async function written(gate: WorldGate, action: string, count = 1): Promise<readonly AuditRow[]> {
  return await comesTo(
    `${action} is written`,
    () => rowsOf(gate),
    rows => rows.filter(row => row.action === action).length >= count,
  )
}

async function worldWith(t: Test): Promise<World> {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  return world
}

t.test('a start says what is in force: the configuration by its digest, the policy, and what runs', async t => {
  const world = await worldWith(t)
  const gate = await startGate(t, world)
  const rows = await written(gate, 'policy-loaded')
  t.match(rows, [
    {
      action: 'configured',
      actor: 'gate',
      from: 'gate',
      target: /^[0-9a-f]{64}$/,
      detail: { version: '0.0.0-test', node: process.version, indexes: 'main at /, list', gate: /\S/ },
    },
    { action: 'policy-loaded', target: /^[0-9a-f]{64}$/, detail: { files: /policy\.yaml/ } },
  ])
  await gate.stop()
  const other = await startGate(t, world, { configuration: { index: { mode: 'hide' } } })
  const [first, second] = (await written(other, 'configured', 2)).filter(({ action }) => action === 'configured')
  t.not(first?.target, second?.target, 'another configuration has another digest')
})

t.test('nothing secret of the configuration stands in it, and a secret alone makes no other digest', async t => {
  const world = await worldWith(t)
  const digests: string[] = []
  for (const password of ['first-secret', 'other-secret']) {
    const auth = { [world.upstream.origin]: { username: 'u', password } }
    const gate = await startGate(t, world, { configuration: { upstream: { auth }, listen: '127.0.0.1:0' } })
    const rows = await written(gate, 'configured', digests.length + 1)
    digests.push(rows.findLast(({ action }) => action === 'configured')?.target ?? password)
    t.notMatch(JSON.stringify(rows), password)
    await gate.stop()
  }
  t.equal(digests[0], digests[1])
})

t.test(
  'a reload is told with what was in force before, and one that is kept back with the first diagnostic',
  async t => {
    const world = await worldWith(t)
    const gate = await startGate(t, world, { policy: REVOKES('demo') })
    const before = (await written(gate, 'policy-loaded')).find(({ action }) => action === 'policy-loaded')?.target
    world.writePolicy(REVOKES('demo', 'other'))
    t.equal(gate.app.reload(), 'loaded')
    const reloaded = (await written(gate, 'policy-reloaded')).find(({ action }) => action === 'policy-reloaded')
    t.match(reloaded, { detail: { before } })
    world.writePolicy('version: 1\nmode: enforced\nprojects: [{ match: demo, deny: 3 }]\n')
    t.equal(gate.app.reload(), 'kept')
    const kept = (await written(gate, 'policy-kept')).find(({ action }) => action === 'policy-kept')
    t.match(kept, { target: reloaded?.target, why: /policy\.yaml:2:7 mode: [^\n]+$/ })
  },
)

t.test('a revocation that comes into force or leaves is told once, with its reason, over restarts too', async t => {
  const world = await worldWith(t)
  const told = (rows: readonly AuditRow[]) =>
    rows.flatMap(({ action, target, why, detail }) =>
      action === 'revocation' ? [`${target} ${detail['change']} ${why ?? ''}`.trim()] : [],
    )
  const gate = await startGate(t, world, { policy: REVOKES('demo') })
  const first = ['demo ==1.0 came into force INC-demo']
  t.strictSame(told(await written(gate, 'revocation')), first)
  world.writePolicy(REVOKES('demo', 'other'))
  gate.app.reload()
  const second = [...first, 'other ==1.0 came into force INC-other']
  t.strictSame(told(await written(gate, 'revocation', 2)), second)
  await gate.stop()
  const again = await startGate(t, world, { policy: REVOKES('other') })
  const third = [...second, 'demo ==1.0 left']
  t.strictSame(told(await written(again, 'revocation', 3)), third)
  await again.stop()
  const last = await startGate(t, world, { policy: REVOKES('other') })
  await written(last, 'configured', 3)
  await last.stop()
  t.strictSame(told(await rowsOf(last)), third)
})

t.test('where the log cannot be written the gate serves on and says so, and writes it later', async t => {
  const world = await worldWith(t)
  const before = await startGate(t, world)
  await written(before, 'policy-loaded')
  await before.stop()
  const database = new Database(join(before.config.data, 'portcullis.sqlite'), { timeout: 5_000 })
  t.teardown(() => database.close())
  database.exec(`create trigger full before insert on audit_log begin select raise(abort, 'no room'); end`)
  const gate = await startGate(t, world)
  const readiness = async () => {
    const answer = await fetch(`${gate.url}/readyz`)
    return { status: answer.status, text: await answer.text() }
  }
  await until('it says so', async () => (await readiness()).text.includes('audit-log'))
  t.match(await readiness(), { status: 200, text: /not in the audit log yet/ })
  t.equal((await fetch(`${gate.url}/simple/demo/`)).status, 200)
  t.equal(gate.events.filter(({ type }) => type === 'unknown').length, 1)
  database.exec('drop trigger full')
  await gate.stop()
  const rows = await rowsOf(gate)
  t.equal(rows.filter(({ action }) => action === 'configured').length, 2, 'each once')
  t.equal(rows.filter(({ action }) => action === 'policy-loaded').length, 2)
})

t.test('a log that begins anew, because the database was damaged, says so in its first row', async t => {
  const world = await worldWith(t)
  const before = await startGate(t, world)
  await written(before, 'policy-loaded')
  await before.stop()
  writeFileSync(join(before.config.data, 'portcullis.sqlite'), 'no database'.repeat(1_000))
  const gate = await startGate(t, world)
  const [first] = await written(gate, 'configured')
  t.match(first, {
    sequence: 1,
    action: 'configured',
    detail: { begun_anew: /it was set aside as portcullis\.sqlite\./ },
  })
})

t.test('what waits is bounded, is tried again, and says how much it is', async t => {
  const gate = await startGate(t, await worldWith(t))
  const told: GateEvent[] = []
  const audit = createGateAudit({ clock: () => instant(1), clean: text => text.replaceAll('secret', '***') })
  const reload = {
    type: 'policy',
    action: 'reloaded',
    digest: 'd',
    before: 'secret',
    files: [],
    diagnostics: [],
  } as const
  for (let number = 0; number < 1_010; number += 1) audit.emit(reload)
  t.equal(audit.warning(), undefined, 'nothing has failed yet')
  const written: string[] = []
  let isFull = true
  const log = {
    rows: async () => [],
    append: async (entry: Pick<AuditRow, 'detail' | 'action'>) => {
      if (isFull) throw new GateError('unknown-store', 'no room')
      written.push(`${entry.action} ${entry.detail['before'] ?? ''}`)
      return { ...entry, sequence: 1, hash: '', previous: '' } as AuditRow
    },
  }
  const events = { emit: (event: GateEvent) => void told.push(event) }
  audit.begin(log, { config: gate.config, version: '1', policies: [], inForce: () => [], events })
  await until('it has failed', () => audit.warning() !== undefined)
  t.match(audit.warning(), /^10\d\d of what this gate did are not in the audit log yet: no room$/)
  t.equal(told.length, 1)
  isFull = false
  await audit.close()
  t.strictSame([...new Set(written)], ['configured ', 'policy-reloaded ***'])
  t.equal(written.length, 1_001)
})

t.test('whoever runs a command is told by the system, and who became it by sudo', async t => {
  const { username } = userInfo()
  t.strictSame(commandDoer({}, 'x'), { actor: `shell:${username}`, from: 'command line', why: 'x', detail: {} })
  const byAda = commandDoer({ SUDO_USER: 'ada' }, undefined)
  t.match(byAda, { why: undefined, detail: { sudo_user: 'ada' } })
  t.strictSame(behindDoer(byAda), [`shell:${username}`, 'shell:ada'])
})

t.test('a command adds to the log of the configured store', async t => {
  const gate = await startGate(t, await worldWith(t))
  const entry = { ...commandDoer({}, undefined), at: systemClock(), target: 'ada', detail: {} }
  const { sequence } = await keepAuditLog(
    gate.config,
    async log => await log.append({ ...entry, action: 'sign-in-link' }),
    { clock: systemClock },
  )
  t.ok(sequence >= 1)
  t.ok((await rowsOf(gate)).some(({ action }) => action === 'sign-in-link'))
})
