// guards: src/cli/access/access.ts src/cli/access/token-create.ts src/cli/access/token-list.ts src/cli/access/token-revoke.ts
import { readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { tokenHash } from '../../../src/domain/access/token.ts'
import { instant, systemClock } from '../../../src/domain/base/instant.ts'
import { withTokens } from '../../../src/store/tokens.ts'
import { desk, jsonLines } from '../../world/commands/desk.ts'
import { startGate } from '../../world/gate/gate.ts'

t.test('a token is printed alone, once, and nothing that is kept holds it', async t => {
  const { run, world } = await desk(t)
  const { exit, out, err } = await run('token', 'create', '--name', 'ci', '--expires', '90d')
  t.equal(exit, 0, err)
  t.match(out, /^pcl_\S{49}\n$/)
  t.ok(tokenHash(out.trim()))
  t.match(err, /token ci, until \d{4}-/)
  const data = String(world.configuration()['data'])
  for (const name of readdirSync(data).filter(file => file.startsWith('portcullis.sqlite')))
    t.notMatch(readFileSync(join(data, name), 'latin1'), out.trim().slice(4, 30), name)
  t.notMatch((await run('token', 'list')).out, out.trim().slice(4, 30))
})

t.test('tokens are listed with what they are for and when they end, those that ended too', async t => {
  const { with: using } = await desk(t)
  const clock = { now: Date.UTC(2027, 0, 1) }
  const run = using({ clock: () => instant(clock.now) })
  t.match(await run('token', 'list'), { exit: 2, err: /there is no database of a gate/ })
  await run('token', 'create', '--name', 'ci', '--expires', '12h', '--index', 'main')
  await run('token', 'create', '--name', 'prometheus', '--scope', 'metrics')
  await run('token', 'create', '--name', 'old', '--expires', '2027-02-01')
  t.equal((await run('token', 'revoke', 'old')).exit, 0)
  clock.now += 13 * 3_600_000
  t.match(jsonLines((await run('token', 'list', '--format', 'json')).out), [
    {
      name: 'ci',
      subject: 'token:ci',
      indexes: ['main'],
      scopes: [],
      state: 'expired',
      expires: '2027-01-01T12:00:00.000Z',
    },
    { name: 'prometheus', indexes: [], scopes: ['metrics'], state: 'in force', expires: null },
    { name: 'old', indexes: null, state: 'revoked', revoked: '2027-01-01T00:00:00.000Z' },
  ])
  t.match((await run('token', 'list')).out, /prometheus +in force +2027-01-01 +- +\/metrics/)
})

t.test('who gave a token out is kept with it: the user of the shell, and who became it by sudo', async t => {
  const { with: using, world } = await desk(t)
  t.equal((await using({ environment: { SUDO_USER: 'ada' } })('token', 'create', '--name', 'ci')).exit, 0)
  const [token] = await withTokens(String(world.configuration()['data']), systemClock, tokens => tokens.list())
  t.strictSame(token?.givenBy, [`shell:${userInfo().username}`, 'shell:ada'])
})

t.test('scopes are given one by one or as a list, and listed', async t => {
  const { run } = await desk(t)
  t.equal((await run('token', 'create', '--name', 'bot', '--scope', 'approve,read', '--scope', 'metrics')).exit, 0)
  t.match(jsonLines((await run('token', 'list', '--format', 'json')).out), [
    { name: 'bot', indexes: null, scopes: ['metrics', 'read', 'approve'] },
  ])
  t.match((await run('token', 'list')).out, /bot .*every index, \/metrics, API read, API approve/)
})

t.test('a name is free again when its token has ended', async t => {
  const { run } = await desk(t)
  const create = ['token', 'create', '--name', 'ci'] as const
  t.equal((await run(...create)).exit, 0)
  t.match(await run(...create), { exit: 2, out: '', err: /a token in force is called "ci"/ })
  t.equal((await run('token', 'revoke', 'ci')).exit, 0)
  t.match(await run('token', 'revoke', 'ci'), { exit: 2, out: '', err: /no token in force is called "ci"/ })
  t.match(await run('token', 'revoke', ''), { exit: 2, out: '' })
  t.equal((await run(...create)).exit, 0)
  t.equal(jsonLines((await run('token', 'list', '--format', 'json')).out).length, 2)
})

t.test('what makes no sense is 2, and no token', async t => {
  const { run } = await desk(t)
  for (const argv of [
    [],
    ['--name', ''],
    ['--name', 'a b'],
    ['--name', 'x', '--index', 'nowhere'],
    ['--name', 'x', '--index', 'main,nowhere'],
    ['--name', 'x', '--expires', 'soon'],
    ['--name', 'x', '--expires', '2001-01-01'],
    ['--name', 'x', '--scope', 'everything'],
  ])
    t.match(await run('token', 'create', ...argv), { exit: 2, out: '' }, argv.join(' '))
  t.match((await run('token', 'list')).exit, 2, 'and no database either')
})

t.test('all of it works beside a gate that runs', async t => {
  const { run, world } = await desk(t)
  await world.release('demo', '1.0')
  const gate = await startGate(t, world)
  t.equal((await run('token', 'create', '--name', 'ci')).exit, 0)
  t.match((await run('token', 'list')).out, /ci +in force/)
  t.equal((await run('token', 'revoke', 'ci')).exit, 0)
  t.equal((await fetch(`${gate.url}/healthz`)).status, 200)
})
