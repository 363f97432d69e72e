import { GateError } from '../domain/base/errors.ts'
import { INTEGRITY_SETTING, type Integrity } from '../ports/outward.ts'
import { parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import type { UpstreamAgent } from './agent.ts'
import { fetchSmall } from './fetch-small.ts'

const INTEGRITY_JSON = 'application/vnd.pypi.integrity.v1+json'
/** The verifier refuses documents above 1 MiB; the rest lets it see that one is. */
const MOST = 1024 * 1024 + 64 * 1024

/**
 * PEP 740's Integrity API. The URL is built here from parsed values; the one in an index page is never fetched. A 404 is
 * `absent`, also from a server that has no such API at all: the gate notices when there is nothing but 404.
 */
export function createIntegrity(options: {
  readonly agent: UpstreamAgent
  /** `upstream.integrity` */
  readonly integrity: string
  /** what the configuration calls it; default: as the one upstream’s */
  readonly setting?: string
  /** `upstream.index` */
  readonly index: string
}): Integrity {
  const { setting = INTEGRITY_SETTING } = options
  const base = parseUpstreamBase(options.integrity, setting)
  const isOwn = base.origin === parseUpstreamBase(options.index, 'upstream.index').origin

  return {
    isOwnOrigin: () => isOwn,
    settingOf: () => setting,

    async provenance(project, filename, asking) {
      const path = [project, filename.version, filename.text].map(encodeURIComponent).join('/')
      const answer = await fetchSmall(options.agent, {
        who: 'the Integrity API',
        what: 'provenance',
        asking,
        url: new URL(`${base.href}/integrity/${path}/provenance`),
        headers: { accept: INTEGRITY_JSON, 'accept-encoding': 'gzip' },
        types: [INTEGRITY_JSON, 'application/json'],
        most: MOST,
      })
      if (answer.status === 404) return { kind: 'absent' }
      if (answer.status === 304 || answer.bytes.length === 0)
        throw new GateError('unknown-upstream', 'the Integrity API answered without a document')
      return { kind: 'provenance', bytes: answer.bytes }
    },
  }
}
