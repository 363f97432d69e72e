import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** The address that a request comes from, as far as it can be believed. */
export type AddressOf = (request: IncomingMessage) => string

/** Whether an address is one of these; `trustProxy` holds addresses and CIDRs. */
export type Trusted = (address: string) => boolean

const NOBODY: Trusted = () => false

export function createTrusted(trustProxy: readonly string[]): Trusted {
  if (trustProxy.length === 0) return NOBODY
  const ranges = readRanges(trustProxy)
  return address => covers(ranges, plainAddress(address))
}

/**
 * Without trusted proxies, the connection's own. With them, the first one from the right end of X-Forwarded-For that is none
 * of theirs; what stands left of it anybody may have written.
 */
export function createAddressOf(trusted: Trusted): AddressOf {
  if (trusted === NOBODY) return addressOfConnection
  return request => {
    const connected = addressOfConnection(request)
    let address = connected
    for (const named of forwardedFor(request)) {
      if (!trusted(address)) break
      address = plainAddress(named)
    }
    // what a trusted proxy passed on may still be no address
    return isIP(address) === 0 ? connected : address
  }
}

export function addressOfConnection({ socket }: IncomingMessage): string {
  return plainAddress(socket.remoteAddress ?? '')
}

/** Whom each hop says it heard, the nearest hop's word first. */
function forwardedFor({ headers }: IncomingMessage): readonly string[] {
  const field = headers['x-forwarded-for'] as string | undefined // Node joins what comes twice
  if (field === undefined) return []
  return field
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .reverse()
}

type Family = 'ipv4' | 'ipv6'

/** One list for each family: a list of both takes a wide IPv6 range to hold all of IPv4. */
type Ranges = Readonly<Record<Family, BlockList>>

function readRanges(texts: readonly string[]): Ranges {
  const ranges: Ranges = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const [written = '', suffix] = text.split('/')
    const isMapped = plainAddress(written) !== written && Number(suffix ?? 128) >= MAPPED_BITS
    const address = isMapped ? plainAddress(written) : written
    const family = familyOf(address)
    const whole = family === 'ipv4' ? 32 : 128
    const bits = suffix === undefined ? whole : Number(suffix) - (isMapped ? MAPPED_BITS : 0)
    ranges[family].addSubnet(address, bits, family)
  }
  return ranges
}

function covers(ranges: Ranges, address: string): boolean {
  if (isIP(address) === 0) return false
  const family = familyOf(address)
  if (family === 'ipv4' || MAPPED_ADDRESSES.check(address, family)) return ranges.ipv4.check(address, family)
  return ranges.ipv6.check(address, family)
}

function familyOf(address: string): Family {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

const MAPPED = '::ffff:'
/** How many of an address's bits the prefix takes (RFC 4291 §2.5.5.2). */
const MAPPED_BITS = 96
const MAPPED_ADDRESSES = new BlockList()
MAPPED_ADDRESSES.addSubnet('::ffff:0:0', MAPPED_BITS, 'ipv6')

/** An IPv4 client of a socket that listens on IPv6 too is still an IPv4 client. */
function plainAddress(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address
}
