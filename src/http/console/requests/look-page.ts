import { instant } from '../../../domain/base/instant.ts'
import { tellLookalike } from '../../../domain/decide/story.ts'
import { compareVersions } from '../../../domain/packaging/version.ts'
import type { Draft, FileNow, RequestLook } from '../../../gate/requests/look.ts'
import { type Html, html } from '../../markup/html.ts'
import { at, until } from '../pages/parts/table.ts'
import type { Visit } from '../visit.ts'
import { renderForms } from './forms.ts'
import { BADGES } from './list-page.ts'

/** A request, with all that somebody looks at who decides about it. */
export function renderLook(look: RequestLook, visit: Visit): Html {
  const { request } = look
  const { filename, state, project, version, index, code, reason, by, at: asked, sha256 } = request
  return html`<h1>${filename}</h1>
<p><span class="badge ${BADGES[state]}">${state}</span></p>
${warning(look)}${decision(look)}<section>
<h2>What is asked</h2>
<p class="words">${reason}</p>
<dl>
<dt>By</dt><dd>${by.email ?? 'no address'} (${by.subject}, ${by.address})</dd>
<dt>When</dt><dd>${at(asked)}</dd>
<dt>Project</dt><dd><a href="/projects/${encodeURIComponent(project)}">${project}</a>${version === undefined ? undefined : ` ${version}`}</dd>
<dt>Index</dt><dd>${index}</dd>
<dt>Refused as</dt><dd><code>${code}</code></dd>
<dt>sha256</dt><dd><code>${sha256 ?? 'unknown'}</code></dd>
</dl>
</section>
${fileNow(look.now)}${held(look)}${history(look)}${others(look)}${drafts(look)}${renderForms(look, visit)}`
}

/** Whoever decides is to know it before anything else. */
function warning({ now: { lookalike }, request: { project } }: RequestLook): Html | undefined {
  if (lookalike === undefined) return undefined
  return html`<section class="notice no">
<h2>This may be somebody else’s name</h2>
<p><strong>${tellLookalike(project, lookalike)}</strong> Who asked may have meant that one.</p>
</section>
`
}

function decision({ request: { decision: made, state }, leftOut }: RequestLook): Html | undefined {
  if (made === undefined) return undefined
  const { by, email, at: decided, words, ticket, approval } = made
  return html`<section class="notice${state === 'declined' ? ' no' : ''}">
<h2>What was decided</h2>
${leftOut === undefined || state !== 'approved' ? undefined : html`<p><strong>It is not in force:</strong> ${leftOut}</p>\n`}${words === '' ? undefined : html`<p class="words">${words}</p>\n`}<dl>
<dt>By</dt><dd>${email ?? by}</dd>
<dt>When</dt><dd>${at(decided)}</dd>
${ticket === undefined ? undefined : html`<dt>Ticket</dt><dd>${ticket}</dd>\n`}${approval === undefined ? undefined : html`<dt>${state === 'approved' ? 'Lets through' : 'Let through'}</dt><dd>${approval.extent === 'release' ? 'the files of the release that it names' : 'this file'}, ${state === 'approved' ? 'until' : 'until it was withdrawn; it would have ended'} ${until(approval.ends)}</dd>\n`}</dl>
${approval === undefined ? undefined : html`<details><summary>The policy that it is</summary><pre tabindex="0">${approval.yaml}</pre></details>\n`}</section>
`
}

const NOW: Readonly<Record<FileNow['is'], string>> = {
  passes: 'It passes now',
  refused: 'It is refused now',
  unknown: 'Nobody can tell now',
}

function fileNow({ is, code, detail, steps, identity, uploaded }: FileNow): Html {
  return html`<section>
<h2>The file, as it is now</h2>
<p><strong>${NOW[is]}</strong>${code === undefined ? undefined : html`: <code>${code}</code>`}</p>
<p>${detail}</p>
<dl>
<dt>Uploaded</dt><dd>${uploaded === undefined ? 'the index does not say' : at(uploaded)}</dd>
${
  identity === undefined
    ? html`<dt>Provenance</dt><dd>none that proves anything</dd>\n`
    : html`<dt>Signed by</dt><dd>${identity.san}</dd>
<dt>Issuer</dt><dd>${identity.issuer}</dd>
${optional('Repository', identity.repository)}${optional('Workflow', identity.workflow)}${optional('Ref', identity.ref)}`
}</dl>
${
  steps.length === 0
    ? undefined
    : html`<details><summary>What was checked</summary><ul>
${steps.map(({ mark, check, expected, found }) => html`<li>${MARKS[mark]} ${check}${expected === undefined ? undefined : `; expected: ${expected}`}${found === undefined ? undefined : `; found: ${found}`}</li>\n`)}</ul></details>
`
}</section>
`
}

