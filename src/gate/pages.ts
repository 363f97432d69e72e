import { promisify } from 'node:util'
import { gzip as gzipCallback, constants as zlib, zstdCompress as zstdCallback } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import { sha256Of } from '../domain/digest.ts'
import { GateError } from '../domain/errors.ts'
import { type Instant, instant, type Millis } from '../domain/instant.ts'
import type { ProjectName } from '../domain/name.ts'
import type { Policy } from '../domain/policy.ts'
import type { PageView } from '../protocol/page-view.ts'
import { renderSimpleHtml } from '../protocol/simple-html.ts'
import { type IndexFile, renderSimpleJson } from '../protocol/simple-json.ts'
import type { Background } from './background.ts'
import type { PageBody } from './gate.ts'
import type { Indexes, KnownPage } from './indexes.ts'
import type { Judge } from './judge.ts'
import { type Foreseen, foreseePage, type Links, type ListingMode, viewPage } from './listing.ts'
import { nextChange } from './next-change.ts'
import type { Policies } from './policies.ts'

const gzip = promisify(gzipCallback)
const zstd = promisify(zstdCallback)

interface Built {
  /** what it was built from: any of these another object, and it is built anew */
  readonly page: KnownPage
  readonly policy: Policy
  readonly verdicts: number
  /** until then no verdict in it can change by the passing of time alone */
  readonly until: Instant
  readonly json: PageBody
  readonly html: PageBody
}

interface Options {
  readonly indexes: Indexes
  readonly policies: Policies
  readonly judge: Judge
  readonly background: Background
  readonly links: Links
  readonly mode: ListingMode
  readonly maxSize: number
  readonly negativeTtl: Millis
  readonly clock: () => Instant
  /** counts what was learned of a project's files */
  readonly verdicts: (project: ProjectName) => number
}

export interface Pages {
  page(project: ProjectName, form: 'json' | 'html'): Promise<PageBody>
}

/** Builds project pages from what is known, once per state of index, policy and verdicts. */
export function createPages(options: Options): Pages {
  const { indexes, policies, judge, background, links, mode, maxSize, negativeTtl, clock, verdicts } = options
  const built = new LRUCache<ProjectName, Built>({
    maxSize: 128 * 1024 * 1024,
    sizeCalculation: ({ json, html }) => 2 * (json.identity.length + html.identity.length) + 1024,
  })

  async function page(project: ProjectName, form: 'json' | 'html'): Promise<PageBody> {
    const known = indexes.atHand(project) ?? (await indexes.listed(project))
    if (known === undefined) throw new GateError('no-project', `the index does not know ${project}`)
    return currentBuild(project, known)[form]
  }

  function currentBuild(project: ProjectName, known: KnownPage): Built {
    const policy = policies.current()
    const learned = verdicts(project)
    const now = clock()
    const before = built.get(project)
    if (before?.page === known && before.policy === policy && before.verdicts === learned && now < before.until)
      return before
    const fresh = build(known, policy, learned, now)
    built.set(project, fresh)
    return fresh
  }

  function build(known: KnownPage, policy: Policy, learned: number, now: Instant): Built {
    const foreseen: ReadonlyMap<IndexFile, Foreseen> =
      mode === 'list' ? new Map() : foreseePage(known, { policy, now, maxSize, judge })
    background.add([...foreseen.values()].flatMap(outcome => (outcome.kind === 'open' ? [outcome.artifact] : [])))
    const view = viewPage(known, foreseen, mode, links)
    return {
      page: known,
      policy,
      verdicts: learned,
      until:
        mode === 'list'
          ? instant(Number.POSITIVE_INFINITY)
          : nextChange(known.index.name, { policy, now, negativeTtl }),
      json: body('application/vnd.pypi.simple.v1+json', renderSimpleJson(view), view, policy),
      html: body('text/html', renderSimpleHtml(view), view, policy),
    }
  }

  return { page }
}

function body(contentType: string, identity: Buffer, view: PageView, policy: Policy): PageBody {
  const revision = sha256Of(`${policy.digest} ${sha256Of(identity)}`).slice(0, 40)
  const page: { -readonly [Key in keyof PageBody]: PageBody[Key] } = {
    contentType,
    identity,
    gzip: undefined,
    zstd: undefined,
    etag: { identity: `"${revision}"`, gzip: `"${revision}-gzip"`, zstd: `"${revision}-zstd"` },
    serial: view.serial,
  }
  compress(page).catch(() => {}) // without the variant, identity is served
  return page
}

async function compress(page: { -readonly [Key in keyof PageBody]: PageBody[Key] }): Promise<void> {
  page.zstd = await zstd(page.identity, { params: { [zlib.ZSTD_c_compressionLevel]: 3 } })
  page.gzip = await gzip(page.identity, { level: 6 })
}
