import Fastify, { type FastifyInstance } from 'fastify'
import type { Events } from '../../observe/events.ts'
import { exchangeOf } from '../exchange/exchange.ts'
import { sendFailure } from '../exchange/failures.ts'
import { enter } from './router.ts'

/**
 * The framework routes and no more: it does not listen, answers, errors, the access log and the connections are ours, and it is given only what
 * came in by the door. So it has no hooks either: what they would stand for stands at the door.
 */
export function createFramework(events: Events): FastifyInstance {
  const app = Fastify({
    frameworkErrors: (error, _request, reply) => sendFailure(enter(reply, 'none'), error, events),
    routerOptions: { maxParamLength: 512 },
    exposeHeadRoutes: false,
    return503OnClosing: false,
  })
  app.setErrorHandler((error, _request, reply) => {
    reply.hijack()
    sendFailure(exchangeOf(reply.raw), error, events)
  })
  return app
}
