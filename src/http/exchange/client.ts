/** What of the gate somebody may ask for. */
export interface Permissions {
  /** names of indexes */
  readonly indexes: ReadonlySet<string>
  readonly metrics: boolean
  /** what he is answered is for nobody else: no shared cache keeps it */
  readonly isPrivate: boolean
}

/** Who asks. */
export interface Client {
  /** of the connection, or the one that a trusted proxy names */
  readonly address: string
  /** whom a guard recognised; `anonymous` where nobody has to say */
  readonly subject: string
  /** who stands behind a token (`domain/access/standing.ts`) */
  readonly also?: readonly string[]
  /** whom a token was given out for, where that was said */
  readonly holder?: string
  /** `undefined`: everything */
  readonly may?: Permissions
}

export const ANONYMOUS = 'anonymous'

/** Under what name he waits for his turn: whom the guard recognised, else from where he comes. */
export function turnOf({ address, subject }: Client): string {
  return subject === ANONYMOUS ? neighbourhoodOf(address) : subject
}

/**
 * What one party has of addresses: an IPv4 address, however it is written; of IPv6 the network of 64 bits, in which anybody may choose
 * (RFC 6177).
 */
export function neighbourhoodOf(address: string): string {
  if (!address.includes(':')) return address
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1)
  return `${networkOf(address.split('%', 1)[0] ?? '')}::/64`
}

/** RFC 4291, 2.2: a run of zeros is left out once. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const all = [...first, ...Array<string>(zeros).fill('0'), ...last]
  return all
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')
}
