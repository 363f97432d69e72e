import type { Sha256 } from '../../domain/base/digest.ts'
import { PREDICATE_TYPES, type PredicateType } from '../../domain/identity/attestation.ts'
import { type DistFilename, parseDistFilename, sameDistribution } from '../../domain/packaging/filename.ts'
import { isJsonObject, JsonError, parseJsonStrict } from '../../protocol/text/json.ts'
import { printable, quote } from '../../protocol/text/quote.ts'
import { InvalidEvidence } from './invalid-evidence.ts'

/** The file that an attestation must be about. */
export interface ExpectedSubject {
  readonly filename: DistFilename
  readonly sha256: Sha256
}

/** An in-toto statement v1 (github.com/in-toto/attestation spec/v1/statement.md), read from bytes that were verified. */
export interface Statement {
  readonly subjects: readonly unknown[]
  readonly predicateType: PredicateType | { readonly unknown: string }
  readonly predicate: unknown
}

const TYPE = 'https://in-toto.io/Statement/v1'
const LIMITS = { bytes: 1024 * 1024, depth: 64 }
const LONGEST_TYPE = 255

/** Throws {@link InvalidEvidence} `provenance-malformed`. */
export function readStatement(payload: Uint8Array): Statement {
  const statement = readJson(payload)
  if (!isJsonObject(statement)) throw malformed(`the statement is ${quote(statement)}, expected an object`)
  const { _type: type, subject, predicateType, predicate } = statement
  if (type !== TYPE) throw malformed(`the statement’s _type is ${quote(type)}, expected ${quote(TYPE)}`)
  if (!Array.isArray(subject)) throw malformed('the statement has no list of subjects')
  if (typeof predicateType !== 'string' || predicateType.length > LONGEST_TYPE)
    throw malformed(`the statement’s predicateType is ${quote(predicateType)}, expected a URI`)
  const known = Object.hasOwn(PREDICATE_TYPES, predicateType) ? PREDICATE_TYPES[predicateType] : undefined
  return { subjects: subject, predicateType: known ?? { unknown: predicateType }, predicate }
}

function readJson(payload: Uint8Array): unknown {
  try {
    return parseJsonStrict(payload, LIMITS)
  } catch (error) {
    if (error instanceof JsonError) throw malformed(`the statement is not JSON: ${printable(error.message)}`)
    throw error
  }
}

/**
 * PEP 740: exactly one subject, whose name is the file's (compared by parsing) and whose sha256 is the file's. Throws
 * {@link InvalidEvidence} `subject-mismatch` or `digest-mismatch`.
 */
export function assertSubjectIs(file: ExpectedSubject, statement: Statement): void {
  const [subject] = statement.subjects
  if (statement.subjects.length !== 1 || !isJsonObject(subject))
    throw mismatch(`the statement has ${statement.subjects.length} subjects, expected exactly one`)
  const { name, digest } = subject
  if (typeof name !== 'string' || !namesFile(name, file.filename))
    throw mismatch(`the statement is about ${quote(name)}, expected ${quote(file.filename.text)}`)
  const sha256 = isJsonObject(digest) ? digest['sha256'] : undefined
  // in-toto and PEP 740 write lower-case hex; nothing is normalised
  if (sha256 !== file.sha256)
    throw new InvalidEvidence(
      'digest-mismatch',
      `the statement is about sha256 ${quote(sha256)}, expected "${file.sha256}"`,
    )
}

/** Read without favour: an ambiguous name must not bend towards the file that it is held against. */
function namesFile(name: string, filename: DistFilename): boolean {
  if (name === filename.text) return true
  const named = parseDistFilename(name)
  return named !== undefined && sameDistribution(named, filename)
}

function malformed(detail: string): InvalidEvidence {
  return new InvalidEvidence('provenance-malformed', detail)
}

function mismatch(detail: string): InvalidEvidence {
  return new InvalidEvidence('subject-mismatch', detail)
}
