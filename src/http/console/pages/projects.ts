import { tryProjectName } from '../../../domain/packaging/name.ts'
import { describeDemands } from '../../../domain/policy/compare-rules.ts'
import type { ProjectSums } from '../../../ports/console/ledger.ts'
import { type Content, type Html, html } from '../../markup/html.ts'
import type { ConsoleAnswer } from '../answer.ts'
import type { PageData } from './data.ts'
import { allRows, exportOf, formatIn, type Told } from './parts/export.ts'
import { cursorIn, filterForm, present, turnPages, wordIn } from './parts/filters.ts'
import { journalPath, linked, projectPath } from './parts/links.ts'
import { at, counted, table, whom } from './parts/table.ts'

const PATH = '/projects'
const ROWS = 50

export async function showProjects(data: PageData, query: URLSearchParams): Promise<Html | ConsoleAnswer> {
  const filter = present({ text: wordIn(query, 'text') })
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: 'projects',
      columns: ['project', 'admitted', 'refused', 'watched', 'last'],
      rows: allRows(page => data.ledger.projects(filter, page)),
      tell: tellProject,
    })
  const { rows, next } = await data.ledger.projects(filter, { cursor: cursorIn(query), limit: ROWS })
  return html`<h1>Projects</h1>
<section>
${filterForm(PATH, [{ name: 'text', label: 'Part of the name' }], query)}
${table({
  caption: 'Every project that was asked for, by name',
  columns: [
    { name: 'Project', isHead: true, cell: ({ project }) => linked(projectPath(project), whom(project)) },
    {
      name: 'Admitted',
      isNumber: true,
      cell: row => counted(row.admitted, journalPath({ project: row.project, outcome: 'admitted' })),
    },
    {
      name: 'Refused',
      isNumber: true,
      cell: row => counted(row.refused, journalPath({ project: row.project, outcome: 'refused' })),
    },
    {
      name: 'Only watched',
      isNumber: true,
      cell: row => counted(row.watched, journalPath({ project: row.project, kind: 'watched' })),
    },
    { name: 'Last', cell: ({ last }) => at(last) },
    { name: 'Rule', cell: ({ project }) => ruleOf(project, data) },
  ],
  rows,
  none: 'No project was asked for, or none by this name.',
})}${turnPages({ path: PATH, query, next })}</section>`
}

/** The rule of each index; the same one is named once. */
function ruleOf(project: string, { indexes }: PageData): Content {
  const name = tryProjectName(project)
  const demands = indexes.map(index => {
    const rule = name === undefined ? undefined : index.policy().ruleFor(name)
    return rule === undefined ? 'no rule' : describeDemands(rule)
  })
  const distinct = [...new Set(demands)]
  const [only] = distinct
  if (distinct.length === 1) return only
  return html`<ul class="plain">${indexes.map(({ name: called }, place) => html`<li>${called}: ${demands[place]}</li>`)}</ul>`
}

function tellProject({ project, admitted, refused, watched, last }: ProjectSums): Told {
  return { project, admitted, refused, watched, last: new Date(last).toISOString() }
}
