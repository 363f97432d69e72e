/** Everything that keeps one client from taking the gate from the others, and what it did then. */
export const LIMITS = {
  connections: 'all connections are taken; another one was not accepted',
  'connections-per-address': 'one address has as many connections as it may; another one was reset',
  'requests-in-line': 'too many requests wait behind one another on a connection; it was reset',
  'reader-rate': 'a reader took a body more slowly than it may; its connection was reset',
  'answer-memory':
    'answers under way hold as much memory as they may; a reader that was too slow or stood still was reset',
  'first-sights': 'too many questions about projects never seen wait for the upstream; the request was answered 503',
  questions: 'too many questions about known projects wait for the upstream; the request was answered 503',
  'root-lists': 'too many lists of all projects wait for the upstream; the request was answered 503',
  documents: 'too many large pages wait to be read; the request was answered 503',
  judging: 'too many files wait to be judged; the request was answered 503',
  verifications: 'too many provenance documents wait to be verified; the request was answered 503',
  downloads: 'too many files wait to be downloaded; the request was answered 503',
  metadata: 'too much metadata waits to be downloaded; the request was answered 503',
  space: 'too many files come in for the room that there is; the request was answered 503',
  'wrong-credentials': 'credentials from one address were wrong too often; the request was answered 429',
  overloaded: 'too much is under way; the request was answered 503',
} as const satisfies Record<string, string>

export type LimitName = keyof typeof LIMITS
