import { createHash, generateKeyPairSync, randomInt, sign } from 'node:crypto'
import { initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock'
import { createCertificateAuthority, draftLeaf, type Leaf, type LeafDraft } from './certificate-authority.ts'
import { type SigningIdentity, slsaPredicate, spellIdentity } from './identity.ts'
import { cosigned, type Witness } from './witness.ts'

const DAY = 86_400_000
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const SHA256_OID = '2.16.840.1.101.3.4.2.1'
const TSA_POLICY_OID = '1.3.6.1.4.1.57264.2'
const PREDICATE_TYPES = {
  publish: 'https://docs.pypi.org/attestations/publish/v1',
  slsa: 'https://slsa.dev/provenance/v1',
} as const

/** One attestation as PEP 740 writes it. Mutable, so that `alter` may bend it. */
export interface AttestationJson {
  version: unknown
  verification_material: {
    certificate: string
    transparency_entries: TransparencyEntry[]
    timestamps?: string[]
  }
  envelope: { statement: string; signature: string }
}

export interface TransparencyEntry {
  logIndex: string
  logId: { keyId: string }
  kindVersion: { kind: string; version: string }
  integratedTime: string
  inclusionPromise?: { signedEntryTimestamp: string }
  inclusionProof: {
    logIndex: string
    rootHash: string
    treeSize: string
    hashes: string[]
    checkpoint: { envelope: string }
  }
  canonicalizedBody: string
}

/** An in-toto statement, v1. */
export interface StatementJson {
  readonly _type: string
  readonly subject: readonly { readonly name?: string; readonly digest: Readonly<Record<string, string>> }[]
  readonly predicateType: string
  readonly predicate: unknown
}

/** Hooks in the order in which they are called. What each returns is what is signed, logged or handed out. */
export interface Alterations {
  /** before the certificate is issued */
  readonly leaf?: (draft: LeafDraft) => LeafDraft
  /** before it is signed; a string is signed as it stands */
  readonly statement?: (statement: StatementJson) => unknown
  /** before it is signed; the type is not on the wire */
  readonly payloadType?: string
  /** before the entry is logged */
  readonly logBody?: (body: LogBody) => object
  /** after everything */
  readonly attestation?: (attestation: AttestationJson) => AttestationJson
}

/** The body of a Rekor v1 entry of the kind dsse/0.0.1. */
export interface LogBody {
  readonly apiVersion: string
  readonly kind: string
  readonly spec: {
    readonly envelopeHash: { readonly algorithm: string; readonly value: string }
    readonly payloadHash: { readonly algorithm: string; readonly value: string }
    readonly signatures: readonly { readonly signature: string; readonly verifier: string }[]
  }
}

export interface AttestRequest {
  readonly filename: string
  readonly sha256: string
  readonly identity: SigningIdentity
  /** default publish */
  readonly predicate?: 'publish' | 'slsa'
  /** sign under this leaf instead of a new one */
  readonly leaf?: Leaf
  /** an RFC 3161 timestamp beside the log's promise; the authority's certificates begin now, so not with `at` in the past */
  readonly stamped?: 'stamped'
  readonly alter?: Alterations
}

export interface BundleJson {
  readonly publisher: unknown
  readonly attestations: readonly AttestationJson[]
}

/** A Sigstore of its own. Nothing that it signs verifies under any other root. */
export interface SigningWorld {
  /** trusted_root.json in protobuf JSON */
  readonly trustedRootJson: string
  leaf(identity: SigningIdentity, alter?: Alterations['leaf']): Promise<Leaf>
  attest(request: AttestRequest): Promise<AttestationJson>
  /** a provenance document with one bundle per item */
  provenance(bundles: readonly BundleJson[]): Buffer
  /** the `publisher` object that PyPI would write */
  publisher(identity: SigningIdentity): Readonly<Record<string, unknown>>
}

/** What the log answers, in the form of Rekor's API. */
interface RekorEntry {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification: {
    readonly signedEntryTimestamp: string
    readonly inclusionProof: {
      readonly logIndex: number
      readonly treeSize: number
      readonly rootHash: string
      readonly checkpoint: string
    }
  }
}

/** `at` freezes every clock of the world; without it they run. `witnesses` cosign every checkpoint of its log. */
export async function createSigningWorld(
  options: { readonly at?: Date; readonly witnesses?: readonly Witness[] } = {},
): Promise<SigningWorld> {
  const { at, witnesses = [] } = options
  const now = (): Date => at ?? new Date()
  const ctLog = await initializeCTLog(generateKeyPairSync('ec', { namedCurve: 'P-256' }), at)
  const log = await initializeTLog('https://rekor.test', generateKeyPairSync('ec', { namedCurve: 'P-256' }), at)
  // kept and set before each use: its encoder and the verifier's decoder agree only on whole seconds
  const stampClock = new Date(0)
  const stamps = await initializeTSA(generateKeyPairSync('ec', { namedCurve: 'P-256' }), stampClock)
  const authority = await createCertificateAuthority(ctLog, now())

  const leaf = async (identity: SigningIdentity, alter: Alterations['leaf'] = draft => draft): Promise<Leaf> =>
    await authority.issue(alter(draftLeaf(spellIdentity(identity), now())))

  const enter = async (body: object): Promise<TransparencyEntry> => {
    const [entry] = Object.values((await log.log(body)) as Readonly<Record<string, RekorEntry>>)
    if (entry === undefined) throw new Error('the log made no entry')
    const { inclusionProof: proof, signedEntryTimestamp } = entry.verification
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
      kindVersion: { kind: 'dsse', version: '0.0.1' },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      inclusionProof: {
        logIndex: String(proof.logIndex),
        rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
        treeSize: String(proof.treeSize),
        hashes: [],
        checkpoint: { envelope: cosigned(proof.checkpoint, witnesses) },
      },
      canonicalizedBody: entry.body,
    }
  }

  const stamp = async (signature: Buffer): Promise<string> => {
    stampClock.setTime(wholeSecond(now()))
    const response = await stamps.timestamp({
      artifactHash: createHash('sha256').update(signature).digest(),
      hashAlgorithmOID: SHA256_OID,
      nonce: randomInt(1_000_000),
      policyOID: TSA_POLICY_OID,
    })
    return asBuffer(response).toString('base64')
  }

  return {
    trustedRootJson: renderTrustedRoot({
      start: new Date(now().getTime() - 365 * DAY),
      authorityChain: authority.chain,
      ctLogKey: ctLog.publicKey,
      logKey: log.publicKey,
      stampChain: [asBuffer(stamps.intCertificate), asBuffer(stamps.rootCertificate)],
    }),
    leaf,
    async attest(request) {
      const { alter = {} } = request
      const signer = request.leaf ?? (await leaf(request.identity, alter.leaf))
      const payload = encodeStatement(request, alter)
      const signature = sign('sha256', encodeEnvelope(alter.payloadType ?? PAYLOAD_TYPE, payload), signer.privateKey)
      const body = logBody(payload, signature, signer.der)
      const attestation: AttestationJson = {
        version: 1,
        verification_material: {
          certificate: signer.der.toString('base64'),
          transparency_entries: [await enter(alter.logBody?.(body) ?? body)],
          ...(request.stamped === undefined ? {} : { timestamps: [await stamp(signature)] }),
        },
        envelope: { statement: payload.toString('base64'), signature: signature.toString('base64') },
      }
      return alter.attestation?.(attestation) ?? attestation
    },
    provenance: bundles => Buffer.from(JSON.stringify({ version: 1, attestation_bundles: bundles })),
    publisher: identity => spellIdentity(identity).publisher,
  }
}

