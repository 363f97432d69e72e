import type { IncomingMessage } from 'node:http'
import { GateError } from '../../domain/base/errors.ts'

/** Where the console is. Text of a request is compared with it, and never becomes a part of it. */
export interface OwnPlaces {
  /** `https://console.acme.example`: where people are sent */
  readonly canonical: string
  /** The origin that a request is for. Throws `wrong-host` for a name that is none of ours. */
  originOf(request: Pick<IncomingMessage, 'headers'>): string
}

/** `publicUrl`, `listenUrl`: origins, without a slash at their end. */
export function createOwnPlaces(publicUrl: string | undefined, listenUrl: string): OwnPlaces {
  const origins = new Map<string, string>()
  for (const text of [listenUrl, localName(listenUrl), publicUrl])
    if (text !== undefined) {
      const { host, port, protocol, origin } = new URL(text)
      origins.set(host, origin)
      // a port that goes without saying may be said
      if (port === '') origins.set(`${host}:${protocol === 'https:' ? 443 : 80}`, origin)
    }
  return {
    canonical: new URL(publicUrl ?? listenUrl).origin,
    originOf({ headers }) {
      // another name that leads here is somebody else's, who answers for its scripts (DNS rebinding)
      const origin = origins.get((headers.host ?? '').toLowerCase())
      if (origin === undefined) throw new GateError('wrong-host', 'the console is not called by this name')
      return origin
    },
  }
}

/** What people type for a loopback address. */
function localName(listenUrl: string): string | undefined {
  const url = new URL(listenUrl)
  return url.hostname === '127.0.0.1' || url.hostname === '[::1]' ? `${url.protocol}//localhost:${url.port}` : undefined
}

const READING = new Set(['GET', 'HEAD'])

/**
 * No other site makes a browser do anything here, or looks at what is answered: it may lead somebody to a page, and that is all.
 *
 * @throws GateError `foreign-origin`
 */
export function assertOwnSite(
  { method = '', headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  own: string,
): void {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers
  const isReading = READING.has(method)
  if (origin !== undefined && origin !== own && !(isReading && origin === 'null'))
    throw new GateError('foreign-origin', 'the request comes from a page of another site')
  if (site === undefined || site === 'same-origin' || site === 'none') return
  // Fetch Metadata: `same-site` is another port, or another name of the same owner, and as foreign
  if (isReading && mode === 'navigate' && destination === 'document') return
  throw new GateError('foreign-origin', 'another site asks, and not a person who was led here')
}
