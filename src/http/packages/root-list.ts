import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { GateError } from '../../domain/base/errors.ts'
import type { OpenedRootList } from '../../ports/outward.ts'
import { pickCoding, type Representation } from '../../protocol/simple/negotiate.ts'
import { rootListToHtml, rootListToJson } from '../../protocol/simple/root-list.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import { chooseRepresentation, formatOf } from '../exchange/choice.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { sendRedirect } from '../exchange/redirect.ts'
import type { Serving } from '../exchange/settings.ts'
import { addRootListProxy } from './root-list-proxy.ts'

/** `/simple/`, the list of all projects, rebuilt member by member on its way, in the form that the client wants. */
export async function addRootList(router: Router, serving: Serving): Promise<void> {
  const { rootList } = serving.settings
  let running = 0

  function begin(exchange: Exchange): void {
    if (running >= rootList.mostAtOnce)
      throw new GateError('unknown-overloaded', 'too many lists of all projects are under way')
    running += 1
    exchange.response.once('close', () => {
      running -= 1
    })
  }

  await addRootListProxy(router, serving.settings, {
    mayOpen(exchange, query) {
      if (redirectToSlash(serving, exchange)) return false
      representationFor(exchange, query)
      begin(exchange)
      return true
    },
    async send(exchange, query, list) {
      try {
        await sendList(exchange, representationFor(exchange, query), list)
      } catch (error) {
        throw asUpstreamFailure(error)
      }
    },
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

async function sendList(exchange: Exchange, wanted: Representation, list: OpenedRootList): Promise<void> {
  const { response } = exchange
  const gzip = pickCoding(exchange.header('accept-encoding')).includes('gzip')
  const headers = ['Content-Type', wanted.contentType, 'Cache-Control', 'no-cache', 'Vary', 'Accept, Accept-Encoding']
  headers.push('Access-Control-Allow-Origin', '*', ...NOSNIFF)
  if (list.serial !== undefined) headers.push('X-PyPI-Last-Serial', list.serial)
  if (gzip) headers.push('Content-Encoding', 'gzip')
  if (exchange.isHead) {
    list.body.destroy()
    return sendAnswer(exchange, { status: 200, headers })
  }
  const rebuilt = wanted.form === 'html' ? rootListToHtml() : rootListToJson(list.serial)
  const plain = list.coding === 'gzip' ? [list.body, createGunzip()] : [list.body]
  const coded = gzip ? [createGzip({ level: 4 })] : []
  response.writeHead(200, headers)
  response.setMaxListeners(20) // every stream of the pipeline listens to the last one
  await pipeline([...plain, rebuilt, ...coded, counted(exchange), response])
}

function counted(exchange: Exchange): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      exchange.bytes += chunk.length
      done(null, chunk)
    },
  })
}

/** Codecs and sockets fail in their own words; whatever it was, the list could not be had. */
function asUpstreamFailure(error: unknown): GateError {
  if (error instanceof GateError) return error
  return new GateError('unknown-upstream', 'the list of all projects ended early', { cause: error })
}
