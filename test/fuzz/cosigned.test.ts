import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import type { ProvenanceFinding } from '../../src/verify/evidence/document.ts'
import { prepareTrust } from '../../src/verify/evidence/trust-material.ts'
import { makeWheel } from '../world/index/distributions.ts'
import { verifyAlone } from '../world/judging/roots.ts'
import type { SigningIdentity } from '../world/signing/identity.ts'
import { createSecondLog } from '../world/signing/rekor-v2.ts'
import { createSigningWorld } from '../world/signing/signing.ts'
import { createWitness } from '../world/signing/witness.ts'
import { distFilename } from '../world/vectors/vectors.ts'

/** An attestation of this test's own Sigstore, in a log whose checkpoints two witnesses cosign. */
const world = await createSigningWorld()
const witnesses = [createWitness('witness.test/alice'), createWitness('bob.test')]
const log = createSecondLog(new Date(Date.now() - 86_400_000), witnesses)
const trust = prepareTrust(log.trustedBy(world.trustedRootJson))
const IDENTITY: SigningIdentity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml' }
const WHEEL = makeWheel({ name: 'demo', version: '1.0' })
const FILE = { filename: distFilename(WHEEL.filename), sha256: sha256Of(WHEEL.bytes) }
const request = { filename: WHEEL.filename, sha256: WHEEL.sha256, identity: IDENTITY }
const attestation = log.relog(await world.attest({ ...request, stamped: 'stamped' }), 'hashedrekord')
const [entry] = attestation.verification_material.transparency_entries
const envelope = entry?.inclusionProof.checkpoint.envelope ?? ''
/** where the log's own line ends, and those of the witnesses begin */
const held = envelope.indexOf('\n', envelope.indexOf('\n\n') + 2) + 1

function judge(text: string): ProvenanceFinding {
  const copy = structuredClone(attestation)
  for (const { inclusionProof } of copy.verification_material.transparency_entries)
    inclusionProof.checkpoint.envelope = text
  return verifyAlone(world.provenance([{ publisher: world.publisher(IDENTITY), attestations: [copy] }]), FILE, trust)
}

/** The envelope with one character replaced, put in or taken out, in a place between these. */
function* changes(from: number, to: number): Generator<string> {
  for (let position = from; position < to; position += 1)
    for (const character of ['', 'A', ' ', '\n', '=', '\u2014', '!'])
      for (const taken of [0, 1]) {
        const text = envelope.slice(0, position) + character + envelope.slice(position + taken)
        if (text !== envelope) yield text
      }
}

t.test('one changed character in a cosigned note, or in the line of its log, is refused', async t => {
  t.equal(judge(envelope).kind, 'attested')
  let count = 0
  for (const text of changes(0, held)) {
    count += 1
    if (judge(text).kind !== 'invalid') t.fail(JSON.stringify(text))
  }
  t.ok(count > 1000, `${count} changes`)
})

t.test('a witness’s line is read by its form alone, and says nothing', async t => {
  const factsOf = (finding: ProvenanceFinding): string =>
    finding.kind === 'attested' ? JSON.stringify(finding.bundles[0].attestations[0].facts) : ''
  const before = factsOf(judge(envelope))
  const counts = { malformed: 0, same: 0 }
  for (const text of changes(held, envelope.length)) {
    const finding = judge(text)
    if (finding.kind === 'invalid' && finding.why === 'provenance-malformed') counts.malformed += 1
    else if (factsOf(finding) === before) counts.same += 1
    else t.fail(JSON.stringify(text))
  }
  t.ok(counts.malformed > 1000 && counts.same > 100, JSON.stringify(counts))
})
