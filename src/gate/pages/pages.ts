import { LRUCache } from 'lru-cache'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Asker } from '../../flow/asker.ts'
import { createOnce, type Once } from '../../flow/once.ts'
import { stepsFor } from '../../flow/slices.ts'
import { weighAgain } from '../../flow/weigh-again.ts'
import type { Memory } from '../../ports/memory.ts'
import { looksTheSame, type PageView } from '../../protocol/simple/page-view.ts'
import { renderSimpleHtml } from '../../protocol/simple/simple-html.ts'
import { renderSimpleJson } from '../../protocol/simple/simple-json.ts'
import type { Indexes } from '../find/indexes.ts'
import type { KnownPage } from '../find/known-page.ts'
import { createFlights } from './flights.ts'
import { type Foreseen, type Foresight, type Ground, stillStands } from './foresight.ts'
import { type Links, type ListingMode, viewPage } from './listing.ts'
import { buildBody, type PageBody } from './page-body.ts'
import { createPatience, type Settled, type Waits } from './patience.ts'

type Form = 'json' | 'html'

interface Built {
  readonly ground: Ground
  /** `undefined` where the mode says the same of every file */
  readonly foreseen: Foreseen | undefined
  /** whether it is kept for whoever asks next */
  readonly isWhole: boolean
  /** where findings change it: whatever changes nothing in it makes no body anew. Otherwise it goes when a body is made of it */
  view: PageView | undefined
  /** each made when somebody asks for it */
  readonly bodies: Map<Form, PageBody>
  readonly making: Once<PageBody>
  /** of the build before: what is in the same words is not coded again */
  readonly before: Map<Form, PageBody>
}

const FORMS = {
  json: { contentType: 'application/vnd.pypi.simple.v1+json', render: renderSimpleJson },
  html: { contentType: 'text/html', render: renderSimpleHtml },
} as const

/** bytes, roughly, that a view and what was foreseen hold for each file */
const PER_FILE = 256
/** bytes of all that is kept, about: of answers, and of the pages that they were made of, which nobody else may hold any more */
const MOST_KEPT = 192 * 1024 * 1024

interface Options {
  readonly indexes: Indexes
  readonly memory: Memory
  readonly foresight: Foresight
  readonly links: Links
  readonly mode: ListingMode
}

export interface Pages {
  page(project: ProjectName, form: Form, asker?: Asker): Promise<PageBody>
  /** The same where it is made already; `undefined` where it has to be. */
  atHand(project: ProjectName, form: Form): PageBody | undefined
}

/**
 * Builds project pages from what is known, once per state of index, policy and verdicts. Where refused files are hidden, what
 * nobody has judged yet is judged first, so that the first page is what the second will be.
 */
