import pg from 'pg'
import t, { type Test } from 'tap'
import { runCommand } from '../../world/commands/commands.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld, type Published } from '../../world/world.ts'

const POLICY =
  'version: 1\nprojects:\n  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }\n  - { match: other, attestation: optional }\n'

/** A gate of several, with a file that passes because somebody approved it, and one that needs no approval. */
async function scene(t: Test) {
  const world = await createWorld(t)
  const { wheel: approved } = await world.release('demo', '1.0', { attested: false })
  const { wheel: other } = await world.release('other', '1.0', { attested: false })
  const cluster = await startCluster(t)
  const database = await cluster.database()
  const gate = await startGate(t, world, {
    policy: POLICY,
    configuration: { store: { database, max_stale: '3s' }, console: { listen: '127.0.0.1:0' } },
  })
  const environment = { PORTCULLIS_STORE_DATABASE: database, PORTCULLIS_DATA: gate.config.data }
  const token = async (name: string, ...words: readonly string[]) =>
    (await runCommand(['token', 'create', '--name', name, ...words], { folder: world.folder, environment })).out.trim()
  const [dev, approver] = [await token('dev'), await token('approver', '--scope', 'approve')]
  const post = async (path: string, bearer: string, body: object) => {
    const answer = await fetch(`${gate.app.consoleUrl}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await answer.json()) as { readonly id: string; readonly state: string }
  }
  const [, refusal = ''] = /\/x\/([0-9a-z]{12})/.exec((await fetch(`${gate.url}${approved.path}`)).statusText) ?? []
  const { id } = await post('/requests', dev, { refusal, reason: 'wanted' })
  const ends = new Date(Date.now() + 86_400_000).toISOString()
  t.equal((await post(`/requests/${id}/approve`, approver, { ends })).state, 'approved')
  return { gate, database, approved, other }
}

async function ask({ url }: WorldGate, { path }: Pick<Published, 'path'>) {
  const answer = await fetch(`${url}${path}`)
  const text = await answer.text()
  return { status: answer.status, code: answer.ok ? undefined : String(JSON.parse(text).code) }
}

t.test('while nobody can read what is approved, no file passes by an approval', { skip: NO_POSTGRES }, async t => {
  const { gate, database, approved, other } = await scene(t)
  const answers = async (status: number) =>
    await comesTo(
      `it is ${status}`,
      () => ask(gate, approved),
      answer => answer.status === status,
    )
  t.match(await answers(200), { status: 200 })

  const lock = new pg.Client({ connectionString: database })
  await lock.connect()
  t.teardown(async () => await lock.end())
  // another gate has decided something, and what it was cannot be read
  await lock.query(`update facts set value = value + 1 where name = 'requests_decided'`)
  await lock.query('begin')
  await lock.query('lock table requests in access exclusive mode')
  t.match(await answers(503), { status: 503, code: 'unknown-store' })
  t.match(await ask(gate, other), { status: 200 }, 'what needs no approval is served')
  const ready = await fetch(`${gate.url}/readyz`)
  t.match(
    await ready.text(),
    /what is approved could not be read for \d+ s: files that rest on an approval are not served/,
  )
  await lock.query('rollback')
  t.match(await answers(200), { status: 200 }, 'until it can be read again')
})
