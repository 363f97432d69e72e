import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createWorld } from '../../test/world/world.ts'
import type { Measured } from '../figures.ts'
import { startGateProcess } from '../stage/gate-process.ts'
import { stallReaders } from '../stage/load.ts'
import { runScript } from '../stage/processes.ts'
import { ACME, forEach, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

export const MEMORY: Group = {
  name: 'memory',
  about: 'an idle gate, and 200 readers that stall',
  run: benchMemory,
}

export const START: Group = {
  name: 'start',
  about: 'start to ready: second start, 100,000 findings',
  run: benchStart,
}

async function benchMemory(stage: Stage): Promise<readonly Measured[]> {
  const { checkouts, folder, scope, rounds } = stage
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const { wheel } = await world.release('large', '1.0', { kinds: ['wheel'], padTo: 50_000_000, identity: ACME })
  const [idle, stalled] = [forEach<number>(checkouts), forEach<number>(checkouts)]
  await inTurn(stage, Math.min(rounds, 3), async (checkout, place) => {
    const home = join(folder, `gate-${place}`)
    // a first start makes the database, with a library that no later start loads: what runs for months is a later one
    await (await startGateProcess(checkout, world.configuration(), home)).stop()
    const gate = await startGateProcess(checkout, world.configuration(), home)
    try {
      await sleep(3_000)
      idle[place]?.push(gate.memory() / 1e6)
      await (await fetch(`${gate.url}${wheel.path}`)).arrayBuffer()
      gate.forgetPeak()
      const sockets = await stallReaders(`${gate.url}${wheel.path}`, 200)
      await sleep(5_000)
      stalled[place]?.push(gate.peakMemory() / 1e6)
      for (const socket of sockets) socket.destroy()
    } finally {
      await gate.stop()
    }
  })
  return [
    { scenario: 'memory, idle, second start', unit: 'MB', gates: idle, better: 'less', goal: { atMost: 90 } },
    {
      scenario: 'memory at most, 200 stalled 50 MB readers',
      unit: 'MB',
      gates: stalled,
      better: 'less',
      goal: { atMost: 280 },
    },
  ]
}

async function benchStart(stage: Stage): Promise<readonly Measured[]> {
  const { scope, quick } = stage
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const start = async (name: string, count: number, atMost: number): Promise<Measured> => {
    const home = (place: number): string => join(stage.folder, `${count}-${place}`)
    const filled = new Set<number>()
    const [seconds, cpu] = [forEach<number>(stage.checkouts), forEach<number>(stage.checkouts)]
    await inTurn(stage, stage.rounds, async (checkout, place) => {
      if (!filled.has(place)) {
        const data = join(home(place), 'data')
        const words = [checkout.root, data, String(count), world.upstream.origin, world.signing.trustedRootJson]
        if (count > 0) await runScript('remember.ts', words)
        await (await startGateProcess(checkout, world.configuration(), home(place))).stop()
        filled.add(place)
      }
      const gate = await startGateProcess(checkout, world.configuration(), home(place))
      cpu[place]?.push(gate.cpu())
      seconds[place]?.push(gate.readyMs / 1000)
      await gate.stop()
    })
    const scenario = `start of the process to ready, ${name}`
    return {
      scenario,
      unit: 's',
      gates: seconds,
      better: 'less',
      goal: { atMost },
      cpu: { per: 'a start', gates: cpu },
    }
  }
  const count = quick ? 10_000 : 100_000
  return [
    await start('second start', 0, 0.4),
    await start(`with ${count.toLocaleString('en')} remembered findings`, count, 1.5),
  ]
}
