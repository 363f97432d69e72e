import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Memory } from '../../ports/memory.ts'
import type { PageView } from '../../protocol/simple/page-view.ts'
import { renderSimpleHtml } from '../../protocol/simple/simple-html.ts'
import { renderSimpleJson } from '../../protocol/simple/simple-json.ts'
import type { Indexes } from '../find/indexes.ts'
import type { KnownPage } from '../find/known-page.ts'
import { type Foreseen, type Foresight, type Ground, stillStands } from './foresight.ts'
import { type Links, type ListingMode, viewPage } from './listing.ts'
import { buildBody, type PageBody } from './page-body.ts'

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
  page(project: ProjectName, form: 'json' | 'html'): Promise<PageBody>
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(project: ProjectName, form: 'json' | 'html'): PageBody | undefined
}

/** Builds project pages from what is known, once per state of index, policy and verdicts. */
export function createPages({ indexes, memory, foresight, links, mode }: Options): Pages {
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

  function currentBuild(page: KnownPage, known: ProjectMemory): Built {
    const ground = foresight.ground(page, known)
    const before = built.get(page.index.name)
    return before !== undefined && stands(before, ground) ? before : build(ground)
  }

  /** A page that lists everything says the same whatever becomes known of its files. */
  function stands({ ground, foreseen }: Built, fresh: Ground): boolean {
    if (foreseen === undefined) return ground.page === fresh.page && ground.policy === fresh.policy
    return stillStands(foreseen, fresh)
  }

  function build(ground: Ground): Built {
    const foreseen = mode === 'list' ? undefined : foresight.foresee(ground)
    return { ground, foreseen, view: viewPage(ground.page, foreseen?.files ?? new Map(), mode, links), bodies: {} }
  }

  return {
    async page(project, form) {
      const page = indexes.atHand(project) ?? (await indexes.listed(project))
      if (page === undefined) throw new GateError('no-project', `the index does not know ${project}`)
      return bodyOf(project, currentBuild(page, await memory.of(project)), form)
    },
    atHand(project, form) {
      const page = indexes.atHand(project)
      const known = memory.atHand(project)
      if (page === undefined || known === undefined) return undefined
      return bodyOf(project, currentBuild(page, known), form)
    },
  }
}
