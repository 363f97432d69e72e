import { GateError } from '../../domain/base/errors.ts'
import { parseProjectName } from '../../domain/packaging/name.ts'
import { parseVersion } from '../../domain/packaging/version.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { sendRedirect } from '../exchange/redirect.ts'
import type { Serving } from '../exchange/settings.ts'
import { sendBody } from './send-body.ts'

/** `/pypi/<project>/json` and `/pypi/<project>/<version>/json`, names in any spelling, as PyPI's own edge serves them. */
export function addJsonApi(router: Router, serving: Serving): void {
  router.add(`${serving.path}/pypi/:project/json`, 'legacy', (exchange, { project = '' }) =>
    sendDocument(serving, exchange, project, undefined),
  )
  router.add(`${serving.path}/pypi/:project/:version/json`, 'legacy', (exchange, { project = '', version }) =>
    sendDocument(serving, exchange, project, version),
  )
  router.add(`${serving.path}/pypi/:project/json/`, 'legacy', (exchange, { project = '' }) =>
    sendRedirect(serving, exchange, { path: `/pypi/${parseProjectName(project)}/json`, relative: '../json' }),
  )
  router.add(`${serving.path}/pypi/:project/:version/json/`, 'legacy', (exchange, { project = '', version = '' }) => {
    const path = `/pypi/${parseProjectName(project)}/${encodeURIComponent(checkedVersion(version))}/json`
    sendRedirect(serving, exchange, { path, relative: '../json' })
  })
}

function checkedVersion(text: string): string {
  if (text.length > LONGEST || parseVersion(text) === undefined)
    throw new GateError('bad-request', 'not a version', { untrusted: text })
  return text
}

const LONGEST = 128
const COMMON = [
  'Cache-Control',
  'no-cache',
  'Vary',
  'Accept-Encoding',
  'Access-Control-Allow-Origin',
  '*',
  ...NOSNIFF,
] as const

async function sendDocument(
  serving: Serving,
  exchange: Exchange,
  project: string,
  version: string | undefined,
): Promise<void> {
  const name = parseProjectName(project)
  const asked = version === undefined ? undefined : checkedVersion(version)
  const page = await serving.gate.legacy(name, asked, exchange.asker)
  await sendBody(exchange, page, { contentType: page.contentType, common: COMMON })
}
