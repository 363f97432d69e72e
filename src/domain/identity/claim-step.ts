import type { Step } from '../base/step.ts'
import type { Claims } from './claims.ts'

/** One claim held against what is expected of it; an absent claim that is asked for is a failure. */
export function claimStep(
  check: string,
  expected: string,
  found: string | undefined,
  agrees: (found: string) => boolean,
): Step {
  if (found === undefined) return { mark: 'fail', check, expected, found: 'absent from the certificate' }
  return { mark: agrees(found) ? 'pass' : 'fail', check, expected, found }
}

/** `undefined` expects nothing, and looks at nothing. */
export function exactStep(check: string, expected: string | undefined, found: string | undefined): Step | undefined {
  return expected === undefined ? undefined : claimStep(check, expected, found, text => text === expected)
}

export function issuerStep(issuer: string, claims: Claims): Step {
  return claimStep('issuer (.8)', issuer, claims.issuer, found => found === issuer)
}
