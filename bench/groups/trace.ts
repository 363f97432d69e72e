import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IndexReady, IndexTold } from '../children/index.ts'
import type { FloorReady } from '../children/trace-floor.ts'
import { type Measured, median, ratios } from '../figures.ts'
import { startGateProcess } from '../stage/gate-process.ts'
import { runScript, startScript } from '../stage/processes.ts'
import { forEach, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

/** ms that each answer of the index is late */
const LATENCY = 20

/**
 * A resolution as uv makes it, through a gate that has seen nothing, then once more, beside the same straight to the index. The index and
 * the client are processes of their own on the second core.
 */
export const TRACE: Group = {
  name: 'trace',
  about: '500 projects resolved as uv does it: cold, again, memory',
  run: benchTrace,
}

async function benchTrace(stage: Stage): Promise<readonly Measured[]> {
  const { checkouts, rounds, folder, scope, options } = stage
  const { projects, profile } = options
  writeFileSync(join(folder, 'policy.yaml'), POLICY)
  const index = await startScript<IndexReady>(
    'index.ts',
    [folder, String(projects), String(LATENCY), 'trace'],
    'client',
  )
  scope.teardown(() => index.stop())
  const { origin, files, bytes } = index.ready
  const settings = {
    policy: [join(folder, 'policy.yaml')],
    upstream: { index: origin, files: [origin] },
    trust: { root: join(folder, 'trusted_root.json') },
  }
  const environment = profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }
  const follow = async (url: string): Promise<number> =>
    (await runScript('trace-client.ts', [url, join(folder, 'trace.json')]))['seconds'] ?? Number.NaN

  const direct: number[] = []
  const seconds = { cold: forEach<number>(checkouts), again: forEach<number>(checkouts) }
  const cpu = { cold: forEach<number>(checkouts), again: forEach<number>(checkouts) }
  const asked = { cold: 0, again: 0 }
  const floor = { cold: [] as number[], cpu: [] as number[], memory: [] as number[] }
  const memory = { after: forEach<number>(checkouts), peak: forEach<number>(checkouts) }
  await inTurn(
    stage,
    Math.min(rounds, 3),
    async (checkout, place) => {
      const home = join(folder, 'gate')
      const gate = await startGateProcess(checkout, settings, home, environment)
      try {
        await told(origin)
        for (const time of ['cold', 'again'] as const) {
          const before = gate.cpu()
          seconds[time][place]?.push(await follow(gate.url))
          cpu[time][place]?.push((gate.cpu() - before) / projects)
          const { requests } = await told(origin)
          if (place === 0) asked[time] = requests
        }
        memory.after[place]?.push(gate.memory() / 1e6)
        memory.peak[place]?.push(gate.peakMemory() / 1e6)
      } finally {
        await gate.stop()
      }
      rmSync(home, { recursive: true })
    },
    async () => {
      direct.push(await follow(origin))
      const words = [origin, settings.trust.root]
      const bare = await startScript<FloorReady>('trace-floor.ts', words, 'server')
      const before = bare.cpu()
      floor.cold.push(await follow(bare.ready.url))
      floor.cpu.push((bare.cpu() - before) / projects)
      await follow(bare.ready.url)
      floor.memory.push(bare.memory() / 1e6)
      await bare.stop()
    },
  )
  const what = `trace of ${projects} projects`
  const timed = (time: 'cold' | 'again', atMost: number): Measured => ({
    scenario: `${what}, ${time === 'cold' ? `cold (${files} files on ${(bytes / 1e6).toFixed(0)} MB of pages)` : time}`,
    unit: 's',
    gates: seconds[time],
    peer: { name: 'direct', values: direct },
    better: 'less',
    goal: { atMost },
    cpu: { per: 'a project', gates: cpu[time] },
    note: `${asked[time]} requests to the index`,
  })
  const common = { unit: 'MB', better: 'less' } as const
  return [
    timed('cold', 4),
    timed('again', 0.5),
    { ...common, scenario: `${what}: memory after both`, gates: memory.after, goal: { atMost: 200 } },
    { ...common, scenario: `${what}: memory at most`, gates: memory.peak },
    {
      ...common,
      unit: 'ms',
      scenario: `${what}, cold: CPU a project`,
      gates: cpu.cold,
      peer: { name: 'a bare script that fetches, proves and answers', values: floor.cpu },
      note: `the bare script takes ${median(ratios(floor.cold, direct)).toFixed(2)} of direct`,
    },
    {
      ...common,
      scenario: `${what}: memory after both, beside the bare script`,
      gates: memory.after,
      peer: { name: 'a bare script that fetches, proves and answers', values: floor.memory },
    },
  ]
}

/** What was asked of the index since this was asked last. */
async function told(origin: string): Promise<IndexTold> {
  return (await (await fetch(`${origin}/told`)).json()) as IndexTold
}
