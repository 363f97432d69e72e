import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createWorld, type World } from '../../test/world/world.ts'
import type { Served } from '../children/bare-server.ts'
import type { Measured } from '../figures.ts'
import { startGateProcess } from '../stage/gate-process.ts'
import { runScript, startScript } from '../stage/processes.ts'
import { ACME, forEach, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

export const HERD: Group = {
  name: 'herd',
  about: '1,000 clients on one cold file, 200 on one of 50 MB',
  async run(stage) {
    const world = await createWorld(stage.scope)
    world.writePolicy(POLICY)
    return [...(await benchCounts(stage, world)), ...(await benchLarge(stage, world))]
  },
}

async function benchCounts(stage: Stage, world: World): Promise<readonly Measured[]> {
  const { checkouts, folder, warn } = stage
  const clients = 1_000
  const downloads = forEach<number>(checkouts)
  const verifications = forEach<number>(checkouts)
  await inTurn(stage, 1, async (checkout, place) => {
    const project = `herd-${place}`
    const { wheel } = await world.release(project, '1.0', { kinds: ['wheel'], padTo: 2_000_000, identity: ACME })
    const gate = await startGateProcess(checkout, world.configuration(), join(folder, `counts-${place}`))
    try {
      const name = 'portcullis_verification_duration_seconds_count'
      const verified = await gate.counter(name)
      world.upstream.forgetRequests()
      const { whole } = await runScript('herd.ts', [`${gate.url}${wheel.path}`, String(clients), wheel.sha256])
      if (whole !== clients) warn(`herd: ${whole} of ${clients} clients got the whole file`)
      downloads[place]?.push(world.upstream.count('file', wheel.filename))
      verifications[place]?.push((await gate.counter(name)) - verified)
    } finally {
      await gate.stop()
    }
  })
  const row = (what: string, gates: readonly (readonly number[])[]): Measured => ({
    scenario: `${clients} clients, one cold file: ${what}`,
    unit: '',
    gates,
    better: 'less',
    goal: { exactly: 1 },
  })
  return [row('upstream downloads', downloads), row('verifications', verifications)]
}

/** Directly means a bare `node:http` server on the gate's core, with the file in its memory. */
async function benchLarge(stage: Stage, world: World): Promise<readonly Measured[]> {
  const { checkouts, folder, rounds, scope, quick, warn } = stage
  const clients = quick ? 50 : 200
  const { wheel } = await world.release('herd-large', '1.0', { kinds: ['wheel'], padTo: 50_000_000, identity: ACME })
  const file = join(folder, wheel.filename)
  writeFileSync(file, wheel.bytes)
  const bare = await startScript<{ readonly origin: string }>('bare-server.ts', [], 'server')
  scope.teardown(() => bare.stop())
  const served: Served = { path: wheel.path, file, from: 'memory', headers: {} }
  await fetch(bare.ready.origin, { method: 'POST', body: JSON.stringify(served) })
  const herd = async (origin: string): Promise<number> => {
    const words = [`${origin}${wheel.path}`, String(clients), wheel.sha256, String(wheel.bytes.length)]
    const { whole, seconds = Number.NaN } = await runScript('herd.ts', words)
    if (whole !== clients) warn(`herd: ${whole} of ${clients} clients got the whole 50 MB`)
    return seconds
  }
  const direct: number[] = []
  const [ours, peak, cpu] = [forEach<number>(checkouts), forEach<number>(checkouts), forEach<number>(checkouts)]
  await inTurn(
    stage,
    Math.min(rounds, 3),
    async (checkout, place) => {
      const home = join(folder, `large-${place}`)
      const gate = await startGateProcess(checkout, world.configuration(), home)
      try {
        const before = gate.cpu()
        ours[place]?.push(await herd(gate.url))
        cpu[place]?.push(gate.cpu() - before)
        peak[place]?.push(gate.peakMemory() / 1e6)
      } finally {
        await gate.stop()
      }
      rmSync(home, { recursive: true })
    },
    async () => void direct.push(await herd(bare.ready.origin)),
  )
  const what = `${clients} clients, one cold 50 MB file`
  return [
    {
      scenario: `${what}: until all have it`,
      unit: 's',
      gates: ours,
      peer: { name: 'bare node:http from memory', values: direct },
      better: 'less',
      goal: { atMost: 1.4 },
      cpu: { per: 'in all', gates: cpu },
    },
    { scenario: `${what}: memory at most`, unit: 'MB', gates: peak, better: 'less', goal: { atMost: 150 } },
  ]
}
