import { formatInstant, type Instant } from '../base/instant.ts'
import { identityOf } from '../identity/identity.ts'
import type { AttestedFile, Proof } from '../memory/history.ts'

/** "sampleproject-4.0.0.tar.gz was attested by pypa/sampleproject release.yml, first verified here on 2026-11-24". */
export function tellAttested({ filename, proof, offered }: AttestedFile): string {
  if (proof !== undefined)
    return `${filename} was attested by ${describeProof(proof)}, first verified here on ${day(proof.at)}`
  return `the index has offered provenance for ${filename} since ${offered === undefined ? 'an unknown day' : day(offered)}`
}

/** `acme/pkg release.yml`, or the certificate's name; always in quotes, because it is text from outside. */
export function describeProof({ claims }: Proof): string {
  const { repository, workflow, san } = identityOf(claims)
  return JSON.stringify(repository === undefined ? san : `${repository} ${workflow ?? ''}`.trimEnd())
}

export function day(at: Instant): string {
  return formatInstant(at).slice(0, 10)
}

interface Moved {
  readonly project: string
  readonly belongsTo: string
  readonly source: string | undefined
  readonly filename: string
}

/** A file of a name that belongs to another source than lists it. */
export function tellMoved({ project, belongsTo, source = 'another source', filename }: Moved): string {
  return `${project} belongs to the source ${belongsTo}, which does not have it now; ${source} lists ${filename}.`
}

/** Of a project that an index does not know, with whose the name is (`Index.whose`) where there are several sources. */
export function tellUnknown(project: string, whose: string | undefined): string {
  return `the index does not know ${project}${tellWhose(whose)}`
}

/** Whose a name is, to be put behind such words. */
export function tellWhose(whose: string | undefined): string {
  return whose === undefined ? '' : `: ${whose}`
}

/** A project that no rule of the policy is about. */
export function tellUnnamed(project: string): string {
  return `No rule of the policy names ${project}, and it denies what it does not name.`
}

/** A project's name that somebody could have meant another by. */
export function tellLookalike(project: string, lookalike: string): string {
  return `The name ${project} could be taken for ${lookalike}, which another source owns.`
}

const PASS = 'Other versions that pass: '
const UNJUDGED = 'Versions with attestations, not judged yet: '

/** A note on a refusal: what to install instead, the newest first. */
export function tellPassing(versions: readonly string[]): string {
  return `${PASS}${versions.join(', ')}.`
}

/** The same where nobody knows what passes. */
export function tellUnjudged(versions: readonly string[]): string {
  return `${UNJUDGED}${versions.join(', ')}.`
}

/** The notes of a refusal beside the newest version that passes: what was told before that was known is not told again. */
export function notesBeside(
  notes: readonly string[],
  passes: { readonly version: string } | undefined,
): readonly string[] {
  if (passes === undefined) return notes
  return notes.flatMap(note => {
    if (note.startsWith(UNJUDGED)) return []
    if (!note.startsWith(PASS)) return [note]
    const others = note.slice(PASS.length, -1).split(', ')
    const left = others.filter(version => version !== passes.version)
    return left.length === 0 ? [] : [tellPassing(left)]
  })
}
