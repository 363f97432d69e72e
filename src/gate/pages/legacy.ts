import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asker } from '../../flow/asker.ts'
import { createOnce } from '../../flow/once.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Index } from '../../ports/outward.ts'
import { type LegacyJson, renderLegacyJson } from '../../protocol/simple/legacy-json.ts'
import { isJsonObject } from '../../protocol/text/json.ts'
import type { Indexes } from '../find/indexes.ts'
import { type Foreseen, type Foresight, type Ground, stillStands } from './foresight.ts'
import { against, type Links, type ListingMode } from './listing.ts'
import { buildBody, type PageBody } from './page-body.ts'
import { createPatience } from './patience.ts'

interface Fetched {
  readonly json: LegacyJson | undefined
  readonly at: Instant
}

/** An answer, and what it was made from. */
interface Rendered {
  readonly foreseen: Foreseen
  readonly body: PageBody
}

/** bytes, roughly: a document has long texts, and two kilobytes for each file */
const TEXTS = 64 * 1024
const PER_FILE = 2 * 1024
const MOST = 64 * 1024 * 1024

interface Options {
  readonly index: Index
  readonly indexes: Indexes
  readonly memory: Memory
  readonly foresight: Foresight
  readonly links: Links
  readonly mode: ListingMode
  readonly maxAge: Millis
  readonly clock: Clock
}

/**
 * The legacy JSON API. It omits refused files in every mode, because a mirror that follows it drops a whole project over
 * one 403; and it omits what the project page does not list, because the file door would not know it.
 */
export function createLegacy(
  options: Options,
): (project: ProjectName, version: string | undefined, asker?: Asker) => Promise<PageBody> {
  const { index, indexes, memory, foresight, links, mode, maxAge, clock } = options
  const patience = createPatience({ foresight, memory })
  const fetched = new LRUCache<string, Fetched>({ maxSize: MOST, sizeCalculation: ({ json }) => roughSize(json) })
  // refused files are left out here whatever the mode, unjudged ones where they are hidden on pages
  const omitting = mode === 'hide' ? 'hide' : 'annotate'
  const rendered = new WeakMap<LegacyJson, Rendered>()
  const once = createOnce<LegacyJson | undefined>()

  async function fetch(
    project: ProjectName,
    version: string | undefined,
    asker: Asker | undefined,
  ): Promise<LegacyJson | undefined> {
    const key = `${project} ${version ?? ''}`
    const remembered = fetched.get(key)
    const now = clock()
    if (remembered !== undefined && now >= remembered.at && now - remembered.at <= maxAge) return remembered.json
    const ask = async (everybody: Asker) => {
      const answer = await index.legacy(project, version, { asker: everybody })
      const json = answer.kind === 'json' ? answer.json : undefined
      fetched.set(key, { json, at: now })
      return json
    }
    return await once(key, ask, asker)
  }

  async function currentBody(
    json: LegacyJson,
    ground: Ground,
    started: number,
    asker: Asker | undefined,
  ): Promise<PageBody> {
    const before = rendered.get(json)
    if (before !== undefined && stillStands(before.foreseen, ground)) return before.body
    const foreseen = await foresee(ground, started, asker)
    const facts = { contentType: 'application/json', policy: foreseen.ground.policy, serial: json.serial }
    const body = buildBody(render(json, foreseen), facts)
    rendered.set(json, { foreseen, body })
    return body
  }

  async function foresee(ground: Ground, started: number, asker: Asker | undefined): Promise<Foreseen> {
    const foreseen = foresight.foresee(ground)
    if (mode !== 'hide' || !patience.isNeeded(foreseen)) {
      foresight.judgeBeside(foreseen)
      return foreseen
    }
    return (await patience.settle(ground, started, asker)).foreseen
  }

  function render(json: LegacyJson, { ground, files }: Foreseen): Buffer {
    const { byFilename } = ground.page
    return renderLegacyJson(json, {
      keep({ filename, sha256 }) {
        const listed = byFilename.get(filename)
        const outcome = listed === undefined ? undefined : files.get(listed)
        return listed?.sha256 === sha256 && outcome !== undefined && against(outcome, omitting) === undefined
      },
      urlOf({ filename }) {
        const listed = byFilename.get(filename)
        return listed === undefined ? undefined : links.file(listed)
      },
    })
  }

  return async (project, version, asker) => {
    const started = performance.now()
    const page = await indexes.listed(project, asker)
    if (page === undefined) throw new GateError('no-project', `the index does not know ${project}`)
    const json = await fetch(project, version, asker)
    if (json === undefined) throw new GateError('not-found', `the index has no such version of ${project}`)
    return await currentBody(json, foresight.ground(page, await memory.of(project)), started, asker)
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
