import type { RequestListener } from 'node:http'
import { tryProjectName } from '../domain/packaging/name.ts'
import { exchangeOf } from './exchange/exchange.ts'
import { answerWith } from './exchange/failures.ts'
import type { Serving } from './exchange/settings.ts'
import { answerFile } from './packages/files.ts'
import { answerPage } from './packages/simple.ts'

/** Paths in their plainest spelling: what they are decoded to is what they say. */
const PAGE = /^\/simple\/([a-z0-9]+(?:-[a-z0-9]+)*)\/$/
const FILE = /^\/packages\/([0-9a-f]{2})\/([0-9a-f]{2})\/([0-9a-f]{60})\/([A-Za-z0-9][A-Za-z0-9._+-]{0,255})$/

/**
 * Pages and files are nearly all that is ever asked for. Spelled plainly, they go from the door to the handlers that their
 * routes have, past the framework's router; everything else goes on to it.
 */
export function withShortcut(serving: Serving, handle: RequestListener): RequestListener {
  const { events } = serving.settings
  return (request, response) => {
    const { url = '' } = request
    const [, project = ''] = PAGE.exec(url) ?? []
    const name = project === '' ? undefined : tryProjectName(project)
    if (name !== undefined && name === project) {
      const exchange = exchangeOf(response)
      exchange.route = 'page'
      return answerWith(exchange, events, () => answerPage(serving, exchange, name, undefined))
    }
    const file = FILE.exec(url)
    if (file === null) return handle(request, response)
    const [, a = '', b = '', rest = '', filename = ''] = file
    const exchange = exchangeOf(response)
    exchange.route = 'file'
    answerWith(exchange, events, () => answerFile(serving, exchange, { a, b, rest, filename }))
  }
}
