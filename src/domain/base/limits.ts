/** Everything that keeps one client from taking the gate from the others, and what it did then. */
export const LIMITS = {
  connections: 'all connections are taken; another one was not accepted',
  'connections-per-address': 'one address has as many connections as it may; another one was reset',
  'requests-in-line': 'too many requests wait behind one another on a connection; it was reset',
  'reader-rate': 'a reader took a body more slowly than it may; its connection was reset',
  'answer-memory': 'answers under way hold as much memory as they may; the reader that stood still longest was reset',
  overloaded: 'too much is under way; the request was answered 503',
} as const satisfies Record<string, string>

export type LimitName = keyof typeof LIMITS
