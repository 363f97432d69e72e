/**
 * Every bound that may answer a client with 503 `unknown-overloaded`, under the name that metrics and logs have for it: what it
 * bounds, for people.
 */
export const LIMITS = {
  'first-sights': 'questions to the upstream about projects that the gate never saw',
  questions: 'questions to the upstream about known projects',
  'root-lists': 'lists of all projects from the upstream',
  judging: 'files that are judged',
  verifications: 'provenance documents that wait to be verified',
  downloads: 'files that come from the upstream',
  metadata: 'metadata that comes from the upstream',
  space: 'room for files that come in',
} as const satisfies Record<string, string>

export type LimitName = keyof typeof LIMITS
