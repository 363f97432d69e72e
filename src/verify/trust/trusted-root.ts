import { TrustedRoot } from '@sigstore/protobuf-specs'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import type { TrustMaterial } from '../../ports/trust.ts'
import { parseJsonStrict } from '../../protocol/text/json.ts'
import { prepareTrust } from '../evidence/trust-material.ts'

const LIMITS = { bytes: 4 * 1024 * 1024, depth: 32 }

/**
 * Reads a trusted_root.json, wherever it came from, and writes it canonically: the same keys always make the same digest,
 * any other key another one. Throws `unknown-trust` when it cannot be used to verify anything.
 */
export function readTrustedRoot(bytes: Uint8Array): TrustMaterial {
  const json = canonicalJson(bytes)
  prepareTrust(json)
  return { digest: sha256Of(json), json }
}

/** The fields that the protocol knows, in its order. */
function canonicalJson(bytes: Uint8Array): string {
  try {
    return JSON.stringify(TrustedRoot.toJSON(TrustedRoot.fromJSON(parseJsonStrict(bytes, LIMITS))))
  } catch (cause) {
    throw new GateError('unknown-trust', 'the trusted root is not usable', { cause })
  }
}

/** When the newest of its keys began: a root that nobody refreshes is no older than that, and nothing else inside says how old. */
export function newestKey({ json }: TrustMaterial): Instant {
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = TrustedRoot.fromJSON(JSON.parse(json))
  const windows = [
    ...[...tlogs, ...ctlogs].map(log => log.publicKey?.validFor),
    ...[...certificateAuthorities, ...timestampAuthorities].map(authority => authority.validFor),
  ]
  return instant(Math.max(0, ...windows.map(window => window?.start?.getTime() ?? 0)))
}
