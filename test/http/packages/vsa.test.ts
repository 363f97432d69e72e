import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld, type Published } from '../../world/world.ts'
import { createAsk } from '../client.ts'
import { holds, predicateOf, scene, VERIFIER, vsaIn } from '../vsa-scene.ts'

t.test('an admitted file has a signed summary, by its sha256 alone, and nothing is fetched of it', async t => {
  const { world, published, gate, ask, read } = await scene(
    t,
    async world => (await world.release('demo', '1.0')).files,
  )
  await read()
  const [{ sha256, filename }] = published as [Published]
  const answered = await ask(`/vsa/${sha256}`)
  holds(t, answered, { filename, sha256 })
  t.equal(answered.headers['content-type'], 'application/vnd.dsse.envelope.v1+json')
  t.equal(answered.headers['x-content-type-options'], 'nosniff')
  const provenance = await ask(`/integrity/demo/1.0/${filename}/provenance`)
  t.match(predicateOf(answered), {
    verifier: { id: VERIFIER, version: { portcullis: '0.0.0-test' } },
    resourceUri: `pkg:pypi/demo@1.0?file_name=${filename}`,
    policy: { uri: 'urn:portcullis:policy:main', digest: { sha256: gate.app.gate.policy().digest } },
    inputAttestations: [
      { uri: `${gate.url}/integrity/demo/1.0/${filename}/provenance`, digest: { sha256: sha256Of(provenance.body) } },
    ],
    verificationResult: 'PASSED',
    verifiedLevels: ['SLSA_BUILD_LEVEL_UNEVALUATED', 'PORTCULLIS_ADMITTED_BY_ATTESTATION'],
  })
  t.equal(world.upstream.count('file'), 0)

  const etag = answered.headers['etag'] ?? ''
  const head = await ask(`/vsa/${sha256}`, { method: 'HEAD' })
  t.match(head, { status: 200, raw: Buffer.alloc(0), headers: { etag } })
  t.equal(head.headers['content-length'], `${answered.body.length}`)
  t.match(await ask(`/vsa/${sha256}`, { headers: { 'if-none-match': etag } }), { status: 304 })
  t.ok((await ask(`/vsa/${sha256}`)).body.equals(answered.body), 'signed once')
  t.equal((await ask(`/vsa/${sha256}`, { method: 'POST' })).status, 405)
})

t.test('what is refused, watched alone, or not known has none', async t => {
  const { published, ask, read } = await scene(t, async world => {
    const { files } = await world.release('demo', '1.0', { attested: false })
    return [...files, ...(await world.release('demo', '2.0', { tamper: 'content' })).files]
  })
  const digests = published.map(({ sha256 }) => sha256)
  await read()
  for (const sha256 of [...digests, sha256Of('never seen'), 'x', 'A'.repeat(64), ''])
    for (const method of ['GET', 'HEAD'])
      t.equal((await ask(`/vsa/${sha256}`, { method })).status, 404, `${method} ${sha256}`)
  t.match((await ask(`/vsa/${digests[0]}`)).json(), { code: 'no-summary' })
})

t.test('a policy that only watches vouches for what it would admit, and for nothing else', async t => {
  const world = await createWorld(t)
  const { wheel: would } = await world.release('demo', '1.0', { attested: false, kinds: ['wheel'] })
  const { wheel: good } = await world.release('demo', '2.0', { kinds: ['wheel'] })
  const policy = world.policyText().replace('mode: enforce', 'mode: audit')
  const ask = createAsk(t, world, (await startGate(t, world, { policy, configuration: vsaIn(world) })).url)
  t.equal((await ask(would.path)).status, 200, 'it is let through')
  t.equal((await ask(`/vsa/${would.sha256}`)).status, 404)
  holds(t, await ask(`/vsa/${good.sha256}`), good)
})

t.test('what is decided now counts: a policy that changed, an upstream that is away', async t => {
  const { world, published, gate, ask, read } = await scene(
    t,
    async world => (await world.release('demo', '1.0')).files,
  )
  await read()
  const [known, other] = published.map(({ sha256 }) => sha256)
  const { headers } = await ask(`/vsa/${known}`)
  await world.upstream.close()
  t.equal((await ask(`/vsa/${known}`)).status, 200, 'what was proved goes on')
  t.match(await ask(`/vsa/${other}`), { status: /^50[234]$/, headers: { 'retry-after': /^\d+$/ } })
  world.writePolicy('version: 1\nprojects: [{ match: other, attestation: optional }]\n')
  t.equal(gate.app.reload(), 'loaded')
  for (const asked of [{}, { headers: { 'if-none-match': headers['etag'] ?? '' } }])
    t.equal((await ask(`/vsa/${known}`, asked)).status, 404)
})

t.test('a name finds a file whose page nobody read, and tells files with the same bytes apart', async t => {
  const { published, ask, read } = await scene(t, async world => {
    const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
    world.upstream.add('demo', { filename: 'demo-1.0-py2-none-any.whl', bytes: wheel.bytes })
    return [wheel]
  })
  const [{ sha256 }] = published as [Published]
  const filename = 'demo-1.0-py3-none-any.whl'
  t.equal((await ask(`/vsa/${sha256}`)).status, 404, 'not known yet')
  holds(t, await ask(`/vsa/${sha256}?filename=${filename}`), { filename, sha256 })
  await read()
  holds(t, await ask(`/vsa/${sha256}`), { filename, sha256 }, 'the one that is admitted, though another comes first')
  t.equal((await ask(`/vsa/${sha256}?filename=demo-1.0-py2-none-any.whl`)).status, 404)
  t.equal((await ask(`/vsa/${sha256Of('x')}?filename=${filename}`)).status, 404)
  t.equal((await ask(`/vsa/${sha256}?filename=a&filename=b`)).status, 400)
})
