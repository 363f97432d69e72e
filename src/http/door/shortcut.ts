import type { RequestListener } from 'node:http'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { answerFile } from '../packages/files.ts'
import { answerPage } from '../packages/simple.ts'
import { exchangeOf } from './exchange.ts'
import { answerWith } from './route.ts'
import type { Serving } from './settings.ts'

/** Paths in their plainest spelling: what they are decoded to is what they say. */
const PAGE = /^\/simple\/([a-z0-9]+(?:-[a-z0-9]+)*)\/$/
const FILE = /^\/packages\/([0-9a-f]{2})\/([0-9a-f]{2})\/([0-9a-f]{60})\/([A-Za-z0-9][A-Za-z0-9._+-]{0,255})$/

/**
 * Pages and files are nearly all that is ever asked for. Spelled plainly, they go to the handlers that their routes have,
 * past the framework's router; everything else goes on to it. Where a proxy is believed, all of it does, because the
 * framework reads whom the proxy names.
 */
export function withShortcut(serving: Serving, handle: RequestListener): RequestListener {
  if (serving.settings.trustProxy.length > 0) return handle
  return (request, response) => {
    const { url = '' } = request
    const [, project = ''] = PAGE.exec(url) ?? []
    const name = project === '' ? undefined : tryProjectName(project)
    if (name !== undefined && name === project) {
      const exchange = exchangeOf(response)
      exchange.route = 'page'
      return answerWith(serving, exchange, () => answerPage(serving, exchange, name, undefined))
    }
    const file = FILE.exec(url)
    if (file === null) return handle(request, response)
    const [, a = '', b = '', rest = '', filename = ''] = file
    const exchange = exchangeOf(response)
    exchange.route = 'file'
    answerWith(serving, exchange, () => answerFile(serving, exchange, { a, b, rest, filename }))
  }
}
