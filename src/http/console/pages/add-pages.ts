import type { Html } from '../../markup/html.ts'
import { type ConsoleAnswer, shownAs } from '../answer.ts'
import { type ConsolePage, layout } from '../layout.ts'
import type { ConsoleRouter } from '../router.ts'
import type { Visit } from '../visit.ts'
import { showAudit } from './audit.ts'
import type { PageData } from './data.ts'
import { showExemptions } from './exemptions.ts'
import { showDownloads, showJournal } from './journal.ts'
import { showOverview } from './overview.ts'
import { MOMENTS, MOMENTS_PATH } from './parts/table.ts'
import { showProject } from './project.ts'
import { showProjects } from './projects.ts'
import { showRefusals, showWouldRefuse } from './refusals.ts'
import { showRevocation, showRevocations } from './revocations.ts'
import { askWhatIf, showWhatIf, WHAT_IF_BYTES } from './what-if.ts'

type Shown = Html | ConsoleAnswer

/** Everything that people look at: each page is for whoever may see, and keeps what it looks for in its address. */
export function addPages(router: ConsoleRouter, data: PageData): void {
  router.asset(MOMENTS_PATH, 'text/javascript; charset=utf-8', MOMENTS)
  const add = (path: string, { here, title }: Titled, show: (visit: Visit) => Shown | Promise<Shown>): void =>
    router.page(path, 'viewer', async visit => framed(visit, { here, title }, await show(visit)))

  add('/', { here: '/', title: 'Overview' }, visit => showOverview(data, visit))
  add('/projects', { here: '/projects', title: 'Projects' }, ({ query }) => showProjects(data, query))
  add('/projects/:name', { here: '/projects', title: 'Project' }, ({ segments, query }) =>
    showProject(data, segments['name'] ?? '', query),
  )
  add('/refusals', { here: '/refusals', title: 'Refusals' }, ({ query }) => showRefusals(data, query))
  add('/would-refuse', { here: '/refusals', title: 'Would be refused' }, ({ query }) => showWouldRefuse(data, query))
  add('/exemptions', { here: '/exemptions', title: 'Exemptions' }, ({ query }) => showExemptions(data, query))
  add('/revocations', { here: '/revocations', title: 'Revocations' }, ({ query }) => showRevocations(data, query))
  add('/revocations/:key', { here: '/revocations', title: 'Who got what is revoked' }, ({ segments, query }) =>
    showRevocation(data, segments['key'] ?? '', query),
  )
  add('/journal', { here: '/journal', title: 'Journal' }, ({ query }) => showJournal(data, query))
  add('/downloads', { here: '/journal', title: 'Who got what' }, ({ query }) => showDownloads(data, query))
  add('/audit', { here: '/audit', title: 'Audit log' }, ({ query }) => showAudit(data, query))
  const title = 'What would happen'
  const here = '/what-if'
  add('/what-if', { here, title }, visit => showWhatIf(data, visit))
  router.form(
    '/what-if',
    'viewer',
    async (visit, fields) => shownAs(page(visit, { here, title }, await askWhatIf(data, visit, fields))),
    { most: WHAT_IF_BYTES },
  )
}

interface Titled {
  readonly here?: ConsolePage['here'] | undefined
  readonly title: string
}

function framed(visit: Visit, titled: Titled, shown: Shown): Shown {
  return 'status' in shown ? shown : page(visit, titled, shown)
}

function page(visit: Visit, { here, title }: Titled, body: Html): Html {
  return layout(visit, { title, body, scripts: [MOMENTS_PATH], ...(here === undefined ? {} : { here }) })
}
