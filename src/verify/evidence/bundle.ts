import {
  assertBundleLatest,
  type Bundle,
  type BundleWithDsseEnvelope,
  isBundleWithDsseEnvelope,
} from '@sigstore/bundle'
import type { Attestation, LogEntry } from '../../protocol/attest/provenance.ts'

/** With this media type an inclusion proof and a checkpoint are mandatory in every log entry. */
const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
/** PEP 740: the envelope is a DSSE envelope over an in-toto statement; the type is not on the wire. */
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

/** Builds the Sigstore bundle that a PEP 740 attestation abbreviates. Throws `ValidationError`. */
export function toBundle(attestation: Attestation): BundleWithDsseEnvelope {
  const bundle: Bundle = {
    mediaType: MEDIA_TYPE,
    verificationMaterial: {
      content: { $case: 'certificate', certificate: { rawBytes: attestation.certificate } },
      tlogEntries: attestation.entries.map(toTransparencyLogEntry),
      timestampVerificationData: {
        rfc3161Timestamps: attestation.timestamps.map(signedTimestamp => ({ signedTimestamp })),
      },
    },
    content: {
      $case: 'dsseEnvelope',
      dsseEnvelope: {
        payload: attestation.statement,
        payloadType: PAYLOAD_TYPE,
        signatures: [{ sig: attestation.signature, keyid: '' }],
      },
    },
  }
  assertBundleLatest(bundle)
  if (!isBundleWithDsseEnvelope(bundle)) throw new Error('not a DSSE bundle')
  return bundle
}

function toTransparencyLogEntry(entry: LogEntry): Bundle['verificationMaterial']['tlogEntries'][number] {
  return {
    logIndex: entry.logIndex,
    logId: { keyId: entry.keyId },
    kindVersion: { kind: entry.kind, version: entry.version },
    integratedTime: entry.integratedTime,
    inclusionPromise:
      entry.signedEntryTimestamp === undefined ? undefined : { signedEntryTimestamp: entry.signedEntryTimestamp },
    inclusionProof: {
      logIndex: entry.proof.logIndex,
      rootHash: entry.proof.rootHash,
      treeSize: entry.proof.treeSize,
      hashes: [...entry.proof.hashes],
      checkpoint: { envelope: entry.proof.checkpoint.text },
    },
    canonicalizedBody: entry.canonicalizedBody,
  }
}
