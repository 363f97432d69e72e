import { join } from 'node:path'
import { createWorld, type World } from '../../test/world/world.ts'
import type { Measured } from '../figures.ts'
import { type GateProcess, startGateProcess } from '../stage/gate-process.ts'
import { timeDownload } from '../stage/load.ts'
import { ACME, forEach, GIGABIT, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

export const COLD: Group = {
  name: 'cold',
  about: 'a cold 50 MB file beside a plain download',
  needs: ['curl'],
  async run(stage) {
    const { checkouts, scope, folder } = stage
    const world = await createWorld(scope)
    world.writePolicy(POLICY)
    const gates: GateProcess[] = []
    for (const [place, checkout] of checkouts.entries()) {
      const gate = await startGateProcess(checkout, world.configuration(), join(folder, `gate-${place}`))
      scope.teardown(() => gate.stop())
      gates.push(gate)
    }
    return [
      await benchCold(stage, world, gates, { name: 'at 1 Gbit/s', limit: GIGABIT, goal: 1.1 }),
      await benchCold(stage, world, gates, { name: 'uncapped', limit: undefined, goal: 3 }),
    ]
  },
}

async function benchCold(
  stage: Stage,
  world: World,
  gates: readonly GateProcess[],
  how: { readonly name: string; readonly limit: number | undefined; readonly goal: number },
): Promise<Measured> {
  const { checkouts, rounds } = stage
  const plain: number[] = []
  const ours = forEach<number>(checkouts)
  const cpu = forEach<number>(checkouts)
  let path = ''
  // one round more, of which nothing is kept: both sides open their connections
  await inTurn(
    stage,
    rounds + 1,
    async (_, place, round) => {
      const gate = gates[place]
      if (gate === undefined) return
      const before = gate.cpu()
      const seconds = await timeDownload(`${gate.url}${path}`)
      if (round === 0) return
      ours[place]?.push(seconds)
      cpu[place]?.push(gate.cpu() - before)
    },
    async round => {
      // a project a round: the page of a known one is believed for index.max_age
      const project = `cold-${how.name.replace(/\W+/g, '-')}-${round}`
      const { wheel } = await world.release(project, '1.0', { kinds: ['wheel'], padTo: 50_000_000, identity: ACME })
      world.upstream.limit(how.limit)
      const seconds = await timeDownload(`${world.upstream.filesOrigin}${wheel.path}`)
      if (round > 0) plain.push(seconds)
      path = wheel.path
    },
  )
  world.upstream.limit(undefined)
  return {
    scenario: `cold 50 MB file, attestation verified first, upstream ${how.name}`,
    unit: 's',
    gates: ours,
    peer: { name: 'plain download', values: plain },
    better: 'less',
    goal: { atMost: how.goal },
    cpu: { per: 'a file', gates: cpu },
  }
}
