import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import type { PublisherObject } from '../../domain/identity/attestation.ts'
import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'
import { printable, quote } from '../text/quote.ts'
import { type Checkpoint, decodeBase64, parseCheckpoint } from './checkpoint.ts'

/** A PEP 740 provenance document: structure checked, nothing verified yet. */
export interface Provenance {
  readonly bundles: NonEmpty<ProvenanceBundle>
}

export interface ProvenanceBundle {
  readonly publisher: PublisherObject
  readonly attestations: NonEmpty<Attestation>
}

/** One PEP 740 attestation, everything decoded. */
export interface Attestation {
  /** DER of the signing certificate */
  readonly certificate: Buffer<ArrayBuffer>
  /** the DSSE payload */
  readonly statement: Buffer<ArrayBuffer>
  readonly signature: Buffer<ArrayBuffer>
  readonly entries: NonEmpty<LogEntry>
  /** RFC 3161 TimeStampResp, DER */
  readonly timestamps: readonly Buffer<ArrayBuffer>[]
}

/** A transparency log entry. Integers are canonical decimal strings below 2^53. */
export interface LogEntry {
  readonly logIndex: string
  readonly keyId: Buffer<ArrayBuffer>
  readonly kind: string
  readonly version: string
  readonly integratedTime: string
  /** `undefined` in Rekor v2 */
  readonly signedEntryTimestamp: Buffer<ArrayBuffer> | undefined
  readonly proof: InclusionProof
  readonly canonicalizedBody: Buffer<ArrayBuffer>
}

export interface InclusionProof {
  readonly logIndex: string
  readonly treeSize: string
  readonly rootHash: Buffer<ArrayBuffer>
  readonly hashes: readonly Buffer<ArrayBuffer>[]
  readonly checkpoint: Checkpoint
}

/** Not a PEP 740 provenance document: where, and what stands there. */
export class ProvenanceError extends Error {
  override readonly name = 'ProvenanceError'
}

const LIMITS = { bytes: 1024 * 1024, depth: 32 }
/**
 * Of each in one document, over all bundles. PyPI keeps two attestations of a file, of one publisher, with one log entry and at
 * most one time stamp each; PEP 740 lets others add theirs. Each costs a millisecond or two of cryptography, and whoever writes the
 * document pays nothing for it.
 */
const MOST = { attestations: 16, transparency_entries: 32, timestamps: 32 } as const
const INTEGER = /^(?:0|[1-9][0-9]*)$/
type JsonObject = Readonly<Record<string, unknown>>

/** Reads a provenance document (PEP 740). Unknown keys are allowed everywhere. Throws {@link ProvenanceError}. */
export function parseProvenance(bytes: Uint8Array): Provenance {
  const document = object(readJson(bytes), 'the document')
  if (document['version'] !== 1) throw malformed('version', 'the number 1', document['version'])
  const bundles = list(document['attestation_bundles'], 'attestation_bundles', { least: 1, most: 16 })
  assertFew(bundles)
  return { bundles: each(bundles, 'attestation_bundles', readBundle) }
}

/** What is no list counts nothing here; it is found where it is read. */
function assertFew(bundles: readonly unknown[]): void {
  const attestations = bundles.flatMap(bundle => itemsOf(bundle, 'attestations'))
  const materials = attestations.map(attestation => memberOf(attestation, 'verification_material'))
  const found = {
    attestations: attestations.length,
    transparency_entries: materials.flatMap(material => itemsOf(material, 'transparency_entries')).length,
    timestamps: materials.flatMap(material => itemsOf(material, 'timestamps')).length,
  } satisfies Record<keyof typeof MOST, number>
  for (const what of ['attestations', 'transparency_entries', 'timestamps'] as const)
    if (found[what] > MOST[what])
      throw new ProvenanceError(`attestation_bundles: expected ${MOST[what]} ${what} at most, found ${found[what]}`)
}

function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? value[name] : undefined
}

function itemsOf(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name)
  return Array.isArray(list) ? list : []
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJsonStrict(bytes, LIMITS)
  } catch (error) {
    if (error instanceof JsonError)
      throw new ProvenanceError(`the document is not the JSON that PEP 740 describes: ${printable(error.message)}`)
    throw error
  }
}

function readBundle(value: unknown, at: string): ProvenanceBundle {
  const bundle = object(value, at)
  const attestations = list(bundle['attestations'], `${at}.attestations`, { least: 1, most: 8 })
  return {
    publisher: readPublisher(bundle['publisher'], `${at}.publisher`),
    attestations: each(attestations, `${at}.attestations`, readAttestation),
  }
}

/** What the kinds that are known call things; the others may call them what they like. */
const NAMES: Readonly<
  Record<string, { readonly project?: string; readonly repository?: string; readonly workflow?: string }>
> = {
  GitHub: {},
  GitLab: { workflow: 'workflow_filepath' },
  Google: {},
  CircleCI: { project: 'project_id', repository: 'vcs_origin', workflow: 'pipeline_definition_id' },
}

/** Unknown kinds are read with whatever strings they have: such a bundle verifies or not, and cannot admit. */
function readPublisher(value: unknown, at: string): PublisherObject {
  const publisher = object(value, at)
  const kind = text(publisher['kind'], `${at}.kind`)
  const names = Object.hasOwn(NAMES, kind) ? NAMES[kind] : undefined
  const read = (name: string): string | undefined => {
    const field = publisher[name]
    if (field === undefined || field === null || typeof field === 'string') return field ?? undefined
    if (names !== undefined) throw malformed(`${at}.${name}`, 'a string or null', field)
    return undefined
  }
  return {
    kind,
    project: names?.project === undefined ? undefined : read(names.project),
    repository: read(names?.repository ?? 'repository'),
    workflow: read(names?.workflow ?? 'workflow'),
    email: read('email'),
    // documents of 2024 spell "no environment" as ""
    environment: read('environment') || undefined,
  }
}