function encodeStatement(request: AttestRequest, alter: Alterations): Buffer {
  const { filename, sha256, predicate = 'publish' } = request
  const statement: StatementJson = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: filename, digest: { sha256 } }],
    predicateType: PREDICATE_TYPES[predicate],
    predicate: predicate === 'slsa' ? slsaPredicate(spellIdentity(request.identity)) : null,
  }
  const altered = alter.statement === undefined ? statement : alter.statement(statement)
  return Buffer.from(typeof altered === 'string' ? altered : JSON.stringify(altered))
}

/** DSSE's pre-authentication encoding (github.com/secure-systems-lab/dsse protocol.md). */
function encodeEnvelope(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}

function logBody(payload: Buffer, signature: Buffer, certificate: Buffer): LogBody {
  const lines = certificate.toString('base64').replace(/.{1,64}/g, '$&\n')
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: { algorithm: 'sha256', value: hash(JSON.stringify({ payload: payload.toString('base64') })) },
      payloadHash: { algorithm: 'sha256', value: hash(payload) },
      signatures: [{ signature: signature.toString('base64'), verifier: Buffer.from(pem).toString('base64') }],
    },
  }
}

function wholeSecond(at: Date): number {
  return Math.floor(at.getTime() / 1000) * 1000
}

function asBuffer(view: ArrayBufferView<ArrayBuffer>): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength)
}

function hash(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function renderTrustedRoot(parts: {
  readonly start: Date
  readonly authorityChain: readonly Buffer[]
  readonly ctLogKey: Uint8Array
  readonly logKey: Uint8Array
  readonly stampChain: readonly Buffer[]
}): string {
  const validFor = { start: parts.start.toISOString() }
  const logOf = (baseUrl: string, key: Uint8Array): object => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: Buffer.from(key).toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: createHash('sha256').update(key).digest('base64') },
  })
  const authorityOf = (uri: string, chain: readonly Buffer[]): object => ({
    subject: { organization: 'portcullis.test', commonName: 'sigstore' },
    uri,
    certChain: { certificates: chain.map(certificate => ({ rawBytes: certificate.toString('base64') })) },
    validFor,
  })
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logOf('https://rekor.test', parts.logKey)],
    certificateAuthorities: [authorityOf('https://fulcio.test', parts.authorityChain)],
    ctlogs: [logOf('https://ct.test', parts.ctLogKey)],
    timestampAuthorities: [authorityOf('https://timestamp.test', parts.stampChain)],
  })
}
