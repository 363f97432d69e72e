// guards: src/gate/report/evidence.ts src/gate/report/page-look.ts src/gate/report/tenure.ts

import t, { type Test } from 'tap'
import { openReport } from '../../../src/compose/report.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { parseSha256 } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import type { Wanted } from '../../../src/gate/report/page-look.ts'
import { standingOf } from '../../../src/gate/report/release-facts.ts'
import { onePerRelease, summariseReleases } from '../../../src/gate/report/summarise-releases.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const

/** What a lock with hashes says of files of one release. */
function wanted(files: readonly Pick<Published, 'project' | 'version' | 'filename' | 'sha256'>[]): Wanted {
  const [first] = files
  const version = parseVersion(first?.version ?? '')
  if (first === undefined || version === undefined) throw new Error('no file')
  return {
    project: parseProjectName(first.project),
    version,
    open: false,
    files: files.flatMap(({ filename, sha256 }) => {
      const digest = parseSha256(sha256)
      return digest === undefined ? [] : [{ filename, sha256: digest, url: undefined }]
    }),
  }
}

async function reporter(t: Test, world: World, now: () => number = Date.now) {
  const { origin } = world.upstream
  const environment = {
    PORTCULLIS_UPSTREAM_INDEX: origin,
    PORTCULLIS_UPSTREAM_FILES: origin,
    XDG_CACHE_HOME: world.folder,
  }
  const { config } = loadConfig({ flags: {}, file: undefined, environment, folder: t.testdir() })
  const options = { environment, version: '0.0.0-test', events: { emit() {} }, clock: () => instant(now()) }
  const opened = await openReport(config, { trustRoot: world.trustRoot }, options)
  t.teardown(() => opened.close())
  return opened
}

t.test('releases are told in the order in which they are asked for, each page asked for once', async t => {
  const world = await createWorld(t)
  const [one, two] = [await world.release('demo', '1.0'), await world.release('demo', '2.0', { identity: MALLORY })]
  const bare = await world.release('bare', '1.0', { attested: false, kinds: ['wheel'] })
  const { look } = await reporter(t, world)
  const steps: string[] = []
  const asked = [wanted(two.files), wanted(bare.files), wanted(one.files), wanted(two.files)]
  const facts = await look(asked, (done, all) => steps.push(`${done}/${all}`))
  t.strictSame(
    facts.map(it => `${it.project} ${it.version} ${standingOf(it)}`),
    ['demo 2.0 attested', 'bare 1.0 unattested', 'demo 1.0 attested', 'demo 2.0 attested'],
  )
  t.equal(world.upstream.count('page'), 2)
  t.equal(world.upstream.count('file') + world.upstream.count('legacy'), 0, 'nothing else is fetched')
  t.equal(steps.at(-1), '3/3')
  const releases = onePerRelease(facts)
  t.equal(releases.length, 3)
  t.match(summariseReleases(releases), {
    packages: 3,
    files: 5,
    attestedFiles: 4,
    nameable: 2,
    standings: { attested: 2, unattested: 1 },
    signers: [{ signer: { repository: 'acme/demo' } }, { signer: { repository: 'mallory/demo' } }],
  })
})

t.test('what no gate gives out is told as such, and what a rule cannot name is not nameable', async t => {
  const world = await createWorld(t)
  const held = await world.release('held', '1.0')
  world.upstream.setStatus('held', 'quarantined')
  const pulled = { ...MALLORY, trigger: 'pull_request_target' } as const
  const stranger = await world.release('demo', '1.0', { identity: pulled, kinds: ['wheel'] })
  const { look } = await reporter(t, world)
  const [quarantined, odd] = await look([wanted(held.files), wanted(stranger.files)], () => {})
  t.match(quarantined?.files[0]?.evidence, { kind: 'unsuited', code: 'project-quarantined' })
  t.match(odd?.files[0]?.evidence, { kind: 'attested', nameable: false, signer: { repository: 'mallory/demo' } })
})

t.test('any byte of a document that is altered makes it evidence that fails, never an attestation', async t => {
  const world = await createWorld(t)
  const release = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const other = await world.release('other', '1.0', { kinds: ['wheel'] })
  world.upstream.replace('demo', release.wheel.filename, { provenance: other.wheel.provenance })
  const { look } = await reporter(t, world)
  const [swapped] = await look([wanted(release.files)], () => {})
  t.match(swapped?.files[0]?.evidence, { kind: 'failed', code: /mismatch/ })
  t.equal(swapped?.tenure, undefined)
})

t.test('provenance that an index offered once and hides now is not forgotten', async t => {
  const world = await createWorld(t)
  const old = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const bare = await world.release('demo', '2.0', { kinds: ['wheel'], attested: false })
  let now = Date.now()
  const { look } = await reporter(t, world, () => now)
  const before = await look([wanted(bare.files)], () => {})
  t.match(before, [{ attestedBefore: { version: '1.0' } }])
  world.upstream.replace('demo', old.wheel.filename, { provenance: undefined })
  world.upstream.setSerial('demo', 5_000)
  now += 3_600_000
  t.match(await look([wanted(bare.files)], () => {}), [{ attestedBefore: { version: '1.0' } }])
})

t.test('a lock that leaves a release open lets in what is listed of it, and one of another index nothing', async t => {
  const world = await createWorld(t)
  const { files } = await world.release('demo', '1.0')
  const { look } = await reporter(t, world)
  const open = { ...wanted(files), files: [], open: true }
  const foreign = wanted([{ project: 'demo', version: '1.0', filename: 'demo-1.0.zip', sha256: 'a'.repeat(64) }])
  const nowhere = wanted([{ project: 'nowhere', version: '1.0', filename: 'nowhere-1.0.zip', sha256: 'a'.repeat(64) }])
  const [all, other, none] = await look([open, foreign, nowhere], () => {})
  t.equal(all?.files.length, 2)
  t.match(other?.files, [{ filename: 'demo-1.0.zip', evidence: { kind: 'missing' } }])
  t.match(none?.files, [{ evidence: { kind: 'missing', detail: 'the index does not know nowhere' } }])
})

t.test('no more than sixteen projects are asked for at once', async t => {
  const world = await createWorld(t)
  const releases = []
  for (let at = 0; at < 40; at += 1)
    releases.push(await world.release(`demo-${at}`, '1.0', { attested: false, kinds: ['wheel'] }))
  world.upstream.fault({ route: 'page', do: { hang: true } })
  const { look } = await reporter(t, world)
  const looking = look(
    releases.map(({ files }) => wanted(files)),
    () => {},
  ).catch(() => {})
  while (world.upstream.count('page') < 12) await new Promise(resolve => setTimeout(resolve, 20))
  await new Promise(resolve => setTimeout(resolve, 200))
  t.ok(world.upstream.count('page') <= 16, `${world.upstream.count('page')} at once`)
  await world.upstream.close()
  await looking
})
