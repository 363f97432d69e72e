import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { PageView } from '../../protocol/simple/page-view.ts'
import { renderSimpleHtml } from '../../protocol/simple/simple-html.ts'
import { renderSimpleJson } from '../../protocol/simple/simple-json.ts'
import type { Indexes } from '../find/indexes.ts'
import { type Foreseen, type Foresight, type Ground, stillStands } from './foresight.ts'
import { type Links, type ListingMode, viewPage } from './listing.ts'
import { buildBody, type PageBody } from './page-body.ts'
import { createPatience } from './patience.ts'

interface Built {
  readonly ground: Ground
  /** `undefined` where the mode says the same of every file */
  readonly foreseen: Foreseen | undefined
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
  readonly memory: Memory
  readonly foresight: Foresight
  readonly links: Links
  readonly mode: ListingMode
}

export interface Pages {
  page(project: ProjectName, form: 'json' | 'html', asker?: Asker): Promise<PageBody>
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(project: ProjectName, form: 'json' | 'html'): PageBody | undefined
}

/**
 * Builds project pages from what is known, once per state of index, policy and verdicts. Where refused files are hidden, what
 * nobody has judged yet is judged first, so that the first page is what the second will be.
 */
export function createPages({ indexes, memory, foresight, links, mode }: Options): Pages {
  const patience = createPatience({ foresight, memory })
  const built = new LRUCache<ProjectName, Built>({
    maxSize: 128 * 1024 * 1024,
    sizeCalculation: ({ view, bodies: { json, html } }) =>
      1024 + view.files.length * PER_FILE + 2 * ((json?.identity.length ?? 0) + (html?.identity.length ?? 0)),
  })

  function bodyOf(project: ProjectName, current: Built, form: 'json' | 'html'): PageBody {
    const before = current.bodies[form]
    if (before !== undefined) return before
    const { contentType, render } = FORMS[form]
    const { view, ground } = current
    const body = buildBody(render(view), { contentType, policy: ground.policy, serial: view.serial })
    current.bodies[form] = body
    built.set(project, current) // it weighs more now
    return body
  }

  function standingBuild(ground: Ground): Built | undefined {
    const before = built.get(ground.page.index.name)
    return before !== undefined && stands(before, ground) ? before : undefined
  }

  /** A page that lists everything says the same whatever becomes known of its files. */
  function stands({ ground, foreseen }: Built, fresh: Ground): boolean {
    if (foreseen === undefined) return ground.page === fresh.page && ground.policy === fresh.policy
    return stillStands(foreseen, fresh)
  }

  /** What can be said at once; `undefined` where files have to be judged before. */
  function buildAtOnce(ground: Ground): Built | undefined {
    if (mode === 'list') return buildFrom(ground, undefined)
    const foreseen = foresight.foresee(ground)
    if (mode === 'hide' && patience.isNeeded(foreseen)) return undefined
    foresight.judgeBeside(foreseen)
    return buildFrom(ground, foreseen)
  }

  function buildFrom(ground: Ground, foreseen: Foreseen | undefined): Built {
    return { ground, foreseen, view: viewPage(ground.page, foreseen?.files ?? new Map(), mode, links), bodies: {} }
  }

  async function buildPatiently(ground: Ground, started: number, asker: Asker | undefined): Promise<Built> {
    const { foreseen, failure } = await patience.settle(ground, started, asker)
    const made = buildFrom(foreseen.ground, foreseen)
    // an empty page would say that there are no versions, when it is only that nobody can tell
    if (made.view.files.length === 0 && failure !== undefined) throw failure
    return made
  }

  return {
    async page(project, form, asker) {
      const started = performance.now()
      const page = indexes.atHand(project) ?? (await indexes.listed(project, asker))
      if (page === undefined) throw new GateError('no-project', `the index does not know ${project}`)
      const ground = foresight.ground(page, await memory.of(project))
      const build = standingBuild(ground) ?? buildAtOnce(ground) ?? (await buildPatiently(ground, started, asker))
      return bodyOf(project, build, form)
    },
    atHand(project, form) {
      const page = indexes.atHand(project)
      const known = memory.atHand(project)
      if (page === undefined || known === undefined) return undefined
      const ground = foresight.ground(page, known)
      const build = standingBuild(ground) ?? buildAtOnce(ground)
      return build && bodyOf(project, build, form)
    },
  }
}
