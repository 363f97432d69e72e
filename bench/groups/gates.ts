import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeBucket, through } from '../../test/world/engines/bucket.ts'
import { startCeph } from '../../test/world/engines/ceph.ts'
import { startFaultyProxy } from '../../test/world/engines/faulty-proxy.ts'
import { NO_POSTGRES, startCluster } from '../../test/world/engines/postgres.ts'
import { createWorld, type World } from '../../test/world/world.ts'
import type { Measured } from '../figures.ts'
import { type GateProcess, startGateProcess } from '../stage/gate-process.ts'
import { ACME, forEach, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'
import { hearStatements } from '../stage/statements.ts'

export const GATES: Group = {
  name: 'gates',
  about: 'a gate of several, beside one with SQLite and its disk',
  async run(stage) {
    const { scope, warn } = stage
    if (NO_POSTGRES !== false) {
      warn(`gates: ${NO_POSTGRES}`)
      return []
    }
    const store = await startCeph('fetched before')
    if ('skip' in store) {
      warn(`gates: ${store.skip}`)
      return []
    }
    scope.teardown(() => store.close())
    const world = await createWorld(scope)
    world.writePolicy(POLICY)
    const cluster = await startCluster(scope)
    const engines = {
      port: cluster.port,
      endpoint: store.endpoint,
      database: cluster.database,
      bucket: () => makeBucket(store),
    }
    return [...(await benchRequests(stage, world, engines)), ...(await benchCold(stage, world, engines))]
  },
}

interface Engines {
  readonly port: number
  readonly endpoint: string
  /** one that nobody uses yet */
  readonly database: () => Promise<string>
  readonly bucket: () => Promise<string>
}

const HOT = 1_000
const COLD = 20
/** What a gate sends whatever is asked of it: whether there is news and what it goes by, the newest time, and its journal in batches. */
const BY_ITSELF =
  /pg_snapshot_xmin|into facts as f|insert into (?:journal|refusals|gates)|from gates|set expires_at = clock_timestamp\(\) \+ \$2/

async function get(gate: GateProcess, path: string): Promise<void> {
  const answer = await fetch(`${gate.url}${path}`)
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
}

async function benchRequests(stage: Stage, world: World, engines: Engines): Promise<readonly Measured[]> {
  const { checkouts, folder, scope } = stage
  const line = await hearStatements(engines.port)
  const proxy = await startFaultyProxy(engines.endpoint)
  scope.teardown(async () => {
    line.close()
    await proxy.close()
  })
  const [hotSql, hotS3, coldSql, coldS3, bySelf] = [1, 2, 3, 4, 5].map(() => forEach<number>(checkouts))
  const texts = (): readonly string[] => line.statements.filter(text => !BY_ITSELF.test(text))
  await inTurn(stage, 1, async (checkout, place) => {
    const database = (await engines.database()).replace(`:${engines.port}/`, `:${line.port}/`)
    const blobs = through(proxy.url, await engines.bucket())
    const settings = { ...world.configuration(), store: { database, blobs } }
    const gate = await startGateProcess(checkout, settings, join(folder, `counts-${place}`))
    try {
      const paths: string[] = []
      for (let number = 0; number < COLD; number += 1)
        paths.push((await wheelOf(world, `counted-${place}-${number}`)).path)
      await get(gate, paths[0] ?? '') // whatever is asked once
      await sleep(1_500)
      const [sql, s3] = [texts().length, proxy.requests.length]
      for (const path of paths.slice(1)) await get(gate, path)
      await sleep(2_000)
      coldSql?.[place]?.push((texts().length - sql) / (COLD - 1))
      coldS3?.[place]?.push((proxy.requests.length - s3) / (COLD - 1))
      for (const path of paths) await get(gate, path)
      await sleep(1_000)
      const [before, objects, all, began] = [
        texts().length,
        proxy.requests.length,
        line.statements.length,
        performance.now(),
      ]
      for (let number = 0; number < HOT; number += 1) await get(gate, paths[number % COLD] ?? '')
      bySelf?.[place]?.push((line.statements.length - all) / ((performance.now() - began) / 1_000))
      hotSql?.[place]?.push(texts().length - before)
      hotS3?.[place]?.push(proxy.requests.length - objects)
    } finally {
      await gate.stop()
    }
  })
  const row = (scenario: string, gates: readonly (readonly number[])[] = [], goal?: Measured['goal']): Measured => ({
    scenario,
    unit: scenario.includes('a second') ? '/s' : '',
    gates,
    better: 'less',
    ...(goal === undefined ? {} : { goal }),
  })
  return [
    row('several gates: statements for 1,000 hot files', hotSql, { exactly: 0 }),
    row('several gates: requests to the bucket for 1,000 hot files', hotS3, { exactly: 0 }),
    row('several gates: statements a second that a busy gate sends by itself, journal included', bySelf),
    row('several gates: statements for a cold file of a new project', coldSql),
    row('several gates: requests to the bucket for a cold file of a new project', coldS3),
  ]
}

async function wheelOf(world: World, project: string) {
  const { wheel } = await world.release(project, '1.0', { kinds: ['wheel'], padTo: 300_000, identity: ACME })
  return wheel
}

/** Page, `.metadata` and file of projects that nobody asked for, one after the other. */
async function benchCold(stage: Stage, world: World, engines: Engines): Promise<readonly Measured[]> {
  const { checkouts, folder, rounds } = stage
  const [shared, alone, sharedMemory, aloneMemory] = [1, 2, 3, 4].map(() => forEach<number>(checkouts))
  const [cpu, aloneCpu] = [forEach<number>(checkouts), forEach<number>(checkouts)]
  await inTurn(stage, rounds, async (checkout, place, round) => {
    const home = (name: string): string => join(folder, `${name}-${place}-${round}`)
    const many = { store: { database: await engines.database(), blobs: await engines.bucket() } }
    for (const [name, settings, times, memory, used] of [
      ['alone', {}, alone, aloneMemory, aloneCpu],
      ['shared', many, shared, sharedMemory, cpu],
    ] as const) {
      mkdirSync(home(name))
      const configuration = { ...world.configuration(), ...settings }
      await (await startGateProcess(checkout, configuration, home(name))).stop()
      const gate = await startGateProcess(checkout, configuration, home(name))
      try {
        await sleep(3_000)
        memory?.[place]?.push(gate.memory() / 1e6)
        const wheels = []
        for (let number = 0; number <= COLD; number += 1)
          wheels.push(await wheelOf(world, `${name}-${place}-${round}-${number}`))
        const [first, ...rest] = wheels
        if (first !== undefined) await get(gate, first.path) // whatever is loaded at the first file
        const before = gate.cpu()
        const began = performance.now()
        for (const { project, path } of rest)
          for (const each of [`/simple/${project}/`, `${path}.metadata`, path]) await get(gate, each)
        times?.[place]?.push((performance.now() - began) / COLD)
        used[place]?.push((gate.cpu() - before) / COLD)
      } finally {
        await gate.stop()
      }
    }
  })
  const [peer, peerMemory] = [alone?.[0] ?? [], aloneMemory?.[0] ?? []]
  return [
    {
      scenario: 'several gates: page, .metadata and file of a new project, 300 KB, cold',
      unit: 'ms',
      gates: shared ?? [],
      peer: { name: 'SQLite and disk', values: peer },
      better: 'less',
    },
    {
      scenario: 'several gates: CPU of the gate for it',
      unit: 'ms',
      gates: cpu,
      peer: { name: 'SQLite and disk', values: aloneCpu[0] ?? [] },
      better: 'less',
    },
    {
      scenario: 'several gates: memory of a gate, idle, second start',
      unit: 'MB',
      gates: sharedMemory ?? [],
      peer: { name: 'SQLite and disk', values: peerMemory },
      better: 'less',
    },
  ]
}
