// guards: src/protocol/attest/provenance.ts
import t from 'tap'
import { attest, edited, FILE, IDENTITY, MATERIAL, trust, world } from '../../verify/evidence/signed-attestations.ts'
import { verifyAlone } from '../../world/judging/roots.ts'

t.test('what is refused for its form costs no cryptography, and what is not costs little', async t => {
  const publish = await attest({ predicate: 'publish' })
  const slsa = await attest({ predicate: 'slsa' })
  const attestations = [publish, slsa]
  const publisher = world.publisher(IDENTITY)
  let verified = 0
  const { verifier } = trust
  const counting = {
    ...trust,
    verifier: {
      verify: (...entity: Parameters<typeof verifier.verify>) => {
        verified += 1
        return verifier.verify(...entity)
      },
    },
  }
  const work = (bundles: readonly (readonly unknown[])[]) => {
    verified = 0
    const document = { version: 1, attestation_bundles: bundles.map(each => ({ publisher, attestations: each })) }
    const { kind } = verifyAlone(Buffer.from(JSON.stringify(document)), FILE, counting as typeof trust)
    return `${kind} after ${verified}`
  }
  t.equal(work([attestations]), 'attested after 2', 'what PyPI keeps of a file')
  t.equal(work(Array(8).fill(attestations)), 'attested after 16', 'eight publishers of both kinds')
  t.equal(work([...Array(8).fill(attestations), [publish]]), 'invalid after 0', 'one more')
  const typed = (predicateType: string) =>
    attest({ alter: { statement: statement => ({ ...statement, predicateType }) } })
  const eight = await Promise.all(Array.from({ length: 8 }, (_, at) => typed(`https://acme.example/${at}`)))
  t.equal(work(Array(16).fill(eight)), 'invalid after 0', '128, as many as there is room for')
  t.equal(work([[publish, slsa, publish]]), 'invalid after 0', 'two of one type')
  const stamp = Buffer.from('a time stamp').toString('base64')
  const stamped = edited(publish, [...MATERIAL, 'timestamps'], Array(8).fill(stamp))
  t.equal(work(Array(5).fill([stamped])), 'invalid after 0', 'forty time stamps')
  const entry = publish.verification_material.transparency_entries[0]
  const logged = edited(publish, [...MATERIAL, 'transparency_entries'], Array(4).fill(entry))
  t.equal(work(Array(9).fill([logged])), 'invalid after 0', 'thirty-six log entries')
  t.equal(work([[slsa], [publish, publish]]), 'invalid after 0', 'in a later bundle')
})
