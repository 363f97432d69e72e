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
export function withShortcut(servings: readonly Serving[], handle: RequestListener): RequestListener {
  const [first] = servings
  const only = servings.length === 1 && first?.path === '' ? first : undefined
  return (request, response) => {
    const { url = '' } = request
    const serving = only ?? servingOf(servings, url)
    if (serving === undefined) return handle(request, response)
    const path = serving.path === '' ? url : url.slice(serving.path.length)
    const { events } = serving.settings
    const [, project = ''] = PAGE.exec(path) ?? []
    const name = project === '' ? undefined : tryProjectName(project)
    if (name !== undefined && name === project) {
      const exchange = exchangeOf(response)
      exchange.route = 'page'
      exchange.index = serving.index
      return answerWith(exchange, events, () => answerPage(serving, exchange, name, undefined))
    }
    const file = FILE.exec(path)
    if (file === null) return handle(request, response)
    const [, a = '', b = '', rest = '', filename = ''] = file
    const exchange = exchangeOf(response)
    exchange.route = 'file'
    exchange.index = serving.index
    answerWith(exchange, events, () => answerFile(serving, exchange, { a, b, rest, filename }))
  }
}

/** The index that a path is of: of two, the one further down. */
export function servingOf(servings: readonly Serving[], url: string): Serving | undefined {
  let found: Serving | undefined
  for (const serving of servings)
    if (url.startsWith(`${serving.path}/`) && serving.path.length >= (found?.path.length ?? 0)) found = serving
  return found
}
