import type { Identity } from '../../../domain/identity/attestation.ts'

/** An identity as the journal has it; `undefined` for what is none. */
export function identityIn(json: string): Identity | undefined {
  if (json === '') return undefined
  const { issuer, san, repository, workflow, ref, commit } = JSON.parse(json) as Identity
  return { issuer, san, repository, workflow, ref, ...(commit === undefined ? {} : { commit }) }
}
