import { isIP } from 'node:net'
import { z } from 'zod'
import { GateError } from '../domain/base/errors.ts'
import { parseMatch } from '../protocol/clauses/match.ts'
import { parseUpstreamBase, type UpstreamBase } from '../protocol/simple/upstream-base.ts'

export interface Listen {
  /** without brackets */
  readonly host: string
  /** 0 lets the system choose */
  readonly port: number
}

/** What refuses a text says why; it never repeats a text that may hold a secret. */
interface Rejecting {
  readonly issues: { push(issue: { code: 'custom'; input: unknown; message: string }): unknown }
}

function reject(context: Rejecting, input: unknown, message: string): never {
  context.issues.push({ code: 'custom', input, message })
  return z.NEVER
}

/** `host:port`, `[::1]:port`. */
export const listenAddress = z.codec(z.string(), z.custom<Listen>(), {
  decode(text, context) {
    const [, bracketed, plain, digits = ''] =
      /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text) ?? []
    const port = Number(digits)
    const isHost = bracketed === undefined ? plain !== undefined && isHostName(plain) : isIP(bracketed) === 6
    if (isHost && port <= 65_535) return { host: bracketed ?? plain ?? '', port }
    return reject(
      context,
      text,
      `must be host:port or [IPv6]:port, with a port up to 65535, such as 127.0.0.1:8080; found ${JSON.stringify(text)}`,
    )
  },
  encode: ({ host, port }) => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
})

/** Digits and dots alone that are no address are a mistyped one, not a name. */
function isHostName(text: string): boolean {
  return isIP(text) === 4 || !/^[0-9.]+$/.test(text)
}

/** An address, or a range such as `10.0.0.0/8` and `fd00::/8`. */
export const addressRange = z.codec(z.string(), z.string(), {
  decode(text, context) {
    const [, address = '', bits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? []
    const family = isIP(address)
    if (family !== 0 && !address.includes('%') && Number(bits ?? 0) <= (family === 4 ? 32 : 128)) return text
    return reject(
      context,
      text,
      `must be an address or a range such as 10.0.0.0/8 or fd00::/8; found ${JSON.stringify(text)}`,
    )
  },
  encode: text => text,
})

/** https:, or http: on a loopback address; without a slash at its end. */
export const upstreamUrl = z.codec(z.string(), z.string(), {
  decode(text, context) {
    const base = tryUpstreamBase(text)
    return 'wrong' in base ? reject(context, undefined, base.wrong) : base.href
  },
  encode: url => url,
})

export function tryUpstreamBase(text: string): UpstreamBase | { readonly wrong: string } {
  try {
    return parseUpstreamBase(text, 'URL')
  } catch (error) {
    if (error instanceof GateError) return { wrong: error.detail.replace(/^URL /, '') }
    throw error
  }
}

/** Where clients find the gate: http: or https:, a path prefix is allowed; without a slash at its end. */
export const publicUrl = z.codec(z.string(), z.string(), {
  decode(text, context) {
    const url = URL.parse(text)
    if (url === null || !/^https?:$/.test(url.protocol))
      return reject(context, undefined, 'must be an http: or https: URL')
    if (url.username !== '' || url.password !== '')
      return reject(context, undefined, 'holds credentials; every page would show them')
    if (/[?#]/.test(text)) return reject(context, undefined, 'has a query or a fragment')
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  },
  encode: url => url,
})

/** The path of a location in the front's own configuration, such as `/_blobs/`. */
export const frontLocation = z.codec(z.string(), z.string(), {
  decode(text, context) {
    const isPlain = /^\/(?:[A-Za-z0-9._~-]+\/)+$/.test(text) && !text.split('/').some(part => /^\.\.?$/.test(part))
    if (isPlain) return text
    return reject(
      context,
      text,
      `must be a path that begins and ends with /, such as /_blobs/; found ${JSON.stringify(text)}`,
    )
  },
  encode: location => location,
})

/** A field of our answers that the front takes for itself: none that means something to clients. */
export const frontField = z.codec(z.string(), z.string(), {
  decode(text, context) {
    if (/^X-(?!Content-Type-Options$)[A-Za-z0-9-]{1,60}$/i.test(text)) return text
    return reject(context, text, `must be a field such as X-Accel-Redirect; found ${JSON.stringify(text)}`)
  },
  encode: field => field,
})

/** A project name, or a glob over names, in PEP 503 normal form. */
export const nameGlob = z.codec(z.string(), z.string(), {
  decode(text, context) {
    const glob = parseMatch(text)
    return typeof glob === 'string' ? glob : reject(context, text, glob.wrong)
  },
  encode: glob => glob,
})
