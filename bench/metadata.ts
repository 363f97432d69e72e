import { join } from 'node:path'
import { createLimit } from '../src/flow/limit.ts'
import type { SigningIdentity } from '../test/world/signing/identity.ts'
import type { World } from '../test/world/world.ts'
import { median, type Row, spread } from './figures.ts'
import { type GateProcess, startGateProcess } from './gate-process.ts'

const PACKAGES = 100
/** as uv does */
const AT_ONCE = 50
/** What wheels of a lock have, about: most are small, a few are not. */
const BYTES = [50_000, 100_000, 100_000, 300_000, 1_000_000] as const

interface Options {
  readonly world: World
  readonly folder: string
  readonly rounds: number
  readonly identity: SigningIdentity
  /** bytes a second that the upstream sends */
  readonly limit: number
  readonly freePort: () => Promise<number>
}

/**
 * A cold resolution as uv makes it, the page of each package and then the `.metadata` of its wheel: through a gate that takes the
 * index's promise, and through one that fetches the wheel first. In turn, each over packages that it has never seen.
 */
export async function benchMetadata(options: Options): Promise<Row> {
  const { world, folder, rounds, limit, freePort } = options
  const start = async (metadata: string): Promise<GateProcess> =>
    await startGateProcess(world, join(folder, `metadata-${metadata}`), await freePort(), { files: { metadata } })
  const gates = { promised: await start('promised'), verified: await start('verified') }
  const seconds: Record<keyof typeof gates, number[]> = { promised: [], verified: [] }
  try {
    // one round more, of which nothing is kept: connections are opened, the verification worker is started
    for (let round = -1; round < rounds; round += 1)
      for (const mode of ['promised', 'verified'] as const) {
        const packages = await publish(options, `${mode}-${round + 1}`)
        world.upstream.limit(limit)
        const took = await resolve(gates[mode].url, packages)
        world.upstream.limit(undefined)
        if (round >= 0) seconds[mode].push(took)
      }
  } finally {
    for (const gate of Object.values(gates)) await gate.stop()
  }
  const { promised, verified } = seconds
  return {
    scenario: `cold resolution of ${PACKAGES} packages, files.metadata: verified beside promised`,
    gate: `${median(verified).toFixed(2)} s`,
    peer: `${median(promised).toFixed(2)} s (promised)`,
    figure: median(verified) / median(promised),
    goal: undefined,
    note: `verified ±${(spread(verified) * 50).toFixed(0)} %, promised ±${(spread(promised) * 50).toFixed(0)} %`,
  }
}

interface Package {
  readonly name: string
  /** of its wheel */
  readonly path: string
}

async function publish({ world, identity }: Options, name: string): Promise<readonly Package[]> {
  const packages: Package[] = []
  for (let number = 0; number < PACKAGES; number += 1) {
    const project = `resolved-${name}-${number}`
    const padTo = BYTES[number % BYTES.length] ?? 0
    const { wheel } = await world.release(project, '1.0', { kinds: ['wheel'], padTo, identity })
    packages.push({ name: project, path: wheel.path })
  }
  return packages
}

async function resolve(url: string, packages: readonly Package[]): Promise<number> {
  const limit = createLimit({ running: AT_ONCE, waiting: packages.length, what: 'packages' })
  const started = performance.now()
  await Promise.all(
    packages.map(({ name, path }) =>
      limit.run(async () => {
        await get(`${url}/simple/${name}/`, { accept: 'application/vnd.pypi.simple.v1+json' })
        await get(`${url}${path}.metadata`, {})
      }),
    ),
  )
  return (performance.now() - started) / 1000
}

async function get(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const answer = await fetch(url, { headers })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`)
}
