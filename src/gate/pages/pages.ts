import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import { type Instant, instant, type Millis } from '../../domain/base/instant.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { PageView } from '../../protocol/simple/page-view.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import { renderSimpleHtml } from '../../protocol/simple/simple-html.ts'
import { renderSimpleJson } from '../../protocol/simple/simple-json.ts'
import type { Indexes, KnownPage } from '../find/indexes.ts'
import type { PageBody } from '../gate.ts'
import type { Background } from '../judge/background.ts'
import type { Judge } from '../judge/judge.ts'
import type { Policies } from '../policy/policies.ts'
import { type Foreseen, foreseePage, type Links, type ListingMode, viewPage } from './listing.ts'
import { nextChange } from './next-change.ts'
import { buildBody } from './page-body.ts'

interface Built {
  /** what it was built from: any of these another object, and it is built anew */
  readonly page: KnownPage
  readonly policy: Policy
  readonly verdicts: number
  /** until then no verdict in it can change by the passing of time alone */
  readonly until: Instant
  readonly view: PageView
  /** each made when somebody asks for it */
  readonly bodies: { json?: PageBody; html?: PageBody }
}

const FORMS = {
  json: { contentType: 'application/vnd.pypi.simple.v1+json', render: renderSimpleJson },
  html: { contentType: 'text/html', render: renderSimpleHtml },
} as const

/** bytes, roughly, that a view holds for each file beside what the index holds anyway */
const PER_FILE = 256

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
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(project: ProjectName, form: 'json' | 'html'): PageBody | undefined
}

/** Builds project pages from what is known, once per state of index, policy and verdicts. */
export function createPages(options: Options): Pages {
  const { indexes, policies, judge, background, links, mode, maxSize, negativeTtl, clock, verdicts } = options
  const built = new LRUCache<ProjectName, Built>({
    maxSize: 128 * 1024 * 1024,
    sizeCalculation: ({ view, bodies: { json, html } }) =>
      1024 + view.files.length * PER_FILE + 2 * ((json?.identity.length ?? 0) + (html?.identity.length ?? 0)),
  })

  async function page(project: ProjectName, form: 'json' | 'html'): Promise<PageBody> {
    const known = indexes.atHand(project) ?? (await indexes.listed(project))
    if (known === undefined) throw new GateError('no-project', `the index does not know ${project}`)
    return bodyOf(project, currentBuild(project, known), form)
  }

  function atHand(project: ProjectName, form: 'json' | 'html'): PageBody | undefined {
    const known = indexes.atHand(project)
    return known === undefined ? undefined : bodyOf(project, currentBuild(project, known), form)
  }

  function bodyOf(project: ProjectName, current: Built, form: 'json' | 'html'): PageBody {
    const before = current.bodies[form]
    if (before !== undefined) return before
    const { contentType, render } = FORMS[form]
    const { view, policy } = current
    const body = buildBody(render(view), { contentType, policy, serial: view.serial })
    current.bodies[form] = body
    built.set(project, current) // it weighs more now
    return body
  }

  function currentBuild(project: ProjectName, known: KnownPage): Built {
    const policy = policies.current()
    const learned = verdicts(project)
    const now = clock()
    const before = built.get(project)
    if (before?.page === known && before.policy === policy && before.verdicts === learned && now < before.until)
      return before
    return build(known, policy, learned, now)
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
      view,
      bodies: {},
    }
  }

  return { page, atHand }
}
