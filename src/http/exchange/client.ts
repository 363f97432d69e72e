/** Who asks. */
export interface Client {
  /** of the connection, or the one that a trusted proxy names */
  readonly address: string
  /** whom a guard recognised; `anonymous` where nobody has to say */
  readonly subject: string
}

export const ANONYMOUS = 'anonymous'

/**
 * Under what name he waits for his turn: whom the guard recognised, else from where he comes. Of an IPv6 address that is the
 * network of 64 bits: one machine has all addresses in it.
 */
export function turnOf({ address, subject }: Client): string {
  if (subject !== ANONYMOUS) return subject
  return address.includes(':') && !address.includes('.') ? `${networkOf(address)}::/64` : address
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
