import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSha256 } from '../../src/domain/base/digest.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { parseVersion } from '../../src/domain/packaging/version.ts'
import { renderMirrorPlan } from '../../src/protocol/carry/mirror-plan.ts'
import { createWorld, type Published, type World } from '../../test/world/world.ts'
import type { Measured } from '../figures.ts'
import { runToEnd } from '../stage/processes.ts'
import { ACME, forEach, GIGABIT, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

/** What a lock of some size brings: many small wheels, some middling, a few large. */
const FILES = [
  { many: 150, bytes: 100_000 },
  { many: 40, bytes: 1_000_000 },
  { many: 10, bytes: 20_000_000 },
] as const

/** bytes a second that the upstream sends */
const LIMITS = [
  ['at 100 Mbit/s', GIGABIT / 10],
  ['at 1 Gbit/s', GIGABIT],
] as const

/**
 * `mirror fetch` beside curl (eight at once) and sha256sum, over the same files from the same upstream, each on the same one
 * core, in turn. The start of each process counts.
 */
export const MIRROR: Group = {
  name: 'mirror',
  about: 'mirror fetch beside curl and sha256sum',
  needs: ['time', 'curl'],
  run: benchMirror,
}

async function benchMirror(stage: Stage): Promise<readonly Measured[]> {
  const { checkouts, folder, rounds, scope, quick } = stage
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const files = await publish(world, quick)
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
  const plan = writePlan(folder, files)
  const curl = writeDownloads(folder, world, files)
  writeFileSync(join(folder, 'portcullis.yaml'), JSON.stringify(world.configuration()))
  const rows: Measured[] = []
  for (const [name, limit] of quick ? LIMITS.slice(1) : LIMITS) {
    const [ours, cpu, theirs] = [forEach<number>(checkouts), forEach<number>(checkouts), [] as number[]]
    const rate = (seconds: number): number => bytes / 1e6 / seconds
    world.upstream.limit(limit)
    await inTurn(
      stage,
      Math.min(rounds, 3),
      async ({ launcher }, place) => {
        const data = join(folder, 'fetched')
        const took = await runToEnd(launcher, ['mirror', 'fetch', plan, '--data', data], folder)
        rmSync(data, { recursive: true })
        ours[place]?.push(rate(took.seconds))
        cpu[place]?.push(took.cpu / files.length)
      },
      async () => void theirs.push(rate((await runToEnd('sh', ['-c', curl], folder)).seconds)),
    )
    world.upstream.limit(undefined)
    rows.push({
      scenario: `mirror fetch, ${files.length} attested files of ${(bytes / 1e6).toFixed(0)} MB, upstream ${name}`,
      unit: 'MB/s',
      gates: ours,
      peer: { name: 'curl + sha256sum', values: theirs },
      better: 'more',
      goal: { atLeast: 0.8 },
      cpu: { per: 'a file', gates: cpu },
    })
  }
  return rows
}

async function publish(world: World, quick: boolean): Promise<readonly Published[]> {
  const files: Published[] = []
  for (const [size, { many, bytes }] of FILES.entries())
    for (let release = 0; release < (quick ? many / 5 : many); release += 1) {
      const request = { kinds: ['wheel'], padTo: bytes, identity: ACME } as const
      files.push((await world.release(`mirrored-${size}-${release % 20}`, `1.${release}`, request)).wheel)
    }
  return files
}

function writePlan(place: string, files: readonly Published[]): string {
  const path = join(place, 'plan.json')
  const planned = files.flatMap(({ project, version, filename, sha256, bytes }) => {
    const [parsed, digest] = [parseVersion(version), parseSha256(sha256)]
    if (parsed === undefined || digest === undefined) return []
    const outcome = { outcome: 'admitted', code: undefined } as const
    const name = parseProjectName(project)
    return [{ project: name, version: parsed, filename, sha256: digest, size: bytes.length, ...outcome }]
  })
  const targets = { pythons: [], platforms: [] }
  writeFileSync(path, renderMirrorPlan({ locks: [], targets, files: planned, wanted: [] }))
  return path
}

/** What somebody without a mirror does: download side by side, then compare the digests. */
function writeDownloads(place: string, world: World, files: readonly Published[]): string {
  mkdirSync(join(place, 'plain'))
  const lines = files.map(
    ({ path, filename }) => `url = "${world.upstream.filesOrigin}${path}"\noutput = "plain/${filename}"\n`,
  )
  writeFileSync(join(place, 'downloads'), lines.join(''))
  writeFileSync(join(place, 'sums'), files.map(({ filename, sha256 }) => `${sha256}  plain/${filename}\n`).join(''))
  return 'curl --silent --fail --parallel --parallel-max 8 --config downloads && sha256sum --quiet --check sums'
}
