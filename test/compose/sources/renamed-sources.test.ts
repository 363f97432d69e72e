import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { databaseIn } from '../../../src/store/sqlite/schema.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { createWorld, type World } from '../../world/world.ts'

const POLICY = 'version: 1\nprojects:\n  - { match: "*", attestation: optional }\n'

interface Settings {
  readonly sources?: readonly (readonly [name: string, world: World])[]
  readonly indexes?: object
}

/** `tools` is found at acme, and by now pypi alone has one of that name; gates follow one another on one data folder. */
async function tools(t: Test) {
  const pypi = await createWorld(t)
  const acme = await createWorld(t)
  const start = async ({
    sources = [
      ['acme', acme],
      ['pypi', pypi],
    ],
    indexes,
  }: Settings = {}): Promise<WorldGate> =>
    await startGate(t, pypi, {
      policy: POLICY,
      configuration: {
        upstream: undefined,
        sources: Object.fromEntries(
          sources.map(([name, { upstream }]) => [name, { index: upstream.origin, files: [upstream.filesOrigin] }]),
        ),
        ...(indexes === undefined ? {} : { indexes }),
      },
    })
  await acme.release('tools', '1.0', { attested: false })
  await acme.release('mine', '1.0', { attested: false })
  const gate = await start()
  for (const name of ['tools', 'mine']) t.equal((await fetch(`${gate.url}/simple/${name}/`)).status, 200)
  await gate.stop()
  acme.upstream.remove('tools')
  const { wheel } = await pypi.release('tools', '9.0', { attested: false })
  /** what becomes of the page of a name that acme still has, and of pypi's file */
  const outcomes = async ({ url, stop }: WorldGate, base = ''): Promise<readonly [number, string]> => {
    const { status } = await fetch(`${url}${base}/simple/mine/`)
    const answer = await fetch(`${url}${base}${wheel.path}`)
    const { code: told } = answer.status === 200 ? { code: 'admitted' } : ((await answer.json()) as { code: string })
    await stop()
    return [status, told]
  }
  return { acme, pypi, start, outcomes, data: gate.config.data }
}

t.test('a source that is called otherwise keeps its names', async t => {
  const { acme, pypi, start, outcomes } = await tools(t)
  const gate = await start({
    sources: [
      ['nexus', acme],
      ['pypi', pypi],
    ],
  })
  t.same(await outcomes(gate), [200, 'source-changed'])
})

t.test('two sources that change their names change nothing of whose a name is', async t => {
  const { acme, pypi, start, outcomes } = await tools(t)
  const gate = await start({
    sources: [
      ['pypi', acme],
      ['acme', pypi],
    ],
  })
  t.same(await outcomes(gate), [200, 'source-changed'])
})

t.test('a source that moves to another URL under its name keeps its names', async t => {
  const { pypi, start, outcomes } = await tools(t)
  const moved = await createWorld(t)
  await moved.release('mine', '1.0', { attested: false })
  t.same(
    await outcomes(
      await start({
        sources: [
          ['acme', moved],
          ['pypi', pypi],
        ],
      }),
    ),
    [200, 'source-changed'],
  )
})

t.test('a source that is gone, name and URL, leaves its names to nobody', async t => {
  const { pypi, start, outcomes } = await tools(t)
  const other = await createWorld(t)
  t.same(
    await outcomes(
      await start({
        sources: [
          ['pypi', pypi],
          ['other', other],
        ],
      }),
    ),
    [404, 'source-changed'],
  )
})

t.test('an index that is called otherwise, or that is at another path, keeps what it knows', async t => {
  const { start, outcomes } = await tools(t)
  const sources = ['acme', 'pypi']
  t.same(await outcomes(await start({ indexes: { front: { path: '/', sources } } })), [200, 'source-changed'])
  t.same(await outcomes(await start({ indexes: { front: { path: '/team', sources } } }), '/team'), [
    200,
    'source-changed',
  ])
})

t.test('what was written down by names alone is taken over', async t => {
  const { start, outcomes, data } = await tools(t)
  const database = new Database(databaseIn(data))
  database.exec(`update belongings set index_name = 'main', source_name = case project when '' then '' else 'acme' end`)
  database.close()
  t.same(await outcomes(await start()), [200, 'source-changed'])
  const after = new Database(databaseIn(data))
  const rows = after.prepare('select distinct index_name from belongings').pluck().all()
  after.close()
  t.same(rows, ['/'])
})
