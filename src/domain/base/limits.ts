/** Everything that keeps one client from taking the gate from the others, and what it did then. */
export const LIMITS = {
  'first-sights': 'too many questions about projects never seen wait for the upstream; the request was answered 503',
  questions: 'too many questions about known projects wait for the upstream; the request was answered 503',
  'root-lists': 'too many lists of all projects wait for the upstream; the request was answered 503',
  judging: 'too many files wait to be judged; the request was answered 503',
  verifications: 'too many provenance documents wait to be verified; the request was answered 503',
  downloads: 'too many files wait to be downloaded; the request was answered 503',
  metadata: 'too much metadata waits to be downloaded; the request was answered 503',
  space: 'too many files come in for the room that there is; the request was answered 503',
  overloaded: 'too much is under way; the request was answered 503',
} as const satisfies Record<string, string>

export type LimitName = keyof typeof LIMITS
