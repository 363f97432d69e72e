import { formatInstant } from '../../../domain/base/instant.ts'
import { askerOf } from '../../../domain/requests/request.ts'
import type { AccessRequest } from '../../../ports/console/requests.ts'
import { type Html, html } from '../../markup/html.ts'
import type { Told } from '../pages/parts/export.ts'
import { turnPages } from '../pages/parts/filters.ts'
import { linked } from '../pages/parts/links.ts'
import { at, named, table } from '../pages/parts/table.ts'

export const REQUESTS_PATH = '/requests'

interface Shown {
  readonly shown: 'open' | 'decided'
  readonly project: string | undefined
  /** as it was asked */
  readonly query: URLSearchParams
  /** id of the last, where there are more */
  readonly next: string | undefined
}

/** The queue, or what became of it. */
export function renderList(requests: readonly AccessRequest[], { shown, project, query, next }: Shown): Html {
  return html`<h1>Requests</h1>
<section>
<form class="filters" method="get" action="${REQUESTS_PATH}">
<div><label for="show">Show</label><select id="show" name="show"><option value="open"${chosen(shown === 'open')}>open</option><option value="decided"${chosen(shown === 'decided')}>decided</option></select></div>
<div><label for="project">Project</label><input id="project" name="project" value="${project ?? ''}"></div>
<div class="actions"><button>Filter</button></div>
</form>
${table({
  caption: shown === 'open' ? 'Open requests, the newest first' : 'Decided requests, the newest first',
  columns: [
    { name: 'File', isHead: true, cell: ({ id, filename }) => linked(`${REQUESTS_PATH}/${id}`, filename) },
    {
      name: 'Refused as',
      cell: ({ code, kind }) => html`${named(code)}${kind === 'change' ? ' (a change of the publisher)' : undefined}`,
    },
    { name: 'Asked by', cell: ({ by }) => askerOf(by) },
    { name: 'When', cell: request => at(request.at) },
    { name: 'Index', cell: ({ index }) => index },
    { name: 'State', cell: ({ state }) => html`<span class="badge ${BADGES[state]}">${state}</span>` },
  ],
  rows: requests,
  none: shown === 'open' ? 'Nobody waits for a decision.' : 'Nothing was decided.',
})}${turnPages({ path: REQUESTS_PATH, query, next })}</section>`
}

/** Of a list that is sent as a file. */
export const REQUEST_COLUMNS = [
  'id',
  'at',
  'state',
  'kind',
  'index',
  'project',
  'version',
  'filename',
  'sha256',
  'code',
  'reason',
  'asked_by',
  'email',
  'decided_by',
  'decided_at',
  'words',
  'ticket',
  'extent',
  'ends',
] as const

export function tellRow(request: AccessRequest): Told {
  const { id, state, kind, index, project, version, filename, sha256, code, reason, by, decision } = request
  const { approval } = decision ?? {}
  return {
    id,
    at: formatInstant(request.at),
    state,
    kind,
    index,
    project,
    version: version ?? null,
    filename,
    sha256: sha256 ?? null,
    code,
    reason,
    asked_by: by.subject,
    email: by.email ?? null,
    decided_by: decision === undefined ? null : (decision.email ?? decision.by),
    decided_at: decision === undefined ? null : formatInstant(decision.at),
    words: decision?.words ?? null,
    ticket: decision?.ticket ?? null,
    extent: approval?.extent ?? null,
    ends: approval === undefined ? null : formatInstant(approval.ends),
  }
}

function chosen(is: boolean): Html | undefined {
  return is ? html` selected` : undefined
}

/** Of a state, as the style sheet calls it. */
export const BADGES: Readonly<Record<AccessRequest['state'], string>> = {
  open: 'doubt',
  approved: 'yes',
  declined: 'no',
  withdrawn: '',
}
