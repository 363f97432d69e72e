import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asker } from '../../flow/asker.ts'
import { createOnce } from '../../flow/once.ts'
import { stepsFor } from '../../flow/slices.ts'
import type { Steps } from '../../flow/steps.ts'
import { weighAgain } from '../../flow/weigh-again.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Index } from '../../ports/outward.ts'
import type { LegacyJson } from '../../protocol/legacy/legacy-json.ts'
import { renderLegacyJson } from '../../protocol/legacy/render-legacy.ts'
import type { Indexes } from '../find/indexes.ts'
import type { KnownPage } from '../find/known-page.ts'
import { createFlights } from './flights.ts'
import { type Foreseen, type Foresight, type Ground, stillStands } from './foresight.ts'
import { type ListedVersion, versionOn } from './listed-version.ts'
import { against, isUnjudged, type Links, type ListingMode } from './listing.ts'
import { buildBody, type PageBody } from './page-body.ts'
import { createPatience, type Settled, type Waits } from './patience.ts'

interface Fetched {
  readonly key: string
  readonly json: LegacyJson
  readonly at: Instant
  /** what was made of it, once somebody asked */
  rendered: Rendered | undefined
}

/** An answer, and what it was made from. */
interface Rendered {
  readonly foreseen: Foreseen
  /** whether it is kept for whoever asks next */
  readonly isWhole: boolean
  readonly body: PageBody
}

/** Files of a document as they are rendered. */
interface Tally {
  kept: number
  /** left out because nobody can tell */
  unjudged: number
}

/** bytes beside those of the text: for each file, with its name and digest, and at least */
const PER_FILE = 256
const LEAST = 4 * 1024
const MOST = 128 * 1024 * 1024

interface Options {
  readonly index: Index
  readonly indexes: Indexes
  readonly memory: Memory
  readonly foresight: Foresight
  readonly links: Links
  readonly mode: ListingMode
  /** `null`: where METADATA leaves only once a wheel holds it, no dependencies do that no wheel was seen to hold */
  readonly claims: 'as listed' | 'null'
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
  const { index, indexes, memory, foresight, links, mode, claims, maxAge, clock } = options
  const patience = createPatience({ foresight, memory })
  const fetched = new LRUCache<string, Fetched>({ maxSize: MOST, sizeCalculation: roughSize })
  // refused files are left out here whatever the mode, unjudged ones where they are hidden on pages
  const omitting = mode === 'hide' ? 'hide' : 'annotate'
  const shared = createFlights<Fetched, Rendered>()
  const once = createOnce<Fetched | undefined>()

  /** One document for all spellings of a version; that there is none is not remembered. */
  async function fetch(
    project: ProjectName,
    version: ListedVersion | undefined,
    asker: Asker | undefined,
  ): Promise<Fetched | undefined> {
    const key = `${project} ${version?.canonical ?? ''}`
    const remembered = fetched.get(key)
    const now = clock()
    if (remembered !== undefined && now >= remembered.at && now - remembered.at <= maxAge) return remembered
    const ask = async (everybody: Asker) => {
      const answer = await index.legacy(project, version?.spelled, { asker: everybody })
      if (answer.kind !== 'json') return undefined
      const fresh = { key, json: answer.json, at: now, rendered: undefined }
      fetched.set(key, fresh)
      return fresh
    }
    return await once(key, ask, asker)
  }

  async function current(document: Fetched, page: KnownPage, waits: Waits, begin: () => void): Promise<Rendered> {
    const ground = foresight.ground(page, await memory.of(page.index.name))
    const before = document.rendered
    if (before !== undefined && stillStands(before.foreseen, ground)) return before
    const make = async (everybody: Asker) => {
      begin()
      const made = await renderAnew(document.json, await settle(ground, { ...waits, asker: everybody }), {
        before,
        asker: everybody,
      })
      if (made.isWhole) keepRendered(document, made)
      return made
    }
    return await shared(document, ground, make, waits.asker)
  }

  function keepRendered(document: Fetched, rendered: Rendered): void {
    document.rendered = rendered
    if (fetched.peek(document.key) === document) weighAgain(fetched, document.key, document)
  }

  async function renderAnew(
    json: LegacyJson,
    settled: Settled,
    { before, asker }: { readonly before: Rendered | undefined; readonly asker: Asker },
  ): Promise<Rendered> {
    const { foreseen, isWhole, failure } = settled
    const facts = { contentType: 'application/json', policy: foreseen.ground.policy, serial: json.serial }
    const tally = { kept: 0, unjudged: 0 }
    const text = await stepsFor(filesOf(json), render(json, foreseen, tally), asker)
    // an answer without files would say that there are none, when it is only that nobody can tell
    if (tally.kept === 0 && tally.unjudged > 0 && failure !== undefined) throw failure
    return { foreseen, isWhole, body: await buildBody(text, facts, before?.body) }
  }

  async function settle(ground: Ground, waits: Waits): Promise<Settled> {
    const foreseen = await foresight.foresee(ground, waits.asker)
    if (mode === 'hide') return await patience.settle(foreseen, waits)
    await foresight.judgeBeside(foreseen)
    return { foreseen, isWhole: true, failure: undefined }
  }

  function render(json: LegacyJson, { ground, files }: Foreseen, tally: Tally): Steps<Buffer> {
    const { byFilename } = ground.page
    return renderLegacyJson(json, {
      claims,
      keep({ filename, sha256 }) {
        const listed = byFilename.get(filename)
        const outcome = listed === undefined ? undefined : files.get(listed)
        const isKept = listed?.sha256 === sha256 && outcome !== undefined && against(outcome, omitting) === undefined
        if (isKept) tally.kept += 1
        else if (outcome !== undefined && isUnjudged(outcome)) tally.unjudged += 1
        return isKept
      },
      urlOf({ filename }) {
        const listed = byFilename.get(filename)
        return listed === undefined ? undefined : links.file(listed)
      },
    })
  }

  /** What is missing may have been published since the page was read. */
  async function find(page: KnownPage, version: string, asker: Asker | undefined): Promise<ListedVersion> {
    const { name } = page.index
    const here = await versionOn(page, version)
    const found = here ?? (await versionOn((await indexes.anew(name, asker)) ?? page, version))
    if (found === undefined) throw noVersion(name)
    return found
  }

  return async (project, version, asker) => {
    const started = performance.now()
    const page = await indexes.listed(project, asker)
    if (page === undefined) throw indexes.unknown(project)
    const document = await fetch(project, version === undefined ? undefined : await find(page, version, asker), asker)
    if (document === undefined) throw noVersion(project)
    // asked for again meanwhile, it may be another page
    const now = (await indexes.listed(project, asker)) ?? page
    return (await patience.share(started, begin => current(document, now, { started, asker }, begin))).body
  }
}

function noVersion(project: ProjectName): GateError {
  return new GateError('not-found', `the index has no such version of ${project}`)
}

function filesOf({ releases = [], urls }: LegacyJson): number {
  return releases.reduce((sum, { files }) => sum + 1 + files.length, urls.length)
}

/** The document, the answer made of it with its coded forms, and the page that was made against, which nobody else may hold any more. */
function roughSize({ json, rendered }: Fetched): number {
  const answer = rendered === undefined ? 0 : 2 * rendered.body.identity.length + rendered.foreseen.ground.page.weight
  return LEAST + json.bytes.length + PER_FILE * filesOf(json) + answer
}
