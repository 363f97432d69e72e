import { join } from 'node:path'
import { createLimit } from '../../src/flow/limit.ts'
import { createWorld, type World } from '../../test/world/world.ts'
import type { Measured } from '../figures.ts'
import { startGateProcess } from '../stage/gate-process.ts'
import { ACME, forEach, GIGABIT, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

const PACKAGES = 100
/** as uv does */
const AT_ONCE = 50
/** What wheels of a lock have, about: most are small, a few are not. */
const BYTES = [50_000, 100_000, 100_000, 300_000, 1_000_000] as const

/**
 * A cold resolution as uv makes it, the page of each package and then the `.metadata` of its wheel: through a gate that takes the
 * index's promise, and through one that fetches the wheel first. In turn, each over packages that it has never seen.
 */
export const METADATA: Group = {
  name: 'metadata',
  about: 'what files.metadata: verified costs',
  run: benchMetadata,
}

async function benchMetadata(stage: Stage): Promise<readonly Measured[]> {
  const { checkouts, folder, rounds, scope } = stage
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const seconds = forEach<number>(checkouts)
  const promised: number[] = []
  const packages = await publish(world)
  world.upstream.limit(GIGABIT)
  await inTurn(stage, Math.min(rounds, 3), async (checkout, place, round) => {
    for (const metadata of ['promised', 'verified']) {
      const settings = { ...world.configuration(), files: { metadata } }
      const gate = await startGateProcess(checkout, settings, join(folder, `${metadata}-${place}-${round}`))
      try {
        const took = await resolve(gate.url, packages)
        if (metadata === 'verified') seconds[place]?.push(took)
        else if (place === 0) promised.push(took)
      } finally {
        await gate.stop()
      }
    }
  })
  return [
    {
      scenario: `cold resolution of ${PACKAGES} packages, files.metadata: verified beside promised`,
      unit: 's',
      gates: seconds,
      peer: { name: 'promised', values: promised },
      better: 'less',
    },
  ]
}

interface Package {
  readonly name: string
  /** of its wheel */
  readonly path: string
}

async function publish(world: World): Promise<readonly Package[]> {
  const packages: Package[] = []
  for (let number = 0; number < PACKAGES; number += 1) {
    const name = `resolved-${number}`
    const padTo = BYTES[number % BYTES.length] ?? 0
    const { wheel } = await world.release(name, '1.0', { kinds: ['wheel'], padTo, identity: ACME })
    packages.push({ name, path: wheel.path })
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
