import { type Instant, instant } from '../../../domain/base/instant.ts'
import type { Sum, TimeSums, TopSums } from '../../../ports/console/ledger.ts'
import { type Content, type Html, html } from '../../markup/html.ts'
import type { Visit } from '../visit.ts'
import type { PageData, ShownGates } from './data.ts'
import { verdictChart } from './parts/chart.ts'
import { choiceIn, withChoice } from './parts/filters.ts'
import { addressOf, journalPath, linked, NONE, projectPath } from './parts/links.ts'
import { at, codeOf, count, counted, digest, named, share, table, withoutFolders } from './parts/table.ts'

const PERIODS = ['1', '7', '30', '90'] as const
const DAY = 86_400_000
/** of each kind */
const TOP = 8
/** open requests that are counted */
const OPEN = 100

export async function showOverview(data: PageData, { query, person }: Pick<Visit, 'query' | 'person'>): Promise<Html> {
  const period = choiceIn(query, 'days', PERIODS) ?? '7'
  const until = data.clock()
  const since = instant(until - Number(period) * DAY)
  const [sums, top, coverage, open] = await Promise.all([
    data.ledger.overTime({ since, until }),
    data.ledger.top(since, TOP),
    data.ledger.coverage(),
    data.openRequests(OPEN),
  ])
  return html`<h1>Overview</h1>
${periods(period, query)}
${coverage.since === undefined ? undefined : html`<section class="notice doubt"><p>What was written down before ${at(coverage.since)} is not counted yet.</p></section>`}
${tiles(sums, top, { since, open })}
<section>
<h2>Verdicts over time</h2>
${verdictChart(sums)}</section>
<div class="halves">
${topTables(top, since)}</div>
${policySection(data)}
${gateSection(data)}
${alarmSection(data)}
<p class="soft">You are signed in as <code>${person.subject}</code>, with the role ${person.role}.</p>`
}

function periods(period: string, query: URLSearchParams): Html {
  const name = (days: string) => (days === '1' ? 'a day' : `${days} days`)
  return html`<nav class="choice" aria-label="Period"><ul>${PERIODS.map(days => html`<li><a href="${withChoice('/', query, 'days', days)}"${days === period ? html` aria-current="true"` : undefined}>${name(days)}</a></li>`)}</ul></nav>`
}

function tiles(
  sums: readonly TimeSums[],
  top: TopSums,
  { since, open }: { readonly since: Instant; readonly open: number },
): Html {
  const all = { admitted: 0, attested: 0, refused: 0, watched: 0 }
  for (const row of sums)
    for (const name of ['admitted', 'attested', 'refused', 'watched'] as const) all[name] += row[name]
  const { projects, ofProjects } = top.attested
  return html`<div class="tiles">
${tile('Requests to decide', open === 0 ? '0' : linked('/requests', open < OPEN ? count(open) : `${count(OPEN)} or more`), 'open now, whatever the period')}
${tile('Verdicts', counted(all.admitted + all.refused, journalPath({ since })), html`${counted(all.admitted, journalPath({ outcome: 'admitted', since }))} admitted`)}
${tile('Refused', counted(all.refused, addressOf('/refusals', { since: new Date(since).toISOString() })), share(all.refused, all.admitted + all.refused))}
${tile('Only watched', counted(all.watched, addressOf('/would-refuse', { since: new Date(since).toISOString() })), 'admitted, and refused once enforced')}
${tile('Attested, by verdict', share(all.attested, all.admitted), html`${counted(all.attested, journalPath({ kind: 'attested', since }))} of ${count(all.admitted)} admitted`)}
${tile('Attested, by project', share(projects, ofProjects), html`${count(projects)} of ${linked('/projects', count(ofProjects))} projects`)}
</div>`
}

function tile(name: string, figure: Content, beside: Content): Html {
  return html`<section class="card"><h2>${name}</h2><p class="figure">${figure}</p><p class="soft">${beside}</p></section>`
}

function topTables(top: TopSums, since: Instant): Html {
  const begin = new Date(since).toISOString()
  const kinds = [
    ['project', 'projects', 'Project', 'no project'],
    ['rule', 'rules', 'Rule', 'no rule'],
    ['code', 'codes', 'Reason', 'none'],
    ['subject', 'subjects', 'Who asked', 'nobody known'],
  ] as const
  return html`${kinds.map(
    ([filter, kind, name, nothing]) => html`<section>
<h2>Refused most, by ${name.toLowerCase()}</h2>
${table<Sum>({
  caption: html`${name}, and how often it was refused`,
  columns: [
    { name, isHead: true, cell: sum => topName(filter, sum.name, nothing) },
    {
      name: 'Refused',
      isNumber: true,
      cell: sum =>
        counted(sum.refused, addressOf('/refusals', { [filter]: sum.name === '' ? NONE : sum.name, since: begin })),
    },
  ],
  rows: top[kind],
  none: 'Nothing was refused.',
})}</section>
`,
  )}`
}

function topName(filter: 'project' | 'rule' | 'code' | 'subject', name: string, nothing: string): Content {
  if (name === '') return html`<span class="soft">${nothing}</span>`
  if (filter === 'project') return linked(projectPath(name), name)
  return filter === 'code' ? codeOf(name) : named(name)
}

