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
