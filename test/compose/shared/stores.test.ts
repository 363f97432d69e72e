import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { checkStore, migrateStore } from '../../../src/compose/shared/stores.ts'
import { millis, systemClock } from '../../../src/domain/base/instant.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published } from '../../world/world.ts'

async function statusOf({ url }: WorldGate, { path }: Pick<Published, 'path'>): Promise<number> {
  const answer = await fetch(`${url}${path}`)
  await answer.arrayBuffer()
  return answer.status
}

t.test('without a database that gates share there is none to bring anything to', async t => {
  const store = { database: undefined, blobs: undefined, maxStale: millis(60_000) }
  await t.rejects(migrateStore({ store, data: t.testdir() }, t.testdir(), { clock: systemClock }), {
    code: 'config-invalid',
  })
  await t.rejects(checkStore({ store, data: t.testdir() }), { code: 'config-invalid' })
})

t.test('two gates over one database', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const { wheel: other } = await world.release('demo', '1.1', { kinds: ['wheel'] })
  if (wheel === undefined || other === undefined) throw new TypeError('wheels were published')
  const environment = { PORTCULLIS_STORE_DATABASE: await cluster.database() }
  // a start waits for the database; both migrate at once
  const [one, two] = await Promise.all(
    ['one', 'two'].map(name =>
      startGate(t, world, {
        environment,
        configuration: { data: `${world.folder}/data-${name}`, index: { max_age: '1s' } },
      }),
    ),
  )
  if (one === undefined || two === undefined) throw new TypeError('two gates were started')

  for (const gate of [one, two]) for (const _ of [1, 2, 3]) t.equal(await statusOf(gate, wheel), 200)
  t.equal((await fetch(`${one.url}/readyz`)).status, 200)

  await cluster.stop('immediate')
  await until('it is told that the database is away', async () => one.events.some(({ type }) => type === 'unknown'))
  await delay(1_500) // the page is asked for again meanwhile
  for (const gate of [one, two]) t.equal(await statusOf(gate, wheel), 200, 'what was admitted goes on')
  t.equal(await statusOf(one, other), 503, 'nothing else is admitted')
  const ready = await fetch(`${one.url}/readyz`)
  t.equal(ready.status, 200, 'it may be away for a minute')
  t.match(await ready.text(), /"database": \{[^}]*the database is away/)

  await cluster.start()
  await until('all is served again', async () => (await statusOf(one, other)) === 200)
  await until('the other serves it, too', async () => (await statusOf(two, other)) === 200)
})
