import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { createOnce } from '../../flow/once.ts'
import type { Index } from '../../ports/outward.ts'
import { type LegacyJson, renderLegacyJson } from '../../protocol/simple/legacy-json.ts'
import { isJsonObject } from '../../protocol/text/json.ts'
import type { Indexes, KnownPage } from '../find/indexes.ts'
import type { PageBody } from '../gate.ts'
import type { Background } from '../judge/background.ts'
import type { Judge } from '../judge/judge.ts'
import type { Policies } from '../policy/policies.ts'
import { foreseePage, type Links } from './listing.ts'
import { nextChange } from './next-change.ts'
import { buildBody } from './page-body.ts'

interface Fetched {
  readonly json: LegacyJson | undefined
  readonly at: Instant
}

/** An answer, and what it was made from: any of these another, and it is made anew. */
interface Rendered {
  readonly known: KnownPage
  readonly policy: Policy
  readonly verdicts: number
  /** until then no verdict in it can change by the passing of time alone */
  readonly until: Instant
  readonly body: PageBody
}

/** bytes, roughly: a document has long texts, and two kilobytes for each file */
const TEXTS = 64 * 1024
const PER_FILE = 2 * 1024
const MOST = 64 * 1024 * 1024

interface Options {
  readonly index: Index
  readonly indexes: Indexes
  readonly policies: Policies
  readonly judge: Judge
  readonly background: Background
  readonly links: Links
  readonly maxAge: Millis
  readonly maxSize: number
  readonly negativeTtl: Millis
  readonly clock: Clock
  /** counts what was learned of a project's files */
  readonly verdicts: (project: ProjectName) => number
}

/**
 * The legacy JSON API. It omits refused files in every mode, because a mirror that follows it drops a whole project over
 * one 403; and it omits what the project page does not list, because the file door would not know it.
 */
export function createLegacy(
  options: Options,
): (project: ProjectName, version: string | undefined) => Promise<PageBody> {
  const { index, indexes, policies, judge, background, links, maxAge, maxSize, negativeTtl, clock, verdicts } = options
  const fetched = new LRUCache<string, Fetched>({ maxSize: MOST, sizeCalculation: ({ json }) => roughSize(json) })
  const rendered = new WeakMap<LegacyJson, Rendered>()
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
    return currentBody(json, known)
  }

  function currentBody(json: LegacyJson, known: KnownPage): PageBody {
    const policy = policies.current()
    const learned = verdicts(json.project)
    const now = clock()
    const before = rendered.get(json)
    if (before?.known === known && before.policy === policy && before.verdicts === learned && now < before.until)
      return before.body
    const bytes = render(json, known, { policy, now })
    const body = buildBody(bytes, { contentType: 'application/json', policy, serial: json.serial })
    const until = nextChange(json.project, { policy, now, negativeTtl })
    rendered.set(json, { known, policy, verdicts: learned, until, body })
    return body
  }

  function render(
    json: LegacyJson,
    known: KnownPage,
    rules: { readonly policy: Policy; readonly now: Instant },
  ): Buffer {
    const foreseen = foreseePage(known, { ...rules, maxSize, judge })
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

/** The parsed document, and the answer made of it. */
function roughSize(json: LegacyJson | undefined): number {
  if (json === undefined) return 256
  const { releases, urls } = json.document
  const groups = [urls, ...(isJsonObject(releases) ? Object.values(releases) : [])]
  const files = groups.reduce<number>((sum, group) => sum + (Array.isArray(group) ? group.length : 0), 0)
  return TEXTS + files * PER_FILE
}