function readAttestation(value: unknown, at: string): Attestation {
  const attestation = object(value, at)
  if (attestation['version'] !== 1) throw malformed(`${at}.version`, 'the number 1', attestation['version'])
  const material = object(attestation['verification_material'], `${at}.verification_material`)
  const envelope = object(attestation['envelope'], `${at}.envelope`)
  const entries = `${at}.verification_material.transparency_entries`
  return {
    certificate: base64(material['certificate'], `${at}.verification_material.certificate`),
    statement: base64(envelope['statement'], `${at}.envelope.statement`),
    signature: base64(envelope['signature'], `${at}.envelope.signature`),
    entries: each(list(material['transparency_entries'], entries, { least: 1, most: 4 }), entries, readEntry),
    timestamps: readTimestamps(material['timestamps'], `${at}.verification_material.timestamps`),
  }
}

function readTimestamps(value: unknown, at: string): readonly Buffer<ArrayBuffer>[] {
  return list(value ?? [], at, { least: 0, most: 8 }).map((item, index) => base64(item, `${at}[${index}]`))
}

/**
 * A TransparencyLogEntry in protobuf's JSON (proto3, "ProtoJSON"): what holds its default, a zero or an empty list, may be
 * left out or be null, and so may a message.
 */
function readEntry(value: unknown, at: string): LogEntry {
  const entry = object(value, at)
  const kind = object(entry['kindVersion'], `${at}.kindVersion`)
  const promise = entry['inclusionPromise'] ?? undefined
  const integratedTime = integer(entry['integratedTime'] ?? '0', `${at}.integratedTime`)
  // without a signed entry timestamp nobody vouches for the time: in Rekor v2 it is 0, and a time stamp tells it
  if (promise === undefined && integratedTime !== '0')
    throw malformed(`${at}.integratedTime`, '0 where there is no inclusionPromise', integratedTime)
  return {
    logIndex: integer(entry['logIndex'] ?? '0', `${at}.logIndex`),
    keyId: base64(object(entry['logId'], `${at}.logId`)['keyId'], `${at}.logId.keyId`),
    kind: text(kind['kind'], `${at}.kindVersion.kind`),
    version: text(kind['version'], `${at}.kindVersion.version`),
    integratedTime,
    signedEntryTimestamp:
      promise === undefined
        ? undefined
        : base64(
            object(promise, `${at}.inclusionPromise`)['signedEntryTimestamp'],
            `${at}.inclusionPromise.signedEntryTimestamp`,
          ),
    proof: readProof(entry['inclusionProof'], `${at}.inclusionProof`),
    canonicalizedBody: base64(entry['canonicalizedBody'], `${at}.canonicalizedBody`),
  }
}

function readProof(value: unknown, at: string): InclusionProof {
  const proof = object(value, at)
  const envelope = text(object(proof['checkpoint'], `${at}.checkpoint`)['envelope'], `${at}.checkpoint.envelope`)
  const checkpoint = parseCheckpoint(envelope)
  if (checkpoint === undefined) throw malformed(`${at}.checkpoint.envelope`, 'a signed note', envelope)
  const treeSize = integer(proof['treeSize'], `${at}.treeSize`)
  if (treeSize !== checkpoint.treeSize)
    throw malformed(`${at}.treeSize`, `the checkpoint’s ${checkpoint.treeSize}`, treeSize)
  return {
    logIndex: integer(proof['logIndex'] ?? '0', `${at}.logIndex`),
    treeSize,
    rootHash: hash(proof['rootHash'], `${at}.rootHash`),
    hashes: list(proof['hashes'] ?? [], `${at}.hashes`, { least: 0, most: 64 }).map((item, index) =>
      hash(item, `${at}.hashes[${index}]`),
    ),
    checkpoint,
  }
}

// ---------------------------------------------------------------- leaves of the document

function object(value: unknown, at: string): JsonObject {
  if (!isJsonObject(value)) throw malformed(at, 'an object', value)
  return value
}

function list(value: unknown, at: string, size: { readonly least: number; readonly most: number }): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(at, 'a list', value)
  if (value.length < size.least || value.length > size.most)
    throw new ProvenanceError(`${at}: expected ${size.least} to ${size.most} items, found ${value.length}`)
  return value
}

function each<T>(values: readonly unknown[], at: string, read: (value: unknown, at: string) => T): NonEmpty<T> {
  const items = nonEmpty(values.map((value, index) => read(value, `${at}[${index}]`)))
  if (items === undefined) throw new ProvenanceError(`${at}: expected at least one item`)
  return items
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw malformed(at, 'a string', value)
  return value
}

/** Number() must be exact, because that is how the signed entry timestamp is checked. */
function integer(value: unknown, at: string): string {
  if (typeof value !== 'string' || !INTEGER.test(value) || !Number.isSafeInteger(Number(value)))
    throw malformed(at, 'a decimal integer as a string', value)
  return value
}

function base64(value: unknown, at: string): Buffer<ArrayBuffer> {
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined
  if (bytes === undefined) throw malformed(at, 'canonical base64', value)
  return bytes
}

function hash(value: unknown, at: string): Buffer<ArrayBuffer> {
  const bytes = base64(value, at)
  if (bytes.length !== 32) throw malformed(at, '32 bytes in base64', value)
  return bytes
}

function malformed(at: string, expected: string, found: unknown): ProvenanceError {
  return new ProvenanceError(`${at}: expected ${expected}, found ${quote(found)}`)
}
