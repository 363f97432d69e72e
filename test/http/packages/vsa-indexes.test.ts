import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startGate } from '../../world/gate/gate.ts'
import type { Published } from '../../world/world.ts'
import { createAsk } from '../client.ts'
import { holds, predicateOf, scene, vsaIn } from '../vsa-scene.ts'

t.test('each index says what it admits, to those who may enter it, and a front is left nothing', async t => {
  const { world, published, read } = await scene(t, async world => {
    const { files } = await world.release('demo', '1.0', { kinds: ['wheel'] })
    writeFileSync(join(world.folder, 'none.yaml'), 'version: 1\nprojects: [{ match: other, attestation: optional }]\n')
    return files
  })
  await read()
  const [file] = published as [Published]
  const { sha256 } = file
  const gate = await startGate(t, world, {
    configuration: {
      ...vsaIn(world),
      data: join(world.folder, 'two'),
      trust_proxy: ['127.0.0.1'],
      files: { accel: { location: '/_blobs/' } },
      indexes: {
        ml: { path: '/ml', sources: ['upstream'] },
        main: { path: '/', sources: ['upstream'] },
        strict: { path: '/strict', sources: ['upstream'], policy: [join(world.folder, 'none.yaml')] },
        closed: { path: '/closed', sources: ['upstream'], access: { anonymous: false, tokens: true } },
      },
    },
  })
  const two = createAsk(t, world, gate.url)
  const query = `?filename=${file.filename}`
  for (const [path, policy] of [
    [`/vsa/${sha256}${query}`, 'main'],
    [`/vsa/${sha256}${query}&index=ml`, 'ml'],
    [`/ml/vsa/${sha256}${query}`, 'ml'],
  ] as const) {
    const answered = await two(path)
    holds(t, answered, { filename: file.filename, sha256 }, path)
    t.match(predicateOf(answered), { policy: { uri: `urn:portcullis:policy:${policy}` } })
    t.equal(answered.headers['x-accel-redirect'], undefined)
  }
  for (const path of [
    `/strict/vsa/${sha256}${query}`,
    `/vsa/${sha256}${query}&index=strict`,
    `/vsa/${sha256}${query}&index=no`,
  ])
    t.equal((await two(path)).status, 404, path)
  for (const path of [
    `/closed/vsa/${sha256}${query}`,
    `/vsa/${sha256}${query}&index=closed`,
    `/%63losed/vsa/${sha256}${query}`,
    `/vsa/${sha256}${query}&%69ndex=closed`,
  ])
    t.equal((await two(path)).status, 401, path)
})

t.test('provenance in the words of SLSA is the first level, and without a key there is no route', async t => {
  const { world, published, ask, read } = await scene(t, async world => {
    return (await world.release('demo', '1.0', { kinds: ['wheel'], predicates: ['publish', 'slsa'] })).files
  })
  await read()
  const [{ sha256 }] = published as [Published]
  t.match(predicateOf(await ask(`/vsa/${sha256}`)), { verifiedLevels: ['SLSA_BUILD_LEVEL_1', /ATTESTATION$/] })
  const open = await startGate(t, world, {
    policy: 'version: 1\nprojects: [{ match: "*", attestation: optional }]\n',
    configuration: { data: join(world.folder, 'without') },
  })
  await createAsk(t, world, open.url)('/simple/demo/')
  t.match((await createAsk(t, world, open.url)(`/vsa/${sha256}`)).json(), { code: 'not-found' })
})
