import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSha256 } from '../src/domain/base/digest.ts'
import { parseProjectName } from '../src/domain/packaging/name.ts'
import { parseVersion } from '../src/domain/packaging/version.ts'
import { renderMirrorPlan } from '../src/protocol/carry/mirror-plan.ts'
import { PORTCULLIS } from '../test/world/commands/commands.ts'
import type { SigningIdentity } from '../test/world/signing/identity.ts'
import type { Published, World } from '../test/world/world.ts'
import { median, type Row, spread } from './figures.ts'
import { runOnServerCore } from './processes.ts'

/** What a lock of some size brings: many small wheels, some middling, a few large. */
const FILES = [
  { many: 150, bytes: 100_000 },
  { many: 40, bytes: 1_000_000 },
  { many: 10, bytes: 20_000_000 },
] as const

interface Options {
  readonly world: World
  readonly folder: string
  readonly rounds: number
  readonly identity: SigningIdentity
  /** bytes a second that the upstream sends; `undefined`: as fast as it can */
  readonly limits: readonly (readonly [name: string, bytesPerSecond: number | undefined, goal: number | undefined])[]
}

/**
 * `mirror fetch` beside curl (eight at once) and sha256sum, over the same files from the same upstream, each on the same one
 * core, in turn. The start of each process counts.
 */
export async function benchMirror({ world, folder, rounds, identity, limits }: Options): Promise<readonly Row[]> {
  const files = await publish(world, identity)
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
  const place = join(folder, 'mirror')
  mkdirSync(place)
  const plan = writePlan(place, files)
  const curl = writeDownloads(place, world, files)
  writeFileSync(join(place, 'portcullis.yaml'), JSON.stringify(world.configuration()))
  const rows: Row[] = []
  for (const [name, limit, goal] of limits) {
    const [ours, theirs]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      world.upstream.limit(limit)
      theirs.push(await seconds(() => runOnServerCore('sh', ['-c', curl], place)))
      const data = join(place, `data-${name.length}-${round}`)
      ours.push(await seconds(() => runOnServerCore(PORTCULLIS, ['mirror', 'fetch', plan, '--data', data], place)))
      rmSync(data, { recursive: true })
      world.upstream.limit(undefined)
    }
    const rate = (of: readonly number[]): string =>
      `${(bytes / 1e6 / median(of)).toFixed(0)} MB/s, ${(files.length / median(of)).toFixed(0)} files/s`
    rows.push({
      scenario: `mirror fetch, ${files.length} attested files of ${(bytes / 1e6).toFixed(0)} MB, upstream ${name}`,
      gate: rate(ours),
      peer: `${rate(theirs)} (curl + sha256sum)`,
      figure: median(theirs) / median(ours),
      goal: goal === undefined ? undefined : { atLeast: goal },
      note: `gate ±${(spread(ours) * 50).toFixed(0)} %, plain ±${(spread(theirs) * 50).toFixed(0)} %`,
    })
  }
  return rows
}

async function publish(world: World, identity: SigningIdentity): Promise<readonly Published[]> {
  const files: Published[] = []
  for (const [size, { many, bytes }] of FILES.entries())
    for (let release = 0; release < many; release += 1) {
      const request = { kinds: ['wheel'], padTo: bytes, identity } as const
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

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await run()
  return (performance.now() - started) / 1000
}
