// guards: src/cli/audit-log/verify.ts src/cli/audit-log/export.ts src/cli/audit-log/ask-audit.ts
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { desk, jsonLines } from '../../world/commands/desk.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { comesTo } from '../../world/until.ts'

const SHELL = `shell:${userInfo().username}`

async function withTokens(t: Test) {
  const its = await desk(t)
  const database = join(String(its.world.configuration()['data']), 'portcullis.sqlite')
  const create = async (name: string, ...more: readonly string[]) =>
    t.match(await its.run('token', 'create', '--name', name, ...more), { exit: 0 })
  return {
    ...its,
    database,
    create,
    tamper(statement: string): void {
      const writing = new Database(database)
      writing.exec('drop trigger if exists audit_log_no_update; drop trigger if exists audit_log_no_delete')
      writing.exec(statement)
      writing.close()
    },
  }
}

t.test('a log that is as it was written is told with its head, and the head is proof of it later', async t => {
  const { run, create } = await withTokens(t)
  await create('ci', '--reason', 'SEC-1')
  await create('ml')
  const told = await run('audit-log', 'verify')
  t.match(told, { exit: 0, err: '', out: /^✓ 2 rows, head 2:[0-9a-f]{64}\n$/ })
  const head = /head (\S+)/.exec(told.out)?.[1] ?? ''
  await create('late')
  t.match(await run('audit-log', 'verify', '--expect', head), { exit: 0, out: /3 rows/ })
  const [json] = jsonLines((await run('audit-log', 'verify', '--format', 'json')).out)
  t.match(json, { rows: 3, head: { sequence: 3, hash: /^[0-9a-f]{64}$/ }, wrong: null })
})

t.test('a row that was changed is 1, with the first one and why', async t => {
  const { run, create, tamper } = await withTokens(t)
  for (const name of ['a', 'b', 'c']) await create(name)
  tamper(`update audit_log set target = 'd' where sequence = 2`)
  t.match(await run('audit-log', 'verify'), { exit: 1, out: /^✗ row 2: it says something else .*\n! 1 row hold/ })
  t.match(jsonLines((await run('audit-log', 'verify', '--format', 'json')).out), [{ rows: 1, wrong: { sequence: 2 } }])
})

t.test(
  'rows that are gone from the end, with all that is on record of them, are 1 for whoever knows the head',
  async t => {
    const { run, create, tamper } = await withTokens(t)
    for (const name of ['a', 'b', 'c']) await create(name)
    const head = /head (\S+)/.exec((await run('audit-log', 'verify')).out)?.[1] ?? ''
    tamper(`delete from audit_log where sequence > 1; update facts set value = 1 where name = 'audited'`)
    t.match(await run('audit-log', 'verify'), { exit: 0 })
    t.match(await run('audit-log', 'verify', '--expect', head), { exit: 1, out: /row 2: it is gone, up to 3/ })
  },
)

t.test('what cannot be looked at is no answer', async t => {
  const { run, create, database } = await withTokens(t)
  t.match(await run('audit-log', 'verify'), { exit: 2, out: '', err: /there is no database of a gate/ })
  t.match(await run('audit-log', 'export'), { exit: 2, out: '' })
  t.match(await run('audit-log', 'verify', '--expect', '3:abc'), { exit: 2, err: /Not a head/ })
  await create('ci')
  for (const end of ['-wal', '-shm']) rmSync(`${database}${end}`, { force: true })
  writeFileSync(database, 'no database'.repeat(1_000))
  t.match(await run('audit-log', 'verify'), { exit: 3, out: '' })
})

t.test('an export has who, what, why, when and from where, one row a line', async t => {
  const { run, with: using, create } = await withTokens(t)
  await create('ci', '--reason', 'SEC-1')
  t.match(await using({ environment: { SUDO_USER: 'grace' } })('token', 'revoke', 'ci', '--reason', '=1+1'), {
    exit: 0,
  })
  const { exit, out } = await run('audit-log', 'export')
  t.equal(exit, 0)
  t.match(jsonLines(out), [
    {
      sequence: 1,
      who: SHELL,
      what: 'token-created',
      target: 'ci',
      why: 'SEC-1',
      from: 'command line',
      previous: /^0{64}$/,
    },
    {
      sequence: 2,
      who: SHELL,
      what: 'token-revoked',
      why: '=1+1',
      when: /^\d{4}-.*Z$/,
      detail: { sudo_user: 'grace' },
    },
  ])
  t.strictSame(jsonLines((await run('audit-log', 'export', '--since', '2100-01-01')).out), [])
  const csv = (await run('audit-log', 'export', '--format', 'csv')).out.split('\r\n')
  t.equal(csv[0], 'sequence,when,who,from,what,target,why,detail,previous,hash,at,actor,action')
  t.match(csv[2], /^2,[^,]+,[^,]+,command line,token-revoked,ci,'=1\+1,"\{""sudo_user"":""grace""\}",/)
  t.equal(csv.length, 4)
})

t.test('an export into a file is for its owner alone, and replaces what is there', async t => {
  const { run, create, world, write } = await withTokens(t)
  await create('ci')
  const path = write('audit.jsonl', 'before')
  t.match(await run('audit-log', 'export', '--out', path), { exit: 0, out: /1 row in / })
  t.equal(jsonLines(readFileSync(path, 'utf8')).length, 1)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.match(await run('audit-log', 'export', '--out', join(world.folder, 'no/file')), { exit: 2 })
})

t.test('what somebody lets go of stands in it once, with the reason', async t => {
  const { run, world } = await withTokens(t)
  const { wheel } = await world.release('demo', '1.0')
  world.upstream.setSerial('demo', 7)
  const gate = await startGate(t, world)
  await (await fetch(gate.url + wheel.path)).arrayBuffer()
  const forget = ['history', 'forget', 'demo', '--what', 'serial', '--reason', 'INC-7']
  // what a gate learns is on the disk within a second, where commands find it
  await comesTo(
    'the serial is known',
    () => run(...forget),
    ({ exit }) => exit === 0,
    100,
  )
  t.match(await run(...forget), { exit: 1 })
  t.match(await run('audit-log', 'verify'), { exit: 0 }, 'beside the gate that runs')
  const rows = jsonLines((await run('audit-log', 'export')).out).filter(({ what }) => what === 'forgotten')
  t.match(rows, [{ who: SHELL, target: 'demo', why: 'INC-7', detail: { what: 'serial' } }])
  await gate.stop()
})

t.test('the log of gates that share a database is read there', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  const { run, world, write, create } = await withTokens(t)
  write('portcullis.yaml', stringify({ ...world.configuration(), store: { database: await cluster.database() } }))
  await create('ci')
  t.match(await run('audit-log', 'verify'), { exit: 0, out: /1 row, head 1:/ })
  t.match(jsonLines((await run('audit-log', 'export')).out), [{ what: 'token-created', target: 'ci' }])
  await cluster.stop('fast')
  t.match(await run('audit-log', 'verify'), { exit: 3, out: '' })
  t.match(await run('token', 'create', '--name', 'other'), { exit: 3, out: '' })
})
