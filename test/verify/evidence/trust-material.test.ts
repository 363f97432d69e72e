import t from 'tap'
import { createInlineVerifier } from '../../../src/verify/workers/inline.ts'
import { attest, FILE, IDENTITY, rootJson, world } from './signed-attestations.ts'

t.test('a trust root that cannot be used says nothing about the document', async t => {
  const bytes = world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [await attest()] }])
  const without = (key: string) => JSON.stringify({ ...JSON.parse(rootJson), [key]: [] })
  const unbounded = (key: 'tlogs' | 'ctlogs' | 'certificateAuthorities' | 'timestampAuthorities') =>
    JSON.stringify(JSON.parse(rootJson), (name, value) =>
      name === key ? JSON.parse(JSON.stringify(value), (inner, window) => (inner === 'validFor' ? {} : window)) : value,
    )
  for (const json of [
    '',
    '{}',
    '[]',
    'null',
    '{"tlogs":[]}',
    without('tlogs'),
    without('ctlogs'),
    without('certificateAuthorities'),
    unbounded('tlogs'),
    unbounded('ctlogs'),
    unbounded('certificateAuthorities'),
    unbounded('timestampAuthorities'),
  ])
    await t.rejects(
      createInlineVerifier().verify({ bytes, ...FILE }, { sigstore: { digest: json, json }, custom: [] }),
      {
        code: 'unknown-trust',
      },
    )
})
