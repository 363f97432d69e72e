/**
 * Usage: remember.ts ROOT FOLDER COUNT SOURCE TRUST — fills a data folder with findings by the code of the checkout at ROOT, as a gate that
 * was used for a while has them.
 */
import { join } from 'node:path'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant, millis } from '../../src/domain/base/instant.ts'
import { sourceAt } from '../../src/domain/memory/source.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import type { openStore as OpenStore } from '../../src/store/open.ts'
import { githubClaims } from '../../test/world/judging/claims.ts'
import { attested, bundle } from '../../test/world/judging/judging.ts'

const [, , root = '', folder = '', count = '100000', source = '', trust = ''] = process.argv
// what is written has to be what that checkout reads
const { openStore } = (await import(join(root, 'src/store/open.ts'))) as { readonly openStore: typeof OpenStore }
const clock = () => instant(Date.now())
const { store, blobs } = await openStore({
  folder,
  cacheBytes: 1e9,
  journal: { keep: millis(86_400_000), maxSize: 1e12 },
  events: { emit: () => {} },
  clock,
})
const claims = githubClaims()
const memory = await store.memory(sourceAt(source))
for (let number = 0; number < Number(count); number += 1) {
  const project = `project-${number % 5_000}`
  const filename = `${project}-1.${number}.0.tar.gz`
  const facts = { claims, signedAt: clock(), logIndex: String(number), leafSha256: sha256Of(`leaf ${number}`) }
  const finding = { ...attested(bundle({ facts: [facts] })), provenanceSha256: sha256Of(`provenance ${filename}`) }
  const key = { sha256: sha256Of(filename), filename, trustDigest: sha256Of(trust) }
  await memory.learn(parseProjectName(project), { findings: [{ key, finding, found: clock() }] })
}
await blobs.close()
await store.close()
process.stdout.write('{}\n')
