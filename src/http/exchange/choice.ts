import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import { type Coding, negotiate, pickCoding, type Representation } from '../../protocol/simple/negotiate.ts'

/** Clients send a handful of different headers; longer ones are somebody's experiment and not remembered. */
const LONGEST = 256
const accepts = new LRUCache<string, { readonly representation: Representation | undefined }>({ max: 256 })
const codings = new LRUCache<string, readonly [Coding, ...Coding[]]>({ max: 256 })

const HTML: Representation = { form: 'html', contentType: 'text/html' }
/** They compare neither length nor digest of what a JSON page lists; the digest in an HTML page's fragment they do. */
const IGNORES_JSON_DIGESTS = /^pip\/22\.3(?:\.1)?(?![\d.])/

interface Asked {
  readonly accept: string | undefined
  /** the `format` parameter of the query */
  readonly format: string | undefined
  readonly agent: string | undefined
}

/** @throws GateError `not-acceptable` */
export function chooseRepresentation({ accept, format, agent }: Asked): Representation {
  if (agent !== undefined && IGNORES_JSON_DIGESTS.test(agent)) return HTML
  const representation = format === undefined ? remembered(accept ?? '') : negotiate(accept, format)
  if (representation === undefined) throw new GateError('not-acceptable', 'no form of this page is acceptable')
  return representation
}

function remembered(accept: string): Representation | undefined {
  const known = accepts.get(accept)
  if (known !== undefined) return known.representation
  const representation = negotiate(accept, undefined)
  if (accept.length <= LONGEST) accepts.set(accept, { representation })
  return representation
}

const IDENTITY = ['identity'] as const

/** The codings that the client takes, the one that it gets first: the same each time, whatever is made already. */
export function codingsFor(acceptEncoding: string | undefined): readonly [Coding, ...Coding[]] {
  if (acceptEncoding === undefined) return IDENTITY
  const known = codings.get(acceptEncoding)
  if (known !== undefined) return known
  const [first = 'identity', ...others] = pickCoding(acceptEncoding)
  const taken = [first, ...others] as const
  if (acceptEncoding.length <= LONGEST) codings.set(acceptEncoding, taken)
  return taken
}

/** The parameter as decoded by the framework; of several the first. */
export function formatOf(query: unknown): string | undefined {
  const { format } = query as { readonly format?: string | readonly string[] }
  return typeof format === 'string' || format === undefined ? format : format[0]
}
