import type { PageBody } from '../../gate/pages/page-body.ts'
import type { Coding } from '../../protocol/simple/negotiate.ts'
import { sendAnswer } from '../exchange/answer.ts'
import { codingsFor } from '../exchange/choice.ts'
import { noneMatch } from '../exchange/conditional.ts'
import type { Exchange } from '../exchange/exchange.ts'

/** What does not depend on the page. */
export interface Heading {
  readonly contentType: string
  readonly common: readonly string[]
}

/** Of one page in one form and coding: of its bytes, and of the word that the client has them. */
interface Heads extends Heading {
  readonly headers: readonly string[]
  readonly unchanged: readonly string[]
}

/** They are the same for everybody who asks. */
const heads = new WeakMap<PageBody, Map<Coding, Heads>>()

function headsOf(page: PageBody, { contentType, common }: Heading, coding: Coding): Heads {
  const known = heads.get(page)
  const before = known?.get(coding)
  if (before?.contentType === contentType && before.common === common) return before
  const serial = page.serial === undefined ? [] : ['X-PyPI-Last-Serial', `${page.serial}`]
  const unchanged = ['ETag', page.etag[coding], ...common, ...serial]
  const coded = coding === 'identity' ? [] : ['Content-Encoding', coding]
  const made = { contentType, common, headers: [...unchanged, 'Content-Type', contentType, ...coded], unchanged }
  heads.set(page, (known ?? new Map<Coding, Heads>()).set(coding, made))
  return made
}

/**
 * Sends a prebuilt answer in the coding that the client takes, which is made when it is asked for first; or says that the client has
 * it already, in whichever coding it got it. Neither that nor HEAD has anything coded.
 */
export function sendBody(exchange: Exchange, page: PageBody, heading: Heading): void | Promise<void> {
  const codings = codingsFor(exchange.header('accept-encoding'))
  const [coding] = codings
  const asked = exchange.header('if-none-match')
  const had = asked === undefined ? undefined : codings.find(each => !noneMatch(asked, page.etag[each]))
  const send = (told: Coding, body?: Buffer): void => {
    const { headers } = headsOf(page, heading, told)
    sendAnswer(exchange, { status: 200, headers, ...(body === undefined ? {} : { body }) })
  }
  if (had !== undefined) return sendAnswer(exchange, { status: 304, headers: headsOf(page, heading, had).unchanged })
  const body = page[coding]
  if (coding === 'identity' || body !== undefined) return send(coding, body)
  // its length is not known before somebody wants the body
  if (exchange.isHead) return send(coding)
  return page.coded(coding).then(
    made => send(coding, made),
    () => send('identity', page.identity),
  )
}
