import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { Exchange, ExchangeResponse, type Way } from '../../../src/http/exchange/exchange.ts'
import type { Serving } from '../../../src/http/exchange/settings.ts'
import { type Ask, createPlainAsk } from '../client.ts'

const WAY: Way = {
  clean: text => text,
  reserve: (exchange, body) => () => {
    exchange.bytes = body.length
    exchange.response.end(body)
  },
}

/** A server that hands each request to `handle` as an exchange, past every door. */
export async function serveExchanges(t: Test, handle: (exchange: Exchange) => unknown): Promise<Ask> {
  const server = createServer<typeof IncomingMessage, typeof ExchangeResponse>(
    { ServerResponse: ExchangeResponse },
    (request, response) => {
      const exchange = new Exchange(request, response, '192.0.2.1', WAY)
      response.exchange = exchange
      response.on('close', () => exchange.end())
      handle(exchange)
    },
  )
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return createPlainAsk(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

/** As much of what routes are given as answers need. */
export function serving(publicUrl?: string): Serving {
  const parts: Pick<Serving, 'base' | 'path'> & { readonly gate: object; readonly settings: object } = {
    path: '',
    base: () => publicUrl ?? 'http://gate.example',
    gate: {
      keep: ({ code }: Refused) => `id-of-${code}`,
      passing: async () => undefined,
      policy: () => ({ contactFor: () => undefined }),
    },
    settings: { publicUrl },
  }
  return parts as Serving
}
