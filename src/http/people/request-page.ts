import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import { lastDay, lastMoment } from '../../domain/base/last-moment.ts'
import { tellLookalike } from '../../domain/decide/story.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import { LONGEST_ADDRESS, LONGEST_WORDS } from '../../domain/requests/request.ts'
import type { AccessRequest } from '../../ports/console/requests.ts'
import { moment } from '../markup/dates.ts'
import { type Html, html } from '../markup/html.ts'

const SAID: Readonly<Record<AccessRequest['state'], string>> = {
  open: 'Nobody has decided yet',
  approved: 'Approved',
  declined: 'Declined',
  withdrawn: 'The approval was withdrawn',
}

/** Of a state, as the style sheet calls it. */
const LOOKS: Readonly<Record<AccessRequest['state'], string>> = {
  open: 'waits',
  approved: 'fine',
  declined: 'verdict',
  withdrawn: 'verdict',
}

/** What whoever asked may know of a request, as JSON; absent values are null. Who asked is told to those alone who decide. */
export function tellRequest(request: AccessRequest, url: string): object {
  const { id, refusal, kind, index, project, version, filename, sha256, code, reason, at, state, decision } = request
  const { approval } = decision ?? {}
  return {
    id,
    url,
    refusal,
    kind,
    state,
    index,
    project,
    version: version ?? null,
    filename,
    sha256: sha256 ?? null,
    code,
    reason,
    at: formatInstant(at),
    decision:
      decision === undefined
        ? null
        : {
            at: formatInstant(decision.at),
            by: decision.email ?? decision.by,
            words: decision.words,
            ticket: decision.ticket ?? null,
            extent: approval?.extent ?? null,
            ends: approval === undefined ? null : formatInstant(approval.ends),
          },
  }
}

/** The page of a request, for whoever asked. */
export function renderRequest(request: AccessRequest, refused: Pick<Refused, 'file'> | undefined): Html {
  const { id, refusal, filename, code, reason, at, state, decision, project, index } = request
  const lookalike = refused?.file.lookalike
  return html`<header><div class="mark"></div><b>Portcullis</b><span>Request ${id}</span></header>
<main>
<section class="${LOOKS[state]}">
<span class="badge">${state}</span>
<h1>${SAID[state]}</h1>
<p class="file"><code>${filename}</code></p>
${lookalike === undefined ? undefined : html`<p class="lead"><strong>${tellLookalike(project, lookalike)}</strong></p>\n`}${decided(request)}</section>
<section>
<h2>What was asked</h2>
<p class="words">${reason}</p>
<dl>
<dt>Asked</dt><dd>${moment(formatInstant(at))}</dd>
<dt>Project</dt><dd>${project}</dd>
<dt>Index</dt><dd>${index}</dd>
<dt>Refused as</dt><dd><a href="../${refusal}">${code}</a></dd>
</dl>
</section>
</main>
<footer>
<p>${decision === undefined ? 'This page says what was decided as soon as somebody has.' : 'Ask for the file again, and it is decided by what holds then.'} <a href="?format=json">as JSON</a></p>
</footer>`
}

function decided({ decision, state }: AccessRequest): Html | undefined {
  if (decision === undefined) return undefined
  const { approval, words, by, email, at } = decision
  const extent = approval?.extent === 'release' ? 'every file of the release' : 'this file'
  return html`${state === 'approved' && approval !== undefined ? html`<p class="lead">It lets ${extent} through until ${ending(approval.ends)}.</p>\n` : undefined}${words === '' ? undefined : html`<p class="words">${words}</p>\n`}<p class="soft">${email ?? by}, ${moment(formatInstant(at))}</p>
`
}

function ending(ends: Instant): Html {
  return lastDay(ends) === undefined ? moment(formatInstant(ends)) : html`${lastMoment(ends)}`
}

/** The form by itself. */
export function renderAsking(
  id: string,
  { file: { filename }, code }: Pick<Refused, 'file' | 'code'>,
  form: Html,
): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>Refusal ${id}</span></header>
<main>
<section class="verdict">
<span class="badge">refused</span>
<h1>${filename}</h1>
<p><a href="../${id}">${code}</a>: why it was refused, and what would admit it.</p>
</section>
${form}</main>`
}

/** The section of a refusal's page in which somebody asks; it is sent to `path`. */
export function renderForm(path: string, { needsAddress }: { readonly needsAddress: boolean }): Html {
  return html`<section class="screen">
<h2>Ask that it be let through</h2>
<form method="post" action="${path}">
<p><label for="reason">Why it is needed</label><textarea id="reason" name="reason" required maxlength="${LONGEST_WORDS}"></textarea></p>
<p><label for="email">Where you can be reached${needsAddress ? undefined : ' (if you like)'}</label><input id="email" name="email" type="email" autocomplete="email" maxlength="${LONGEST_ADDRESS}"${needsAddress ? html` required` : undefined}></p>
<p><button>Ask</button></p>
</form>
</section>
`
}

/** The same where somebody has asked already, which is told at `path`; `stands`: it waits, or what was approved is in force. */
export function renderAsked(path: string, { state }: AccessRequest, stands: boolean): Html {
  const said = state === 'approved' && !stands ? 'It was approved, and that has ended' : SAID[state]
  const more =
    state === 'approved' && stands
      ? ' Ask for the file again: this page tells of how it was refused before.'
      : undefined
  return html`<section>
<h2>Somebody has asked that it be let through</h2>
<p>${said}: <a href="${path}">the request</a>.${more}</p>
</section>
`
}

/** The same for whoever has not said who he is, where nobody in particular may not ask; with `objection` for whom the gate knows, and who may not. */
export function renderWhoMayAsk(id: string, objection: string | undefined): Html {
  const how =
    objection === undefined
      ? html`<p>Whoever the gate knows may ask: <a href="${id}/ask">ask with your token</a>. The browser asks for a name, which is any, and a password, which is the token. In a terminal it is <code>portcullis requests ask</code>.</p>`
      : html`<p>You may not: ${objection}.</p>`
  return html`<section class="screen">
<h2>Ask that it be let through</h2>
${how}
</section>
`
}

/** A request that was not taken, for a person. */
export function renderObjection(title: string, detail: string, remedy: string): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>Request</span></header>
<main>
<section class="verdict">
<span class="badge">not taken</span>
<h1>${title}</h1>
<p class="lead">${detail}</p>
<p>${remedy}</p>
</section>
</main>`
}
