import { formatInstant } from '../../../domain/base/instant.ts'
import type { AccessRequest } from '../../../ports/console/requests.ts'
import { moment } from '../../markup/dates.ts'
import { type Html, html } from '../../markup/html.ts'

interface Shown {
  readonly shown: 'open' | 'decided'
  readonly project: string | undefined
  /** id of the last, where there are more */
  readonly next: string | undefined
}

/** The queue, or what became of it. */
export function renderList(requests: readonly AccessRequest[], { shown, project, next }: Shown): Html {
  return html`<h1>Requests</h1>
<section>
<form class="filters" method="get" action="/requests">
<div><label for="show">Show</label><select id="show" name="show"><option value="open"${chosen(shown === 'open')}>open</option><option value="decided"${chosen(shown === 'decided')}>decided</option></select></div>
<div><label for="project">Project</label><input id="project" name="project" value="${project ?? ''}"></div>
<div><button class="quiet">Filter</button></div>
</form>
</section>
<section>
${requests.length === 0 ? html`<p>${shown === 'open' ? 'Nobody waits for a decision.' : 'Nothing was decided.'}</p>` : table(requests, shown)}
${next === undefined ? undefined : html`<p class="pages"><a href="/requests?${new URLSearchParams({ show: shown, project: project ?? '', before: next }).toString()}" rel="next">Older</a></p>`}
</section>`
}

function chosen(is: boolean): Html | undefined {
  return is ? html` selected` : undefined
}

function table(requests: readonly AccessRequest[], shown: Shown['shown']): Html {
  return html`<div class="scroll" tabindex="0"><table>
<caption>${shown === 'open' ? 'Open requests, the newest first' : 'Decided requests, the newest first'}</caption>
<thead><tr><th scope="col">File</th><th scope="col">Refused as</th><th scope="col">Asked by</th><th scope="col">When</th><th scope="col">Index</th><th scope="col">State</th></tr></thead>
<tbody>
${requests.map(row)}</tbody>
</table></div>`
}

function row({ id, filename, code, by, at, index, state, kind }: AccessRequest): Html {
  return html`<tr><td><a href="/requests/${id}">${filename}</a></td><td>${code}${kind === 'change' ? ' (a change of the publisher)' : undefined}</td><td>${by.email ?? by.subject}</td><td>${moment(formatInstant(at))}</td><td>${index}</td><td><span class="badge ${BADGES[state]}">${state}</span></td></tr>
`
}

/** Of a state, as the style sheet calls it. */
export const BADGES: Readonly<Record<AccessRequest['state'], string>> = {
  open: 'doubt',
  approved: 'yes',
  declined: 'no',
  withdrawn: '',
}
