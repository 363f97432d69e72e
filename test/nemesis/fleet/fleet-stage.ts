import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeBucket, through } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { type FaultyProxy, startFaultyProxy } from '../../world/engines/faulty-proxy.ts'
import { type Link, startLink } from '../../world/engines/link.ts'
import { type Cluster, startCluster } from '../../world/engines/postgres.ts'
import { createChecker } from '../checks/checker.ts'
import { createInForce } from '../checks/in-force.ts'
import { createOwed, type Owed } from '../checks/journal.ts'
import type { Dice } from '../dice.ts'
import { createGateProcess, type Ended, type GateProcess } from '../gate-process.ts'
import { createHealth } from '../health.ts'
import type { Stage } from '../mischief/stage.ts'
import { PROMISED, readLine, STRANGERS_PATIENCE } from '../setting.ts'
import { createTruth, INTERNAL, SECRET, type Truth } from '../truth.ts'
import { type Answer, type Asked, createWire } from '../wire.ts'
import { startBalancer } from './balancer.ts'

/** One of several gates, and its own line to the database. */
export interface Replica {
  readonly gate: GateProcess
  readonly link: Link
  readonly data: string
}

/** A stage with several gates behind a balancer, which stands in the place of the gate. */
export interface FleetStage extends Stage {
  readonly replicas: readonly Replica[]
  readonly cluster: Cluster
  /** `postgres://…`, past every line */
  readonly database: string
  /** before the object store; `undefined` where there is none, and each gate has bytes of its own */
  readonly objects: FaultyProxy | undefined
  /** a project that nobody has asked for, of two releases by two signers */
  face(): string | undefined
  /** Asks one of them past the balancer. */
  askOf(replica: Replica, asked: Asked): Promise<Answer | undefined>
}

export interface Fleet {
  readonly stage: FleetStage
  readonly owed: Owed
  readonly deaths: Ended[]
  readonly alarms: Map<string, number>
  /** answers of which it is not known who gave them */
  readonly unplaced: () => number
  /** `postgres://…`, past every line */
  readonly database: string
  /** the bucket, past the proxy; or why there is none */
  readonly bucket: { readonly address: string } | { readonly skip: string }
  close(): Promise<void>
}

const REPLICAS = 3
const FACES = 8
/** so that each life of each gate has a number of its own */
const LIVES = 100_000

export async function setFleet(t: Test, dice: Dice): Promise<Fleet> {
  const truth = await createTruth(t, { faces: FACES })
  const { world } = truth
  writeFileSync(world.policy, truth.policies.open)
  const cluster = await startCluster(t)
  const database = await cluster.database()
  const store = await startCeph('fetched before')
  const bucket = 'skip' in store ? store : { address: await makeBucket(store) }
  const objects = 'skip' in store ? undefined : await startFaultyProxy(store.endpoint)
  const inForce = createInForce('open')
  const checker = createChecker({ truth, inForce, mode: 'list' })
  const owed = createOwed()
  const deaths: Ended[] = []
  const alarms = new Map<string, number>()
  const wire = createWire()
  const replicas: Replica[] = []
  const closing: (() => unknown)[] = []
  for (let number = 0; number < REPLICAS; number += 1) {
    const folder = join(world.folder, `replica-${number}`)
    const data = join(folder, 'data')
    mkdirSync(data, { recursive: true })
    const link = await startLink(cluster.port)
    const health = createHealth(wire, [])
    const blobs = objects === undefined || 'skip' in bucket ? {} : { blobs: through(objects.url, bucket.address) }
    const shared = { database: database.replace(`:${cluster.port}/`, `:${link.port}/`), ...blobs, max_stale: '5s' }
    const gate = createGateProcess({
      folder,
      configuration: configurationOf(truth, data, shared),
      line: text => readLine(text, checker.add, alarms),
      ended(ended) {
        const until = ended.how === 'stopped' ? Number.POSITIVE_INFINITY : ended.at - PROMISED - health.slowest()
        owed.ended(number * LIVES + ended.life, until)
        if (!(ended.how === 'killed' || (ended.how === 'stopped' && ended.code === 0))) deaths.push(ended)
      },
    })
    health.watch(gate)
    replicas.push({ gate, link, data })
    closing.push(
      health.end,
      () => gate.close(),
      () => link.close(),
    )
  }
  const balancer = await startBalancer(replicas.map(({ gate }) => gate))
  let strangers = 0
  let faces = 0
  let unplaced = 0

  function see(answer: Answer, replica: number | undefined, life: number): Answer {
    if (replica === undefined) {
      if (answer.status !== undefined) unplaced += 1
    } else owed.note(answer, replica * LIVES + life)
    checker.see(answer)
    return answer
  }

  const stage: FleetStage = {
    truth,
    upstream: world.upstream,
    dice,
    gate: inPlaceOfOne(balancer.url),
    checker,
    inForce,
    disk: undefined,
    full: { since: undefined, until: 0 },
    lies: new Map(),
    replicas,
    cluster,
    database,
    objects,
    face() {
      faces += 1
      return truth.faces[faces - 1]
    },
    stranger() {
      strangers += 1
      return `127.${20 + ((strangers >> 14) & 63)}.${(strangers >> 7) & 127}.${1 + (strangers & 127)}`
    },
    async ask(asked) {
      const answer = await wire.ask(balancer.url, { patience: STRANGERS_PATIENCE, ...asked })
      const who = answer.port === undefined ? undefined : balancer.whoServed(asked.client, answer.port)
      return see(answer, who?.replica, who?.life ?? 0)
    },
    async askOf(replica, asked) {
      const { url, life } = replica.gate
      if (url === undefined) return undefined
      return see(await wire.ask(url, asked), replicas.indexOf(replica), life)
    },
    enforce: () => Promise.reject(new Error('the policy of a fleet stays')),
  }
  return {
    stage,
    owed,
    deaths,
    alarms,
    unplaced: () => unplaced,
    database,
    bucket,
    async close() {
      wire.close()
      await balancer.close()
      for (const close of closing) await close()
      await objects?.close()
      if (!('skip' in store)) await store.close()
    },
  }
}

/** The balancer, as far as clients care: it is always there, and what befalls the gates behind it is no excuse. */
function inPlaceOfOne(url: string): GateProcess {
  const none = (): never => {
    throw new Error('there is more than one gate')
  }
  return {
    url,
    life: 1,
    peakBytes: 0,
    up: () => Promise.resolve(url),
    start: none,
    kill: none,
    stop: none,
    signal: none,
    stoodStillUntil: 0,
    says: none,
    close: none,
  }
}

function configurationOf(
  { world }: Truth,
  data: string,
  store: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const base = world.configuration()
  return {
    ...base,
    data,
    store,
    upstream: { ...(base['upstream'] as object), timeout: '1s', auth: { [world.upstream.origin]: { token: SECRET } } },
    index: { mode: 'list', max_age: '1s', max_stale: '20s', internal: [INTERNAL] },
    files: { spool: '64KiB', cache: '12MiB' },
    findings: { negative_ttl: '2s' },
  }
}
