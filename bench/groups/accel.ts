import { join } from 'node:path'
import { createWorld } from '../../test/world/world.ts'
import { type Measured, median } from '../figures.ts'
import { startGateProcess } from '../stage/gate-process.ts'
import { startNginx } from '../stage/nginx.ts'
import type { Running } from '../stage/processes.ts'
import { ACME, type Checkout, forEach, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'
import { type Cost, costOf, showRate } from './hot.ts'

export const ACCEL: Group = {
  name: 'accel',
  about: 'nginx that sends stored files for the gate',
  needs: ['nginx', 'wrk'],
  run: benchAccel,
}

interface Front {
  readonly url: string
  /** of nginx and of the gate behind it */
  readonly servers: readonly Running[]
}

async function benchAccel(stage: Stage): Promise<readonly Measured[]> {
  const { checkouts, rounds, seconds, folder, scope, warn } = stage
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const alone = await startNginx(join(folder, 'alone'), { sendfile: 'on' })
  scope.teardown(() => alone.stop())
  const fronts: (Front | undefined)[] = []
  for (const [place, checkout] of checkouts.entries())
    fronts.push(await startFront(stage, checkout, world.configuration(), join(folder, `front-${place}`)))
  if (fronts.every(front => front === undefined)) return []
  const rows: Measured[] = []
  for (const [size, padTo] of [
    ['100 KB', 100_000],
    ['50 MB', 50_000_000],
  ] as const) {
    const { wheel } = await world.release(`sent-${padTo}`, '1.0', { kinds: ['wheel'], padTo, identity: ACME })
    for (const front of fronts) if (front !== undefined) await (await fetch(`${front.url}${wheel.path}`)).arrayBuffer()
    alone.serve(`/files/${wheel.filename}`, wheel.bytes)
    const how = { connections: padTo > 10_000_000 ? 8 : 32, headers: {}, bytes: wheel.bytes.length, seconds }
    const plain: Cost[] = []
    const ours = forEach<Cost>(checkouts)
    await inTurn(
      stage,
      rounds,
      async (_, place) => {
        const front = fronts[place]
        if (front === undefined) return
        const cpu = (): number => front.servers.reduce((sum, server) => sum + server.cpu(), 0)
        const cost = await costOf({ cpu }, `${front.url}${wheel.path}`, how)
        if (cost.failed > 0) warn(`accel: ${cost.failed} answers were errors`)
        ours[place]?.push(cost)
      },
      async () => void plain.push(await costOf(alone, `${alone.url}/files/${wheel.filename}`, how)),
    )
    const told = (name: string, costs: readonly Cost[]): string =>
      `${name} ${median(costs.map(({ cpu }) => cpu)).toFixed(0)} µs CPU of a request ${showRate(median(costs.map(({ rate }) => rate)), how.bytes)}`
    const both = [...ours.entries()].filter(([, costs]) => costs.length > 0)
    rows.push({
      scenario: `files.accel: hot ${size} file, sent by nginx after the verdict`,
      unit: '/s',
      gates: ours.map(costs => costs.map(({ rate }) => rate)),
      peer: { name: 'nginx alone', values: plain.map(({ rate }) => rate) },
      better: 'more',
      goal: { atLeast: 0.8 },
      note: [
        ...both.map(([place, costs]) => told(`nginx and gate of ${checkouts[place]?.name}`, costs)),
        told('nginx alone', plain),
      ].join(', '),
    })
  }
  return rows
}

/** A gate with `files.accel` and nginx in front of it; nothing where the gate does not know the key. */
async function startFront(
  { scope, warn }: Stage,
  checkout: Checkout,
  configuration: Readonly<Record<string, unknown>>,
  folder: string,
): Promise<Front | undefined> {
  const accel = { header: 'X-Accel-Redirect', location: '/_blobs/' }
  const settings = { ...configuration, files: { accel }, trust_proxy: ['127.0.0.1/32'] }
  try {
    const gate = await startGateProcess(checkout, settings, join(folder, 'gate'))
    scope.teardown(() => gate.stop())
    const front = { gate: gate.url, blobs: join(gate.data, 'blobs') }
    const nginx = await startNginx(join(folder, 'nginx'), { sendfile: 'on', front })
    scope.teardown(() => nginx.stop())
    return { url: nginx.url, servers: [nginx, gate] }
  } catch (error) {
    const [, reason = ''] = String(error).split('\n')
    warn(`accel: ${checkout.name} does not start with files.accel: ${reason}`)
    return undefined
  }
}
