import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { ProvenanceFinding } from '../../../src/verify/evidence/document.ts'
import { prepareTrust } from '../../../src/verify/evidence/trust-material.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { verifyAlone } from '../../world/judging/roots.ts'
import type { LeafDraft } from '../../world/signing/certificate-authority.ts'
import type { SigningIdentity } from '../../world/signing/identity.ts'
import { createFirstLog } from '../../world/signing/rekor-v1.ts'
import { createSecondLog } from '../../world/signing/rekor-v2.ts'
import {
  type Alterations,
  type AttestationJson,
  type AttestRequest,
  createSigningWorld,
  type StatementJson,
} from '../../world/signing/signing.ts'
import { distFilename } from '../../world/vectors/vectors.ts'

/** A Sigstore of this test's own, with a log of either generation; everything below is wholly signed by it. */
export const world = await createSigningWorld()
export const secondLog = createSecondLog(new Date(Date.now() - 86_400_000))
export const firstLog = createFirstLog(new Date(Date.now() - 86_400_000))
export const rootJson = firstLog.trustedBy(secondLog.trustedBy(world.trustedRootJson))
export const trust = prepareTrust(rootJson)

export const IDENTITY: SigningIdentity = { kind: 'github', repository: 'acme/demo', workflow: 'release.yml' }
export const WHEEL = makeWheel({ name: 'demo', version: '1.0' })
export const FILE = { filename: distFilename(WHEEL.filename), sha256: sha256Of(WHEEL.bytes) }

export const FULCIO = '1.3.6.1.4.1.57264.1.'

export function judge(...attestations: readonly unknown[]): ProvenanceFinding {
  const document = { version: 1, attestation_bundles: [{ publisher: world.publisher(IDENTITY), attestations }] }
  return verifyAlone(Buffer.from(JSON.stringify(document)), FILE, trust)
}

export async function attest(request: Partial<AttestRequest> = {}): Promise<AttestationJson> {
  return await world.attest({ filename: WHEEL.filename, sha256: WHEEL.sha256, identity: IDENTITY, ...request })
}

export async function judgeAltered(
  alter: Alterations,
  request: Partial<AttestRequest> = {},
): Promise<ProvenanceFinding> {
  return judge(await attest({ ...request, alter }))
}

/** A document with one thing of the first attestation replaced. */
export function edited(attestation: AttestationJson, path: readonly (string | number)[], value: unknown): unknown {
  const copy: unknown = structuredClone(attestation)
  const parent = path.slice(0, -1).reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), copy)
  Reflect.set(Object(parent), path.at(-1) ?? '', value)
  return copy
}

export const MATERIAL = ['verification_material'] as const
export const ENTRY = [...MATERIAL, 'transparency_entries', 0] as const
export const PROOF = [...ENTRY, 'inclusionProof'] as const
export const CHECKPOINT = [...PROOF, 'checkpoint', 'envelope'] as const

export const later = (draft: LeafDraft, seconds: number): Date => new Date(draft.notBefore.getTime() + seconds * 1000)

export const [STRANGE_LEAF] = [await world.leaf(IDENTITY)]

export const statementWith = (change: (statement: StatementJson) => unknown) => async (): Promise<ProvenanceFinding> =>
  await judgeAltered({ statement: change })
