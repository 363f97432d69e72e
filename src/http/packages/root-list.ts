import { pickCoding, type Representation } from '../../protocol/simple/negotiate.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import { chooseRepresentation, formatOf } from '../exchange/choice.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { assertMayEnter } from '../exchange/permissions.ts'
import { sendRedirect } from '../exchange/redirect.ts'
import type { Serving } from '../exchange/settings.ts'
import { addRootListProxy, type ProxiedList } from './root-list-proxy.ts'

/** `/simple/`, the list of all projects, in the form that the client wants. */
export function addRootList(router: Router, serving: Serving): void {
  addRootListProxy(router, serving, {
    wanted(exchange, query) {
      assertMayEnter(exchange.client, serving.index)
      if (redirectToSlash(serving, exchange)) return undefined
      const { form } = representationFor(exchange, query)
      return { form, coding: pickCoding(exchange.header('accept-encoding')).includes('gzip') ? 'gzip' : 'identity' }
    },
    send: (exchange, query, list) => sendList(serving, exchange, representationFor(exchange, query), list),
  })
}

/** True when this was the path without its slash. */
function redirectToSlash(serving: Serving, exchange: Exchange): boolean {
  const [path = ''] = exchange.url.split('?', 1)
  if (path.endsWith('/')) return false
  sendRedirect(serving, exchange, { path: '/simple/', relative: 'simple/' })
  return true
}

function representationFor(exchange: Exchange, query: unknown): Representation {
  const [accept, agent] = [exchange.header('accept'), exchange.header('user-agent')]
  return chooseRepresentation({ accept, format: formatOf(query), agent })
}

async function sendList(
  { outlet }: Serving,
  exchange: Exchange,
  wanted: Representation,
  { body, size, coding, serial }: ProxiedList,
): Promise<void> {
  const headers = ['Content-Type', wanted.contentType, 'Cache-Control', 'no-cache', 'Vary', 'Accept, Accept-Encoding']
  headers.push('Access-Control-Allow-Origin', '*', ...NOSNIFF)
  if (serial !== undefined) headers.push('X-PyPI-Last-Serial', serial)
  if (coding === 'gzip') headers.push('Content-Encoding', 'gzip')
  headers.push('Content-Length', `${size}`)
  if (exchange.isHead || exchange.over) {
    body.destroy()
    return sendAnswer(exchange, { status: 200, headers })
  }
  exchange.response.writeHead(200, headers)
  for await (const chunk of body as AsyncIterable<Buffer>) {
    await outlet.writeShared(exchange, chunk)
    if (exchange.isGone) return // and with it the body
  }
  exchange.response.end()
}