function policySection(data: PageData): Html {
  const now = data.clock()
  return html`<section>
<h2>Policy in force</h2>
${table({
  caption: 'What each index goes by',
  columns: [
    { name: 'Index', isHead: true, cell: ({ name }) => name },
    { name: 'Mode', cell: index => modeOf(index.policy().mode) },
    { name: 'Digest', cell: index => digest(index.policy().digest) },
    { name: 'In force', cell: index => sinceWhen(data.inForceSince(index.policy().digest), now) },
    {
      name: 'Exemptions',
      isNumber: true,
      cell: index => {
        const running = index.policy().exemptions.filter(({ ends }) => ends > now).length
        return counted(running, addressOf('/exemptions', { state: 'running', index: index.name }))
      },
    },
    { name: 'Warnings', isNumber: true, cell: index => count(index.policy().warnings.length) },
  ],
  rows: data.indexes,
  none: 'There is no index.',
})}${data.indexes.map(index => {
  const kept = index.keptBack()
  if (kept === undefined) return undefined
  return html`<div class="card notice no"><h3>A reload of ${index.name} was kept back</h3><p>What is on disk does not load; the policy above stays in force.</p><pre tabindex="0">${withoutFolders(kept)}</pre></div>
`
})}<p>${linked('/what-if', 'What would another policy change?')}</p>
</section>`
}

function modeOf(mode: 'enforce' | 'audit'): Content {
  return mode === 'audit' ? html`<span class="badge doubt">audit: only watches</span>` : 'enforce'
}

/** Of a root that nobody refreshes, nobody knows whether it is fresh. */
function rootBadge(source: ReturnType<PageData['trust']>['source'], fresh: boolean): Html {
  if (!fresh) return html`<span class="badge no">too old</span>`
  return source === 'tuf'
    ? html`<span class="badge yes">fresh</span>`
    : html`<span class="badge doubt">age not known</span>`
}

function gateSection(data: PageData): Html {
  const now = data.clock()
  const { source, fresh, refreshed, digest: root, detail } = data.trust()
  const gates = data.gates()
  return html`<section>
<h2>This gate</h2>
<dl>
<dt>Trust root</dt><dd>${rootBadge(source, fresh)} ${source}: ${detail}</dd>
<dt>Refreshed</dt><dd>${refreshed === undefined ? 'never' : sinceWhen(refreshed, now)}</dd>
<dt>Its digest</dt><dd>${digest(root)}</dd>
<dt>Other gates</dt><dd>${gates === undefined ? 'none: it is alone' : gates.apart === 0 ? 'of one mind' : html`<span class="badge doubt">${count(gates.apart)} go by another policy or trust root</span>`}</dd>
${gates?.warnings.map(warning => html`<dt>Warning</dt><dd>${warning}</dd>\n`)}</dl>
${gates === undefined ? undefined : gateTable(gates)}</section>`
}

/** Gates that share the store, and whether each goes by what this one does. */
function gateTable({ own, others }: ShownGates): Html {
  const same = (isSame: boolean, of: string): Html =>
    isSame ? html`<span class="badge yes">the same</span>` : html`<span class="badge doubt">another</span> ${of}`
  return table({
    caption: 'Other gates that share the store, as they said of themselves within the last twenty seconds',
    columns: [
      { name: 'Gate', isHead: true, cell: ({ name }) => named(name) },
      { name: 'Policy', cell: its => same(its.policies === own?.policies, digests(its.policies)) },
      { name: 'Trust root', cell: its => same(its.trust === own?.trust, digests(its.trust ?? '')) },
      { name: 'Seen', cell: ({ seen }) => at(seen) },
    ],
    rows: others,
    none: 'No other gate is there now.',
  })
}

/** The beginning of each. */
function digests(text: string): string {
  return text
    .split(' ')
    .map(one => one.slice(0, 12))
    .join(', ')
}

function alarmSection(data: PageData): Html {
  return html`<div class="halves">
<section>
<h2>Alarms</h2>
${table({
  caption: html`Since this gate began at ${at(data.began)}; its log has all`,
  columns: [
    { name: 'When', cell: alarm => at(alarm.at) },
    { name: 'Alarm', isHead: true, cell: ({ alarm }) => named(alarm) },
    { name: 'What', cell: ({ detail }) => detail },
  ],
  rows: data.alarms(),
  none: html`No alarm since this gate began at ${at(data.began)}.`,
})}</section>
<section>
<h2>Could not be told</h2>
${table({
  caption: 'Of the last day, what was neither admitted nor refused',
  columns: [
    { name: 'Code', isHead: true, cell: ({ code }) => named(code) },
    { name: 'Times', isNumber: true, cell: ({ times }) => count(times) },
    { name: 'Last', cell: ({ last }) => at(last) },
    { name: 'What', cell: ({ detail }) => detail },
  ],
  rows: data.unknowns(),
  none: 'Everything could be told in the last day.',
})}</section>
</div>`
}

function sinceWhen(since: Instant | undefined, now: Instant): Content {
  return since === undefined ? '–' : html`${at(since)} <span class="soft">(${lengthOf(now - since)})</span>`
}

/** `3 d`, `5 h`, `12 min` */
export function lengthOf(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 60) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}
