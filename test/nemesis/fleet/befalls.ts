import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxyMood } from '../../world/engines/faulty-proxy.ts'
import type { LinkMood } from '../../world/engines/link.ts'
import { atOnce, type Mischief } from '../mischief/stage.ts'
import { approve } from './approve.ts'
import type { FleetStage, Replica } from './fleet-stage.ts'

/** What befalls gates that share a database and a bucket, and what is between them. One at a time. */

function machine(name: string, run: (stage: FleetStage, signal: AbortSignal) => Promise<void>): Mischief {
  return { name, side: 'machine', run }
}

function one({ dice, replicas }: FleetStage): Replica {
  return dice.pick(replicas)
}

/** Somebody wants something that nobody has, all the while. */
async function meanwhile(stage: FleetStage, work: Promise<unknown>): Promise<void> {
  const { truth, dice } = stage
  const over = new AbortController()
  const wanting = atOnce(3, 1_000, over.signal, () =>
    stage.ask({ client: stage.stranger(), path: dice.pick(truth.cold).path }),
  )
  await work.finally(() => over.abort())
  await wanting
}

function objects(mood: ProxyMood): Mischief {
  return machine(`bucket-${mood}`, async stage => {
    await stage.objects?.be(mood)
    await meanwhile(stage, sleep(stage.dice.between(500, 4_000)))
    await stage.objects?.be('fine')
  })
}

function link(mood: LinkMood): Mischief {
  return machine(`link-${mood}`, async stage => {
    const { link: line } = one(stage)
    line.be(mood)
    await meanwhile(stage, sleep(stage.dice.between(500, 7_000)))
    line.be('fine')
  })
}

/** After which no gate goes by an approval that was withdrawn: `store.max_stale`, and a moment to answer, ms. */
const HOLDS_MS = 6_500

/** Every gate says so within that time, or cannot tell; that it still says the opposite then is wrong. */
async function eachComesTo(
  { replicas, truth, checker, ...stage }: FleetStage,
  status: number,
  wrong: number,
): Promise<void> {
  const end = performance.now() + HOLDS_MS
  await Promise.all(
    replicas.map(async (replica, number) => {
      for (;;) {
        const answer = await stage.askOf(replica, { client: '127.0.1.21', path: truth.approvable.path })
        if (answer?.status === status) return
        if (performance.now() >= end) {
          if (answer?.status === wrong)
            checker.add(`gate ${number} goes by something else than was decided`, `${wrong}`)
          return
        }
        await sleep(200)
      }
    }),
  )
}

/** Needs an object store. */
export const BUCKET: readonly Mischief[] = [objects('fails'), objects('hangs'), objects('gone'), objects('slow')]

export const BEFALLS: readonly Mischief[] = [
  machine('replica-killed', async stage => {
    await sleep(stage.dice.between(0, 1_000))
    const { gate } = one(stage)
    await gate.kill()
    await meanwhile(stage, sleep(stage.dice.between(0, 1_000)))
    await gate.start()
  }),
  machine('replicas-killed', async stage => {
    await sleep(stage.dice.between(0, 1_000))
    const both = stage.dice.shuffled(stage.replicas).slice(0, 2)
    await Promise.all(both.map(({ gate }) => gate.kill()))
    await Promise.all(both.map(({ gate }) => gate.start()))
  }),
  // whoever held a lease is followed
  machine('replica-killed-at-a-cold-file', async stage => {
    const { path } = stage.dice.pick(stage.truth.cold)
    const replica = one(stage)
    const asking = atOnce(30, 30, AbortSignal.timeout(5_000), () => stage.ask({ client: stage.stranger(), path }))
    await sleep(stage.dice.between(0, 150))
    await replica.gate.kill()
    await asking
    await replica.gate.start()
  }),
  machine('replica-exchanged', async stage => {
    const { gate } = one(stage)
    await meanwhile(stage, gate.stop())
    await gate.start()
  }),
  machine('replica-stands-still', async stage => {
    const { gate } = one(stage)
    gate.signal('SIGSTOP')
    await meanwhile(stage, sleep(stage.dice.between(200, 3_000)))
    gate.signal('SIGCONT')
  }),
  machine('database-restarts', async stage => {
    await stage.cluster.stop(stage.dice.pick(['fast', 'immediate'] as const))
    await meanwhile(stage, sleep(stage.dice.between(0, 2_500)))
    await stage.cluster.start()
  }),
  machine('database-gone-and-a-replica-killed', async stage => {
    const { gate } = one(stage)
    await stage.cluster.stop('immediate')
    await meanwhile(stage, sleep(stage.dice.between(200, 2_000)))
    await gate.kill()
    await stage.cluster.start()
    await gate.start()
  }),
  link('cut'),
  link('silent'),
  // two first signers at once, at whichever gates
  machine('two-faces', async stage => {
    for (let turn = 0; turn < 2; turn += 1) {
      const project = stage.face()
      if (project === undefined) return
      const [first, second] = stage.truth.filesOf(project)
      if (first === undefined || second === undefined) throw new TypeError('a project with two faces has two files')
      await Promise.all(
        stage.replicas.flatMap(replica =>
          [first, second].map(({ path }) => stage.askOf(replica, { client: stage.stranger(), path })),
        ),
      )
    }
  }),
  // as on another gate, or by a command: all three hear of it from the database alone
  machine('approved-and-withdrawn', async stage => {
    const { inForce, database } = stage
    const span = inForce.approved()
    const approval = await approve(database, stage.truth.approvable)
    await eachComesTo(stage, 200, 403)
    const isWithdrawn = await approval.withdraw()
    span.withdrawn(HOLDS_MS)
    if (!isWithdrawn) stage.checker.add('an approval could not be withdrawn', '')
    await eachComesTo(stage, 403, 200)
  }),
  machine('many-want-one', async stage => {
    const { path } = stage.dice.pick(stage.truth.cold)
    await atOnce(90, 90, AbortSignal.timeout(10_000), () => stage.ask({ client: stage.stranger(), path }))
  }),
]
