import type { Instant } from '../../../domain/base/instant.ts'
import { isApproval } from '../../../domain/policy/approval-files.ts'
import { countPins } from '../../../domain/policy/exemptions.ts'
import type { Exemption } from '../../../domain/policy/policy.ts'
import { describeRule } from '../../../domain/policy/rule-ref.ts'
import { type Content, type Html, html } from '../../markup/html.ts'
import type { ConsoleAnswer } from '../answer.ts'
import type { PageData } from './data.ts'
import { lengthOf } from './overview.ts'
import { each, exportOf, formatIn, type Told } from './parts/export.ts'
import { choiceIn, filterForm, turnPages, wordIn } from './parts/filters.ts'
import { addressOf, journalPath, linked, outward, projectPath } from './parts/links.ts'
import { count, named, table, until } from './parts/table.ts'

const PATH = '/exemptions'
const STATES = ['running', 'soon', 'ended'] as const
const SOON = 14 * 86_400_000
/** of one exemption that are named one by one */
const MOST_NAMED = 5

interface Row {
  readonly exemption: Exemption
  /** whose policy it is in; several where they are one */
  readonly indexes: readonly string[]
}

export function showExemptions(data: PageData, query: URLSearchParams): Html | ConsoleAnswer {
  const now = data.clock()
  const rows = exemptionsOf(data).filter(wantedBy(query, now))
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: 'exemptions',
      columns: ['id', 'indexes', 'projects', 'files', 'waive', 'owner', 'ticket', 'reason', 'ends', 'ended', 'place'],
      rows: each(rows),
      tell: row => tellRow(row, now),
    })
  const ending = rows.filter(({ exemption: { ends } }) => ends > now && ends - now <= SOON).length
  return html`<h1>Exemptions</h1>
<section>
${filterForm(
  PATH,
  [
    { name: 'project', label: 'Project' },
    { name: 'owner', label: 'Owner' },
    {
      name: 'state',
      label: 'State',
      kind: [
        ['running', 'in force'],
        ['soon', 'ends within 14 days'],
        ['ended', 'ended'],
      ],
    },
    { name: 'index', label: 'Index' },
  ],
  query,
)}
${ending === 0 ? undefined : html`<p><span class="badge doubt">${ending === 1 ? 'one ends' : `${count(ending)} end`} within 14 days</span></p>`}
${byOwner(rows, query)}
${table({
  caption: 'By end, the next to end first',
  columns: [
    { name: 'Ends', cell: ({ exemption }) => endOf(exemption.ends, now) },
    {
      name: 'Exemption',
      isHead: true,
      cell: ({ exemption }) =>
        html`${linked(journalPath({ rule: exemption.ref.id }), named(exemption.id))}<br>${isApproval(exemption.ref.file) ? html`<span class="badge">approved here</span>` : html`<span class="soft">${placeOf(exemption)}</span>`}`,
    },
    { name: 'Project', cell: ({ exemption }) => projectsOf(exemption) },
    { name: 'Files', isNumber: true, cell: ({ exemption }) => count(countPins(exemption)) },
    {
      name: 'Waives',
      cell: ({ exemption }) => exemption.waive.map(waiver => html`<span class="whole">${waiver}</span> `),
    },
    {
      name: 'Owner',
      cell: ({ exemption: { owner, ticket } }) =>
        html`${linked(addressOf(PATH, { owner }), owner)}${ticket === undefined ? undefined : html`<br>${outward(ticket, ticket)}`}`,
    },
    { name: 'Reason', cell: ({ exemption }) => exemption.reason },
    { name: 'Index', cell: ({ indexes }) => indexes.join(', ') },
  ],
  rows,
  none: 'There is no exemption that fits.',
})}${turnPages({ path: PATH, query, next: undefined })}</section>`
}

function exemptionsOf({ indexes }: PageData): readonly Row[] {
  const rows = new Map<string, { exemption: Exemption; indexes: string[] }>()
  for (const { name, policy } of indexes)
    for (const exemption of policy().exemptions) {
      const { ref, id, ends } = exemption
      const key = JSON.stringify([ref.file, ref.line, id, ends])
      const known = rows.get(key)
      if (known === undefined) rows.set(key, { exemption, indexes: [name] })
      else known.indexes.push(name)
    }
  return [...rows.values()].sort((one, other) => one.exemption.ends - other.exemption.ends)
}

/** Throws `bad-request`. */
function wantedBy(query: URLSearchParams, now: Instant): (row: Row) => boolean {
  const state = choiceIn(query, 'state', STATES)
  const [project, owner, index] = ['project', 'owner', 'index'].map(name => wordIn(query, name)?.toLowerCase())
  return ({ exemption, indexes }) => {
    const { ends, pins } = exemption
    if (state === 'ended' ? ends > now : state !== undefined && ends <= now) return false
    if (state === 'soon' && ends - now > SOON) return false
    if (owner !== undefined && !exemption.owner.toLowerCase().includes(owner)) return false
    if (index !== undefined && !indexes.some(name => name.toLowerCase() === index)) return false
    return project === undefined || [...pins.keys()].some(name => name.includes(project))
  }
}

function byOwner(rows: readonly Row[], query: URLSearchParams): Html | undefined {
  const owners = [...Map.groupBy(rows, ({ exemption }) => exemption.owner)]
  if (owners.length < 2 || wordIn(query, 'owner') !== undefined) return undefined
  return html`<p>By owner: ${owners.map(([owner, own], place) => html`${place === 0 ? '' : ' · '}${linked(addressOf(PATH, { owner }), owner)} ${count(own.length)}`)}</p>`
}

/** The file by its name alone, as in a diagnostic. */
function placeOf({ ref: { file, line } }: Exemption): string {
  return `${file.slice(file.lastIndexOf('/') + 1)}:${line}`
}

function endOf(ends: Instant, now: Instant): Html {
  const left = ends - now
  const said =
    left <= 0
      ? html`<span class="badge no">ended</span>`
      : html`<span class="badge ${left <= SOON ? 'doubt' : 'yes'}">in ${lengthOf(left)}</span>`
  return html`${said}<br>${until(ends)}`
}

function projectsOf({ pins, pinsFile }: Exemption): Content {
  const names = [...pins.keys()]
  const shown = names
    .slice(0, MOST_NAMED)
    .map((name, place) => html`${place === 0 ? '' : ', '}${linked(projectPath(name), name)}`)
  const more = names.length > MOST_NAMED ? ` and ${count(names.length - MOST_NAMED)} more` : ''
  return html`${shown}${more}${pinsFile === undefined ? undefined : html`<br><span class="soft">of ${pinsFile.slice(pinsFile.lastIndexOf('/') + 1)}</span>`}`
}

function tellRow({ exemption, indexes }: Row, now: Instant): Told {
  const { id, pins, waive, owner, ticket, reason, ends, ref } = exemption
  return {
    id,
    indexes: indexes.join(' '),
    projects: [...pins.keys()].join(' '),
    files: countPins(exemption),
    waive: waive.join(' '),
    owner,
    ticket: ticket ?? null,
    reason,
    ends: new Date(ends).toISOString(),
    ended: ends <= now ? 'yes' : 'no',
    place: describeRule(ref),
  }
}