export function createPages({ indexes, memory, foresight, links, mode }: Options): Pages {
  const patience = createPatience({ foresight, memory })
  const built = new LRUCache<ProjectName, Built>({
    maxSize: MOST_KEPT,
    sizeCalculation: ({ ground: { page }, view, bodies, before }) =>
      page.weight + (view === undefined ? 0 : page.index.files.length * PER_FILE) + sizeOf(bodies, before),
  })
  const shared = createFlights<KnownPage, Built>()

  async function bodyOf(current: Built, form: Form, asker: Asker | undefined): Promise<PageBody> {
    const make = async (everybody: Asker) => {
      const body = await makeBody(current, form, everybody)
      current.bodies.set(form, body)
      if (current.isWhole) weighAgain(built, current.ground.page.index.name, current)
      return body
    }
    return current.bodies.get(form) ?? (await current.making(form, make, asker))
  }

  async function makeBody(built: Built, form: Form, asker: Asker): Promise<PageBody> {
    const { ground, foreseen, before } = built
    const { contentType, render } = FORMS[form]
    const view = built.view ?? (await viewOf(ground, foreseen, asker))
    const identity = await stepsFor(view.files.length, render(view), asker)
    if (foreseen === undefined) built.view = undefined
    const facts = { contentType, policy: ground.policy, serial: view.serial }
    const body = await buildBody(identity, facts, before.get(form))
    before.delete(form)
    return body
  }

  async function viewOf({ page }: Ground, foreseen: Foreseen | undefined, asker: Asker | undefined): Promise<PageView> {
    const view = viewPage(page, foreseen?.files ?? NOTHING, mode, links)
    return await stepsFor(page.index.files.length, view, asker)
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

  async function build(ground: Ground, waits: Waits): Promise<Built> {
    const { asker } = waits
    if (mode === 'list') return await buildFrom(ground, { foreseen: undefined, isWhole: true }, asker)
    const foreseen = await foresight.foresee(ground, asker)
    if (mode === 'hide') return await buildPatiently(await patience.settle(foreseen, waits), asker)
    await foresight.judgeBeside(foreseen)
    return await buildFrom(foreseen.ground, { foreseen, isWhole: true }, asker)
  }

  async function buildFrom(
    ground: Ground,
    { foreseen, isWhole }: Pick<Built, 'foreseen' | 'isWhole'>,
    asker: Asker | undefined,
  ): Promise<Built> {
    const last = built.get(ground.page.index.name)
    const view = await viewOf(ground, foreseen, asker)
    if (last !== undefined && (await isSeenAs(last, { ground, view }, asker))) {
      const same = { ...last, ground, foreseen, isWhole }
      if (isWhole && same.bodies.size > 0) built.set(ground.page.index.name, same)
      return same
    }
    const before = last === undefined ? new Map<Form, PageBody>() : new Map([...last.before, ...last.bodies])
    return { ground, foreseen, isWhole, view, bodies: new Map(), making: createOnce(), before }
  }

  /** What was learned of a page since may change nothing that a client sees. */
  async function isSeenAs(
    last: Built,
    { ground, view }: { readonly ground: Ground; readonly view: PageView },
    asker: Asker | undefined,
  ): Promise<boolean> {
    if (last.view === undefined || last.ground.page !== ground.page || last.ground.policy !== ground.policy)
      return false
    return await stepsFor(view.files.length, looksTheSame(last.view, view), asker)
  }

  async function buildPatiently(settled: Settled, asker: Asker | undefined): Promise<Built> {
    const { foreseen, failure } = settled
    const made = await buildFrom(foreseen.ground, settled, asker)
    // an empty page would say that there are no versions, when it is only that nobody can tell
    if (made.view?.files.length === 0 && failure !== undefined) throw failure
    return made
  }

  async function currentBuild(page: KnownPage, { started, asker }: Waits, begin: () => void): Promise<Built> {
    const ground = foresight.ground(page, await memory.of(page.index.name))
    const make = async (everybody: Asker) => {
      begin()
      return await build(ground, { started, asker: everybody })
    }
    return standingBuild(ground) ?? (await shared(page, ground, make, asker))
  }

  return {
    async page(project, form, asker) {
      const started = performance.now()
      const page = indexes.atHand(project) ?? (await indexes.listed(project, asker))
      if (page === undefined) throw indexes.unknown(project)
      const current = await patience.share(started, begin => currentBuild(page, { started, asker }, begin))
      return await bodyOf(current, form, asker)
    },
    atHand(project, form) {
      const page = indexes.atHand(project)
      const known = memory.atHand(project)
      if (page === undefined || known === undefined) return undefined
      return standingBuild(foresight.ground(page, known))?.bodies.get(form)
    },
  }
}

const NOTHING: Foreseen['files'] = new Map()

/** Bytes, with their coded variants. */
function sizeOf(...bodies: readonly ReadonlyMap<Form, PageBody>[]): number {
  return bodies.reduce(
    (sum, made) => [...made.values()].reduce((size, { identity }) => size + 2 * identity.length, sum),
    0,
  )
}
