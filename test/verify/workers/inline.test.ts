import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { createInlineVerifier } from '../../../src/verify/workers/inline.ts'
import { rootsOf } from '../../world/judging/roots.ts'
import { createWorld } from '../../world/world.ts'

t.test('a document is verified on this thread, for its file and no other', async t => {
  const { signing, ...world } = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const roots = rootsOf({ digest: sha256Of(signing.trustedRootJson), json: signing.trustedRootJson })
  const verifier = createInlineVerifier()
  t.teardown(() => verifier.close())
  const verified = async (file: typeof wheel, document = file) => {
    const filename = parseDistFilename(file.filename)
    if (filename === undefined) throw new TypeError(file.filename)
    const bytes = document.provenance ?? Buffer.alloc(0)
    return await verifier.verify({ bytes, filename, sha256: sha256Of(file.bytes) }, roots)
  }
  t.match(await verified(wheel), { kind: 'attested' })
  t.match(await verified(sdist), { kind: 'attested' }, 'with the same root, prepared once')
  t.match(await verified(wheel, sdist), { kind: 'invalid', why: 'subject-mismatch' })
})
