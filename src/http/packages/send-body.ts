import type { PageBody } from '../../gate/pages/page-body.ts'
import { sendAnswer } from '../exchange/answer.ts'
import { chooseCoding } from '../exchange/choice.ts'
import { noneMatch } from '../exchange/conditional.ts'
import type { Exchange } from '../exchange/exchange.ts'

/** Sends a prebuilt answer in the coding that the client takes, or says that it has it already. */
export function sendBody(
  exchange: Exchange,
  page: PageBody,
  { contentType, common }: { readonly contentType: string; readonly common: readonly string[] },
): void {
  const coding = chooseCoding(exchange.header('accept-encoding'), page)
  const etag = page.etag[coding]
  const headers: string[] = ['ETag', etag, ...common]
  if (page.serial !== undefined) headers.push('X-PyPI-Last-Serial', `${page.serial}`)
  if (noneMatch(exchange.header('if-none-match'), etag)) {
    headers.push('Content-Type', contentType)
    if (coding !== 'identity') headers.push('Content-Encoding', coding)
    sendAnswer(exchange, { status: 200, headers, body: page[coding] ?? page.identity })
  } else sendAnswer(exchange, { status: 304, headers })
}
