import { LRUCache } from 'lru-cache'
import { sha256Of } from '../domain/digest.ts'
import { GateError } from '../domain/errors.ts'
import type { Clock, Instant, Millis } from '../domain/instant.ts'
import type { ProjectName } from '../domain/name.ts'
import type { Policy } from '../domain/policy.ts'
import type { Index } from '../ports.ts'
import { type LegacyJson, renderLegacyJson } from '../protocol/legacy-json.ts'
import type { Background } from './background.ts'
import type { LegacyBody } from './gate.ts'
import type { Indexes, KnownPage } from './indexes.ts'
import type { Judge } from './judge.ts'
import { foreseePage, type Links } from './listing.ts'
import { createOnce } from './once.ts'
import type { Policies } from './policies.ts'

interface Fetched {
  readonly json: LegacyJson | undefined
  readonly at: Instant
}

interface Options {
  readonly index: Index
  readonly indexes: Indexes
  readonly policies: Policies
  readonly judge: Judge
  readonly background: Background
  readonly links: Links
  readonly maxAge: Millis
  readonly maxSize: number
  readonly clock: Clock
}

/**
 * The legacy JSON API. It omits refused files in every mode, because a mirror that follows it drops a whole project over
 * one 403; and it omits what the project page does not list, because the file door would not know it.
 */
export function createLegacy(
  options: Options,
): (project: ProjectName, version: string | undefined) => Promise<LegacyBody> {
  const { index, indexes, policies, judge, background, links, maxAge, maxSize, clock } = options
  const fetched = new LRUCache<string, Fetched>({ max: 500 })
  const once = createOnce<LegacyJson | undefined>()

  async function fetch(project: ProjectName, version: string | undefined): Promise<LegacyJson | undefined> {
    const key = `${project} ${version ?? ''}`
    const remembered = fetched.get(key)
    const now = clock()
    if (remembered !== undefined && now >= remembered.at && now - remembered.at <= maxAge) return remembered.json
    return await once(key, async () => {
      const answer = await index.legacy(project, version)
      const json = answer.kind === 'json' ? answer.json : undefined
      fetched.set(key, { json, at: now })
      return json
    })
  }

  return async (project, version) => {
    const known = await indexes.listed(project)
    if (known === undefined) throw new GateError('no-project', `the index does not know ${project}`)
    const json = await fetch(project, version)
    if (json === undefined) throw new GateError('not-found', `the index has no such version of ${project}`)
    const body = render(json, known, policies.current())
    return { body, etag: `"${sha256Of(body).slice(0, 40)}"`, serial: json.serial }
  }

  function render(json: LegacyJson, known: KnownPage, policy: Policy): Buffer {
    const foreseen = foreseePage(known, { policy, now: clock(), maxSize, judge })
    background.add([...foreseen.values()].flatMap(outcome => (outcome.kind === 'open' ? [outcome.artifact] : [])))
    return renderLegacyJson(json, {
      keep({ filename, sha256 }) {
        const listed = known.byFilename.get(filename)
        return listed !== undefined && listed.sha256 === sha256 && foreseen.get(listed)?.kind !== 'refused'
      },
      urlOf({ filename }) {
        const listed = known.byFilename.get(filename)
        return listed === undefined ? undefined : links.file(listed)
      },
    })
  }
}
