import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GateError } from '../../domain/base/errors.ts'
import { pickCoding, type Representation } from '../../protocol/simple/negotiate.ts'
import { rootListToHtml, rootListToJson } from '../../protocol/simple/root-list.ts'
import { NOSNIFF, sendAnswer } from '../door/answer.ts'
import { chooseRepresentation, formatOf } from '../door/choice.ts'
import { type Exchange, exchangeOf } from '../door/exchange.ts'
import { sendFailure } from '../door/failures.ts'
import { sendRedirect } from '../door/redirect.ts'
import { addRoute, enter } from '../door/route.ts'
import type { Serving } from '../door/settings.ts'

/** Tens of megabytes each, and hardly anybody asks. */
const MOST_AT_ONCE = 4
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'
/** What the upstream is asked for, whoever asks us. */
const ASK = { accept: JSON_TYPE, 'accept-encoding': 'gzip' }

type ReplyOptions = NonNullable<FastifyHttpProxyOptions['replyOptions']>
type OnResponse = NonNullable<ReplyOptions['onResponse']>

/** The upstream's answer as the plugin hands it over. */
interface UpstreamList {
  readonly stream: Readable
}

/**
 * `/simple/`, the list of all projects. The upstream's JSON comes through @fastify/http-proxy and is rebuilt member by
 * member on its way, in the form that the client wants.
 */
export async function addRootList(app: FastifyInstance, serving: Serving): Promise<void> {
  const { rootList, events } = serving.settings
  if ('projects' in rootList) return addHeldList(app, serving, rootList.projects)
  let running = 0

  function preHandler(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const exchange = exchangeOf(reply.raw)
    exchange.route = 'root'
    const [path = ''] = exchange.url.split('?', 1)
    if (!path.endsWith('/')) {
      // the plugin takes the path without its slash too
      enter(request, reply, 'root')
      sendRedirect(serving, exchange, { path: '/simple/', relative: 'simple/' })
      return
    }
    done(objectTo(request, exchange))
  }

  function begin(exchange: Exchange): void {
    if (running >= MOST_AT_ONCE)
      throw new GateError('unknown-overloaded', 'too many lists of all projects are under way')
    running += 1
    exchange.response.once('close', () => {
      running -= 1
    })
  }

  function objectTo(request: FastifyRequest, exchange: Exchange): Error | undefined {
    try {
      representationFor(request)
      begin(exchange)
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  function onResponse(request: FastifyRequest, reply: FastifyReply, { stream }: UpstreamList): void {
    const exchange = enter(request, reply, 'root')
    const send = async (): Promise<void> => {
      if (bareType(reply) !== JSON_TYPE) {
        stream.destroy()
        throw new GateError('unknown-upstream', 'the index has no list of its projects in JSON')
      }
      await sendList(exchange, representationFor(request), {
        stream,
        gzipped: reply.getHeader('content-encoding') === 'gzip',
        serial: reply.getHeader('x-pypi-last-serial')?.toString(),
      })
    }
    send().catch((error: unknown) => sendFailure(exchange, asUpstreamFailure(error), events))
  }

  await app.register(httpProxy, {
    ...rootList,
    prefix: '/simple',
    routes: ['/'],
    preHandler,
    replyOptions: {
      ...rootList.replyOptions,
      rewriteRequestHeaders: () => ASK,
      onResponse: onResponse as unknown as OnResponse,
    },
  })
}

/** The same list of what a mirror holds. */
function addHeldList(app: FastifyInstance, serving: Serving, projects: () => readonly string[]): void {
  addRoute(app, serving, '/simple', 'root', exchange =>
    sendRedirect(serving, exchange, { path: '/simple/', relative: 'simple/' }),
  )
  addRoute(app, serving, '/simple/', 'root', async (exchange, _segments, request) => {
    const list = { meta: { 'api-version': '1.4' }, projects: projects().map(name => ({ name })) }
    const stream = Readable.from([Buffer.from(JSON.stringify(list))])
    await sendList(exchange, representationFor(request), { stream, gzipped: false, serial: undefined })
  })
}

function representationFor(request: FastifyRequest): Representation {
  const { accept } = request.headers
  return chooseRepresentation({ accept, format: formatOf(request.query), agent: request.headers['user-agent'] })
}

function bareType(reply: FastifyReply): string | undefined {
  return reply.getHeader('content-type')?.toString().split(';', 1)[0]?.trim().toLowerCase()
}

interface List extends UpstreamList {
  readonly gzipped: boolean
  readonly serial: string | undefined
}

async function sendList(exchange: Exchange, wanted: Representation, list: List): Promise<void> {
  const { response } = exchange
  const gzip = pickCoding(exchange.header('accept-encoding')).includes('gzip')
  const headers = ['Content-Type', wanted.contentType, 'Cache-Control', 'no-cache', 'Vary', 'Accept, Accept-Encoding']
  headers.push('Access-Control-Allow-Origin', '*', ...NOSNIFF)
  if (list.serial !== undefined) headers.push('X-PyPI-Last-Serial', list.serial)
  if (gzip) headers.push('Content-Encoding', 'gzip')
  if (exchange.isHead) {
    list.stream.destroy()
    return sendAnswer(exchange, { status: 200, headers })
  }
  const rebuilt = wanted.form === 'html' ? rootListToHtml() : rootListToJson(list.serial)
  const plain = list.gzipped ? [list.stream, createGunzip()] : [list.stream]
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
