import { isOwnRequest, LONGEST_WORDS } from '../../../domain/requests/request.ts'
import type { Draft, RequestLook } from '../../../gate/requests/look.ts'
import { type Html, html } from '../../markup/html.ts'
import { csrfField } from '../layout.ts'
import type { Visit } from '../visit.ts'

/** What somebody may decide about a request; it is decided where it is sent to, and this only says so beforehand. */
export function renderForms({ request, drafts, end }: RequestLook, visit: Visit): Html | undefined {
  const { id, state } = request
  if (visit.person.role === 'viewer') return undefined
  if (state === 'approved') return withdrawal(id, visit)
  if (state !== 'open') return undefined
  if (isOwnRequest(request.by, visit.person))
    return html`<section class="notice"><p>You asked for this yourself, or with a token that you gave out: somebody else has to decide.</p></section>`
  return html`${drafts !== undefined && 'yaml' in drafts.file ? approval({ id, drafts, end }, visit) : undefined}<section>
<h2>Decline</h2>
<form method="post" action="/requests/${id}/decline">${csrfField(visit)}
<p><label for="no">Why, for whoever asked</label><textarea id="no" name="words" required maxlength="${LONGEST_WORDS}"></textarea></p>
<p class="actions"><button class="danger">Decline</button></p>
</form>
</section>
`
}

interface Offered {
  readonly id: string
  readonly drafts: NonNullable<RequestLook['drafts']>
  readonly end: RequestLook['end']
}

function approval({ id, drafts, end: { written: end } }: Offered, visit: Visit): Html {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(end)
  return html`<section>
<h2>Approve</h2>
<form method="post" action="/requests/${id}/approve">${csrfField(visit)}${seenField('file', drafts.file)}${seenField('release', drafts.release)}
<p><label for="ends">Until the end of (UTC)</label><input id="ends" name="ends" type="${isDay ? 'date' : 'text'}" value="${end}" required></p>
<fieldset><legend>What is let through</legend>
<label><input type="radio" name="extent" value="file" checked>this file alone</label>
<label><input type="radio" name="extent" value="release">every file of the release that is listed now, each by its sha256</label>
</fieldset>
<p><label for="ticket">Ticket (if there is one)</label><input id="ticket" name="ticket" maxlength="200"></p>
<p><label for="yes">Words for whoever asked (if you like)</label><textarea id="yes" name="words" maxlength="${LONGEST_WORDS}"></textarea></p>
<p class="actions"><button>Approve</button></p>
</form>
</section>
`
}

/** What is shown on this page is what is approved from it. Nothing was shown where there is no draft. */
function seenField(extent: 'file' | 'release', draft: Draft): Html {
  return html`<input type="hidden" name="seen-${extent}" value="${'seen' in draft ? draft.seen : 'nothing'}">`
}

function withdrawal(id: string, visit: Visit): Html {
  return html`<section>
<h2>Withdraw</h2>
<form method="post" action="/requests/${id}/withdraw">${csrfField(visit)}
<p><label for="gone">Why, for whoever asked (if you like)</label><textarea id="gone" name="words" maxlength="${LONGEST_WORDS}"></textarea></p>
<p class="actions"><button class="danger">Withdraw the approval</button></p>
</form>
</section>
`
}
