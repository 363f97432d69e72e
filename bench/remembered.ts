import { sha256Of } from '../src/domain/base/digest.ts'
import { instant, millis } from '../src/domain/base/instant.ts'
import { sourceAt } from '../src/domain/memory/source.ts'
import { parseProjectName } from '../src/domain/packaging/name.ts'
import { openStore } from '../src/store/open.ts'
import { githubClaims } from '../test/world/judging/claims.ts'
import { attested, bundle } from '../test/world/judging/judging.ts'
import type { World } from '../test/world/world.ts'

/** Fills a data folder with findings, as a gate that was used for a while has them. */
export async function rememberFindings(folder: string, count: number, world: World): Promise<void> {
  const clock = () => instant(Date.now())
  const { store, blobs } = await openStore({
    folder,
    cacheBytes: 1e9,
    journal: { keep: millis(86_400_000), maxSize: 1e12 },
    events: { emit: () => {} },
    clock,
  })
  const trustDigest = sha256Of(world.signing.trustedRootJson)
  const claims = githubClaims()
  const memory = await store.memory(sourceAt(world.upstream.origin))
  for (let number = 0; number < count; number += 1) {
    const project = `project-${number % 5_000}`
    const filename = `${project}-1.${number}.0.tar.gz`
    const facts = { claims, signedAt: clock(), logIndex: String(number), leafSha256: sha256Of(`leaf ${number}`) }
    const finding = { ...attested(bundle({ facts: [facts] })), provenanceSha256: sha256Of(`provenance ${filename}`) }
    const key = { sha256: sha256Of(filename), filename, trustDigest }
    await memory.learn(parseProjectName(project), { findings: [{ key, finding, found: clock() }] })
  }
  await blobs.close()
  await store.close()
}
