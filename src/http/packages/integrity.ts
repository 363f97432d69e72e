import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { parseProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, parseVersion } from '../../domain/packaging/version.ts'
import { preferredType } from '../../protocol/simple/negotiate.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import { noneMatch } from '../exchange/conditional.ts'
import type { Serving } from '../exchange/settings.ts'

const TYPES = ['application/vnd.pypi.integrity.v1+json', 'application/json'] as const

/** `/integrity/<project>/<version>/<filename>/provenance`: the bytes that were verified (PEP 740). */
export function addIntegrityApi(router: Router, serving: Serving): void {
  router.add(
    `${serving.path}/integrity/:project/:version/:filename/provenance`,
    'provenance',
    async (exchange, segments) => {
      const project = parseProjectName(segments['project'] ?? '')
      const version = parseVersion(segments['version'] ?? '')
      const filename = parseDistFilename(segments['filename'] ?? '', project)
      if (
        version === undefined ||
        filename === undefined ||
        canonicalVersion(filename.version) !== canonicalVersion(version)
      )
        throw new GateError('no-provenance', 'no such file of this version')
      const contentType = preferredType(exchange.header('accept'), TYPES)
      if (contentType === undefined) throw new GateError('not-acceptable', `provenance is ${TYPES.join(' or ')}`)
      const body = await serving.gate.provenance(project, filename, exchange.asker)
      const etag = `"${sha256Of(body)}"`
      const headers = ['ETag', etag, 'Cache-Control', 'no-cache', 'Vary', 'Accept', 'Access-Control-Allow-Origin', '*']
      if (!noneMatch(exchange.header('if-none-match'), etag)) return sendAnswer(exchange, { status: 304, headers })
      sendAnswer(exchange, { status: 200, headers: ['Content-Type', contentType, ...headers, ...NOSNIFF], body })
    },
  )
}
