import { nonEmpty } from '../../domain/base/brand.ts'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { instant } from '../../domain/base/instant.ts'
import {
  type AttestationFacts,
  type BundleResult,
  type Finding,
  INVALID_CODES,
  PREDICATE_TYPES,
  type PublisherObject,
  VerifiedAttestation,
} from '../../domain/identity/attestation.ts'
import { CLAIM_NAMES, type Claims, optionalClaims } from '../../domain/identity/claims.ts'
import { isJsonObject } from '../../protocol/text/json.ts'

/** What may be stored: everything but `unasked`. */
export type StorableFinding = Exclude<Finding, { kind: 'unasked' }>

/** Raised whenever a check is added or the form changes: older rows become undecodable and are verified again. */
const FORMAT = 3

const KNOWN_TYPES = Object.values(PREDICATE_TYPES)

/** JSON text for the store and for the way out of a worker. Absent values are left out. */
export function encodeFinding(finding: StorableFinding): string {
  if (finding.kind !== 'attested') return JSON.stringify({ format: FORMAT, ...finding })
  const bundles = finding.bundles.map(({ publisher, attestations }) => ({
    publisher,
    attestations: attestations.map(({ facts }) => facts),
  }))
  return JSON.stringify({ format: FORMAT, ...finding, bundles })
}

/** Reads a finding back, minting its proofs anew; `undefined` for anything that is not exactly one in the present format. */
export function decodeFinding(text: string): StorableFinding | undefined {
  try {
    return readFinding(record(JSON.parse(text)))
  } catch {
    return undefined
  }
}

/** Claims apart from a finding, for the memory of who signed; `undefined` for what is not exactly claims. */
export function decodeClaims(text: string): Claims | undefined {
  try {
    return readClaims(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** A field that is not what was written. Stays in this file. */
class Undecodable extends Error {}

type Fields = Readonly<Record<string, unknown>>

function readFinding(fields: Fields): StorableFinding {
  if (fields['format'] !== FORMAT) throw new Undecodable()
  switch (fields['kind']) {
    case 'unattested':
      only(fields, ['format', 'kind', 'said'])
      return { kind: 'unattested', said: oneOf(fields['said'], ['integrity', 'index']) }
    case 'invalid':
      only(fields, ['format', 'kind', 'why', 'detail'])
      return { kind: 'invalid', why: oneOf(fields['why'], INVALID_CODES), detail: string(fields['detail']) }
    case 'attested':
      only(fields, ['format', 'kind', 'bundles', 'provenanceSha256'])
      return {
        kind: 'attested',
        bundles: each(fields['bundles'], readBundle),
        provenanceSha256: sha256(fields['provenanceSha256']),
      }
    default:
      throw new Undecodable()
  }
}

function readBundle(value: unknown): BundleResult {
  const fields = record(value)
  only(fields, ['publisher', 'attestations'])
  return { publisher: readPublisher(fields['publisher']), attestations: each(fields['attestations'], readAttestation) }
}

function readPublisher(value: unknown): PublisherObject {
  const fields = record(value)
  only(fields, ['kind', 'project', 'repository', 'workflow', 'email', 'environment'])
  return {
    kind: string(fields['kind']),
    project: optional(fields['project']),
    repository: optional(fields['repository']),
    workflow: optional(fields['workflow']),
    email: optional(fields['email']),
    environment: optional(fields['environment']),
  }
}

function readAttestation(value: unknown): VerifiedAttestation {
  const fields = record(value)
  only(fields, ['predicateType', 'claims', 'root', 'signedAt', 'logIndex', 'leafSha256', 'contradiction', 'uncompared'])
  const signedAt = fields['signedAt']
  if (typeof signedAt !== 'number' || !Number.isSafeInteger(signedAt)) throw new Undecodable()
  return VerifiedAttestation.mint({
    predicateType: readPredicateType(fields['predicateType']),
    claims: readClaims(fields['claims']),
    root: fields['root'] === 'sigstore' ? 'sigstore' : sha256(fields['root']),
    signedAt: instant(signedAt),
    logIndex: string(fields['logIndex']),
    leafSha256: sha256(fields['leafSha256']),
    contradiction: optional(fields['contradiction']),
    uncompared: optional(fields['uncompared']),
  })
}

function readPredicateType(value: unknown): AttestationFacts['predicateType'] {
  if (typeof value === 'string') return oneOf(value, KNOWN_TYPES)
  const fields = record(value)
  only(fields, ['unknown'])
  return { unknown: string(fields['unknown']) }
}

function readClaims(value: unknown): Claims {
  const fields = record(value)
  only(fields, CLAIM_NAMES)
  const san = record(fields['san'])
  only(san, ['kind', 'value'])
  return {
    san: { kind: oneOf(san['kind'], ['uri', 'email']), value: string(san['value']) },
    issuer: string(fields['issuer']),
    ...optionalClaims(name => optional(fields[name])),
  }
}

// ---------------------------------------------------------------- leaves

function record(value: unknown): Fields {
  if (!isJsonObject(value)) throw new Undecodable()
  return value
}

function only(fields: Fields, names: readonly string[]): void {
  if (!Object.keys(fields).every(name => names.includes(name))) throw new Undecodable()
}

function each<T>(value: unknown, read: (item: unknown) => T): readonly [T, ...T[]] {
  const items = Array.isArray(value) ? nonEmpty(value.map(read)) : undefined
  if (items === undefined) throw new Undecodable()
  return items
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new Undecodable()
  return value
}

function optional(value: unknown): string | undefined {
  return value === undefined ? undefined : string(value)
}

function oneOf<const T extends string>(value: unknown, choices: readonly T[]): T {
  const choice = choices.find(candidate => candidate === value)
  if (choice === undefined) throw new Undecodable()
  return choice
}

function sha256(value: unknown): Sha256 {
  const digest = parseSha256(string(value))
  if (digest === undefined) throw new Undecodable()
  return digest
}
