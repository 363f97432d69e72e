import type { GroupFilter, JournalFilter, RefusalGroup } from '../../../ports/console/ledger.ts'
import { type Html, html } from '../../markup/html.ts'
import type { ConsoleAnswer } from '../answer.ts'
import type { PageData } from './data.ts'
import { allRows, exportOf, formatIn, type Told } from './parts/export.ts'
import { cursorIn, filterForm, momentIn, present, turnPages, valueIn, wordIn } from './parts/filters.ts'
import { addressOf, journalPath, linked, projectPath } from './parts/links.ts'
import { at, codeOf, count, counted, isNeverWaived, named, table, whom } from './parts/table.ts'

const ROWS = 50

/** What one of the two lists is about. */
interface Listed {
  readonly path: '/refusals' | '/would-refuse'
  readonly list: 'refusals' | 'wouldRefuse'
  readonly title: string
  readonly caption: string
  readonly none: string
  /** the rows behind a group */
  readonly rows: JournalFilter
}

const REFUSALS: Listed = {
  path: '/refusals',
  list: 'refusals',
  title: 'Refusals',
  caption: 'What was refused, put together so that one decision settles many; the latest first',
  none: 'Nothing was refused that fits.',
  rows: { outcome: 'refused' },
}

const WOULD_REFUSE: Listed = {
  path: '/would-refuse',
  list: 'wouldRefuse',
  title: 'Would be refused',
  caption: 'What a policy in audit mode let through and would refuse once it is enforced; the latest first',
  none: 'Nothing was only watched that fits.',
  rows: { kind: 'watched' },
}

export function showRefusals(data: PageData, query: URLSearchParams): Promise<Html | ConsoleAnswer> {
  return showGroups(data, query, REFUSALS)
}

export function showWouldRefuse(data: PageData, query: URLSearchParams): Promise<Html | ConsoleAnswer> {
  return showGroups(data, query, WOULD_REFUSE)
}

/** Throws `bad-request`. */
function groupFilterIn(query: URLSearchParams): GroupFilter {
  return present({
    project: wordIn(query, 'project'),
    code: wordIn(query, 'code'),
    rule: valueIn(query, 'rule'),
    subject: valueIn(query, 'subject'),
    index: valueIn(query, 'index'),
    since: momentIn(query, 'since'),
  })
}

async function showGroups(data: PageData, query: URLSearchParams, listed: Listed): Promise<Html | ConsoleAnswer> {
  const { path, list, title, caption, none } = listed
  const filter = groupFilterIn(query)
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: path.slice(1),
      columns: [
        'index',
        'project',
        'code',
        'rule',
        'requests',
        'files',
        'subjects',
        'first',
        'last',
        'filename',
        'sha256',
      ],
      rows: allRows(page => data.ledger[list](filter, page)),
      tell: tellGroup,
    })
  const { rows, next } = await data.ledger[list](filter, { cursor: cursorIn(query), limit: ROWS })
  return html`<h1>${title}</h1>
<nav class="choice" aria-label="Which"><ul>${[REFUSALS, WOULD_REFUSE].map(one => html`<li><a href="${one.path}"${one === listed ? html` aria-current="true"` : undefined}>${one.title}</a></li>`)}</ul></nav>
<section>
${filterForm(
  path,
  [
    { name: 'project', label: 'Project' },
    { name: 'code', label: 'Code' },
    { name: 'rule', label: 'Rule' },
    { name: 'subject', label: 'Who asked' },
    { name: 'index', label: 'Index' },
    { name: 'since', label: 'From', kind: 'day' },
  ],
  query,
)}
${groupTable(rows, listed, { caption, none: next === undefined ? none : 'Nothing on this page fits; there is more to look through.' }, filter)}${turnPages({ path, query, next })}</section>`
}

function groupTable(
  rows: readonly RefusalGroup[],
  { rows: kind }: Listed,
  { caption, none }: Pick<Listed, 'caption' | 'none'>,
  { since, subject }: GroupFilter,
): Html {
  const behind = (group: RefusalGroup) =>
    journalPath({
      ...kind,
      index: group.index ?? '',
      project: group.project,
      code: kind.kind === 'watched' && !group.code.startsWith('audit:') ? `audit:${group.code}` : group.code,
      rule: group.rule ?? '',
      ...present({ since, subject }),
    })
  return table({
    caption,
    columns: [
      { name: 'Project', isHead: true, cell: ({ project }) => linked(projectPath(project), whom(project)) },
      { name: 'Why', cell: ({ code }) => codeOf(code) },
      {
        name: 'Rule',
        cell: ({ rule, index }) =>
          html`${rule === undefined ? html`<span class="whole">no rule</span>` : named(rule)}${index === undefined ? undefined : html`<br><span class="soft">at&nbsp;<span class="word">${index}</span></span>`}`,
      },
      { name: 'Times asked', isNumber: true, cell: group => counted(group.requests, behind(group)) },
      { name: 'Files', isNumber: true, cell: ({ files }) => count(files) },
      { name: 'People', isNumber: true, cell: ({ subjects }) => count(subjects) },
      { name: 'First', cell: ({ first }) => at(first) },
      { name: 'Last', cell: ({ last, filename }) => html`${at(last)}<br><span class="soft">${filename}</span>` },
      {
        name: 'Asked',
        cell: ({ project, code }) =>
          isNeverWaived(code)
            ? html`<span class="soft">nobody may</span>`
            : linked(
                addressOf('/requests', { project }),
                html`<span class="whole">requests</span>`,
                `about ${project}`,
              ),
      },
    ],
    rows,
    none,
  })
}

function tellGroup({
  index,
  project,
  code,
  rule,
  requests,
  files,
  subjects,
  first,
  last,
  filename,
  sha256,
}: RefusalGroup): Told {
  return {
    index: index ?? null,
    project,
    code,
    rule: rule ?? null,
    requests,
    files,
    subjects,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    filename,
    sha256: sha256 ?? null,
  }
}