const MARKS = { pass: '✓', fail: '✗', skip: '–' } as const

function optional(name: string, value: string | undefined): Html | undefined {
  return value === undefined ? undefined : html`<dt>${name}</dt><dd>${value}</dd>\n`
}

function held({ held: change, request: { kind } }: RequestLook): Html | undefined {
  if (change === undefined) return undefined
  const { first, others, rule } = change
  const signer = ({ claims, since, files }: (typeof others)[number]) => html`<dl>
<dt>Repository</dt><dd>${claims.sourceRepositoryUri ?? '–'}</dd>
<dt>Owner id</dt><dd>${claims.sourceRepositoryOwnerId ?? '–'}</dd>
<dt>Name</dt><dd>${claims.san.value}</dd>
<dt>Since</dt><dd>${at(since)}, ${files.length} ${files.length === 1 ? 'file' : 'files'}</dd>
</dl>`
  return html`<section class="notice doubt">
<h2>Another signs than before</h2>
<div class="pair"><div><h3>First</h3>${signer(first)}</div>${others.map(other => html`<div><h3>Then</h3>${signer(other)}</div>`)}</div>
<p>${kind === 'change' ? 'An approval lets files through by their bytes, until it ends. ' : ''}Once somebody has looked, this rule accepts them in the repository, for good:</p>
<pre tabindex="0">${rule}</pre>
</section>
`
}

/** versions that are shown */
const VERSIONS = 12

function history({ seen, release, request }: RequestLook): Html {
  const byVersion = [...Map.groupBy(seen, ({ version }) => version)].sort(([a], [b]) => compareVersions(b, a))
  const signers = new Set(seen.flatMap(({ proof }) => proof?.claims.san.value ?? []))
  return html`<section>
<h2>The project, as this gate knows it</h2>
<p>${byVersion.length === 1 ? 'One version' : `${byVersion.length} versions`} with ${seen.length === 1 ? 'one file' : `${seen.length} files`}; signed by ${signers.size === 0 ? 'nobody whom this gate has verified' : [...signers].join(', ')}.</p>
${
  release.length === 0
    ? undefined
    : html`<h3>Other files of the release</h3><ul>
${release.map(({ filename, is, code }) => html`<li>${filename}: ${is === 'passes' ? 'passes' : html`<code>${code ?? is}</code>`}</li>\n`)}</ul>
`
}<details><summary>Versions</summary><ul>
${byVersion.slice(0, VERSIONS).map(([version, files]) => html`<li>${version}${version === request.version ? ' (this one)' : undefined}: ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${files.filter(({ proof }) => proof !== undefined).length} proved, since ${at(instant(Math.min(...files.map(({ uploaded, firstSeen }) => uploaded ?? firstSeen))))}</li>\n`)}</ul></details>
</section>
`
}

function others({ others: open }: RequestLook): Html | undefined {
  if (open.length === 0) return undefined
  return html`<section>
<h2>Other open requests of the project</h2>
<ul>
${open.map(({ id, filename, by }) => html`<li><a href="/requests/${id}">${filename}</a>, ${by.email ?? by.subject}</li>\n`)}</ul>
</section>
`
}

function drafts({ drafts: both }: RequestLook): Html | undefined {
  if (both === undefined) return undefined
  return html`<section>
<h2>What an approval would be</h2>
<p class="soft">With the end that the form below begins with; it takes the end and the ticket that you say there.</p>
<h3>This file</h3>
${draft(both.file)}<details><summary>The release, as it is listed now</summary>
${draft(both.release)}</details>
</section>
`
}

function draft(one: Draft): Html {
  return 'yaml' in one ? html`<pre tabindex="0">${one.yaml}</pre>\n` : html`<p>None: ${one.why}</p>\n`
}
