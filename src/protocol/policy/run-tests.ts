import type { Instant } from '../../domain/base/instant.ts'
import { rehearse } from '../../domain/decide/rehearse.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { ReadTest } from '../clauses/policy-test.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'

/** How a test of the policy came out. */
export interface TestOutcome {
  /** where it stands */
  readonly place: Diagnostic
  readonly file: string
  readonly expected: string
  readonly found: string
  readonly detail: string
  readonly passed: boolean
}

/** Decides the tests of a policy by the policy itself; `now` is the moment of those that name none. */
export function runTests(tests: readonly ReadTest[], policy: Policy, now: Instant): readonly TestOutcome[] {
  return tests.map(({ document, path, rehearsal, at, expected: code }) => {
    const found = rehearse(rehearsal, policy, at ?? now)
    const told = (refusal: string | undefined) => (refusal === undefined ? 'admitted' : `refused: ${refusal}`)
    return {
      place: document.at(path, `expected ${told(code)}, found ${told(found.code)} (${found.detail})`),
      file: rehearsal.file.text,
      expected: told(code),
      found: told(found.code),
      detail: found.detail,
      passed: found.code === code,
    }
  })
}
