import { TrustedRoot } from '@sigstore/protobuf-specs'
import { type TrustMaterial as SigstoreTrustMaterial, toTrustMaterial, Verifier } from '@sigstore/verify'
import { LRUCache } from 'lru-cache'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Claims } from '../../domain/identity/claims.ts'
import type { TrustMaterial, TrustRoots } from '../../ports/trust.ts'
import { RememberingCertificate } from './certificates.ts'

/** A leaf certificate and what it says. */
export interface Leaf {
  readonly certificate: RememberingCertificate
  readonly claims: Claims
}

/**
 * A trust root made ready once: certificate objects that remember which of them signs which, and the leaves that stood in
 * a wholly verified attestation under exactly this root. A leaf is found by the sha256 of its DER, so that one other byte
 * makes another leaf; all files of a release share one.
 */
export interface PreparedTrust {
  readonly verifier: Verifier
  readonly logs: SigstoreTrustMaterial['tlogs']
  /** of every time stamp authority, DER */
  readonly stampCertificates: readonly Buffer[]
  readonly leaves: LRUCache<Sha256, Leaf>
}

/** Every root in force, made ready; those of `custom` publishers by their digests. */
export interface PreparedRoots {
  readonly sigstore: PreparedTrust
  readonly custom: ReadonlyMap<Sha256, PreparedTrust>
}

/**
 * Leaves with all that was read of them, some 50 KB each: those of the releases that are being looked at. Of 256, a worker's heap held
 * 83 MB after a thousand leaves, of 64 it holds 26.
 */
const LEAVES_REMEMBERED = 64
/** Sigstore's, one before it, and those of custom publishers */
const ROOTS_REMEMBERED = 16

/** Throws `unknown-trust` when the document is not a usable trusted root: that says nothing about any attestation. */
export function prepareTrust(json: string): PreparedTrust {
  const material = readTrustMaterial(json)
  return {
    // a threshold of 0 would be "not checked"
    verifier: new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 }),
    logs: material.tlogs,
    stampCertificates: material.timestampAuthorities.flatMap(({ certChain }) => certChain.map(({ der }) => der)),
    leaves: new LRUCache({ max: LEAVES_REMEMBERED }),
  }
}

type Authority = SigstoreTrustMaterial['certificateAuthorities'][number]
type RememberingAuthority = Omit<Authority, 'certChain'> & { readonly certChain: RememberingCertificate[] }
type RememberingMaterial = Omit<SigstoreTrustMaterial, 'certificateAuthorities' | 'timestampAuthorities'> & {
  readonly certificateAuthorities: RememberingAuthority[]
  readonly timestampAuthorities: RememberingAuthority[]
}

function readTrustMaterial(json: string): RememberingMaterial {
  try {
    const root = TrustedRoot.fromJSON(JSON.parse(json))
    if (root.certificateAuthorities.length === 0 || root.tlogs.length === 0 || root.ctlogs.length === 0)
      throw new Error('it names no certificate authority, no transparency log or no CT log')
    assertWindows(root)
    const material = toTrustMaterial(root)
    return {
      ...material,
      certificateAuthorities: remembering(material.certificateAuthorities, root.certificateAuthorities),
      timestampAuthorities: remembering(material.timestampAuthorities, root.timestampAuthorities),
    }
  } catch (cause) {
    throw new GateError('unknown-trust', 'the trusted root is not usable', { cause })
  }
}

/** A key without the start of its window would, for the library, have been in force since 1970. */
function assertWindows(root: TrustedRoot): void {
  const windows = [
    ...[...root.tlogs, ...root.ctlogs].map(log => log.publicKey?.validFor),
    ...[...root.certificateAuthorities, ...root.timestampAuthorities].map(authority => authority.validFor),
  ]
  if (windows.some(window => window?.start === undefined)) throw new Error('it does not say when each key began')
}

/** The windows stay as the library read them; the certificates become ones that remember. */
function remembering(
  authorities: SigstoreTrustMaterial['certificateAuthorities'],
  written: TrustedRoot['certificateAuthorities'],
): RememberingAuthority[] {
  return authorities.map(({ validFor }, index) => ({
    validFor,
    certChain: (written[index]?.certChain?.certificates ?? []).map(certificate =>
      RememberingCertificate.read(Buffer.from(certificate.rawBytes)),
    ),
  }))
}

/** The trust roots in force, each prepared once and found by digest. */
export class PreparedTrusts {
  readonly #prepared = new LRUCache<string, PreparedTrust>({ max: ROOTS_REMEMBERED })

  get(digest: string): PreparedTrust | undefined {
    return this.#prepared.get(digest)
  }

  /** All roots in force; throws `unknown-trust` for one that is not usable. */
  prepareAll({ sigstore, custom }: TrustRoots): PreparedRoots {
    return {
      sigstore: this.prepare(sigstore),
      custom: new Map(custom.map(root => [root.digest, this.prepare(root)])),
    }
  }

  prepare(trust: TrustMaterial): PreparedTrust {
    const known = this.#prepared.get(trust.digest)
    if (known !== undefined) return known
    const prepared = prepareTrust(trust.json)
    this.#prepared.set(trust.digest, prepared)
    return prepared
  }
}
