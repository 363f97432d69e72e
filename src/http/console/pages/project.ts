import { GateError } from '../../../domain/base/errors.ts'
import { describeDemands } from '../../../domain/policy/compare-rules.ts'
import { describeRule } from '../../../domain/policy/rule-ref.ts'
import type { FileNow, ProjectNow, ReleaseNow } from '../../../gate/records/project-now.ts'
import type { DownloadSums } from '../../../ports/console/ledger.ts'
import type { TrustStatus } from '../../../ports/trust.ts'
import { type Content, type Html, html } from '../../markup/html.ts'
import type { PageData, ShownIndex } from './data.ts'
import { downloadTable } from './journal.ts'
import { wordIn } from './parts/filters.ts'
import { addressOf, downloadsPath, journalPath, linked, projectPath } from './parts/links.ts'
import { compareSigners, provenanceCard } from './parts/provenance-card.ts'
import { at, badge, codeOf, count, digest } from './parts/table.ts'

const RELEASES = 20
const DOWNLOADS = 10

/** Throws `not-found` for an index that is not there, and for a project that nothing is known of. */
export async function showProject(data: PageData, name: string, query: URLSearchParams): Promise<Html> {
  const index = indexIn(data, query)
  const from = pageIn(query) * RELEASES
  const project = await index.project(name, { from, releases: RELEASES })
  const got = await data.ledger.downloads({ project: project?.project ?? name }, { limit: DOWNLOADS })
  if (project === undefined && got.rows.length === 0)
    throw new GateError('not-found', 'nothing of this name was ever asked for here')
  return html`<h1>${project?.project ?? name}</h1>
${project === undefined ? html`<section><p>Its page was not read by index ${index.name}.</p></section>` : html`${facts(project, index, data)}${signers(project)}${releases(project, { from, query, trust: data.trust().source })}`}
${whoGotIt(project?.project ?? name, got.rows)}`
}

function indexIn({ indexes }: PageData, query: URLSearchParams): ShownIndex {
  const asked = wordIn(query, 'index')
  const index = asked === undefined ? indexes[0] : indexes.find(({ name }) => name === asked)
  if (index === undefined) throw new GateError('not-found', 'there is no index of this name')
  return index
}

/** From 0 on. Throws `bad-request`. */
function pageIn(query: URLSearchParams): number {
  const word = wordIn(query, 'page') ?? '1'
  if (!/^[1-9]\d{0,5}$/.test(word)) throw new GateError('bad-request', 'page is a number from 1 on')
  return Number(word) - 1
}

function facts(
  { project, status, lastRead, source, rule }: ProjectNow,
  index: ShownIndex,
  { indexes }: PageData,
): Html {
  return html`<section>
<h2>The project</h2>
${indexes.length < 2 ? undefined : html`<nav class="choice" aria-label="Index"><ul>${indexes.map(({ name }) => html`<li><a href="${projectPath(project, name)}"${name === index.name ? html` aria-current="true"` : undefined}>${name}</a></li>`)}</ul></nav>`}
<dl>
<dt>Status</dt><dd>${status === 'active' ? 'active' : html`<span class="badge doubt">${status}</span>`}</dd>
${source === undefined ? undefined : html`<dt>Source</dt><dd>${source}</dd>\n`}<dt>Rule</dt><dd>${rule === undefined ? 'none: it is refused' : html`<code>${describeRule(rule.ref)}</code>: ${describeDemands(rule)}`}</dd>
<dt>Page last read</dt><dd>${at(lastRead)}</dd>
<dt>Rows</dt><dd>${linked(journalPath({ project }), 'journal')} · ${linked(addressOf('/refusals', { project }), 'refusals')} · ${linked(addressOf('/would-refuse', { project }), 'only watched')} · ${linked(addressOf('/exemptions', { project }), 'exemptions')} · ${linked(addressOf('/requests', { project }), 'requests')}</dd>
</dl>
</section>
`
}

function signers({ signers: seen, isHeld }: ProjectNow): Html {
  const [first, ...others] = seen
  if (first === undefined)
    return html`<section><h2>Who signed</h2><p class="soft">No attestation of it was ever proved here.</p></section>\n`
  const told = seen.map(
    ({ since, files, newest }, place) =>
      html`<li>${place === 0 ? 'First' : 'Then'}: ${files === 1 ? 'one file' : `${count(files)} files`}, the newest version ${newest}, proved from ${at(since)} on</li>`,
  )
  return html`<section>
<h2>Who signed</h2>
${others.length === 0 ? html`<p>The same identity has signed whatever was proved here.</p>` : html`<p>${isHeld ? html`<span class="badge no">held</span> The identity changed, and the rule holds what the later one signed until somebody approves it.` : 'The identity changed; the rule takes what the later one signed, or does not go by who signed.'}</p>`}
<ul>${told}</ul>
${compareSigners(seen.slice(0, MOST_SIGNERS).map(({ claims }, place) => ({ name: place === 0 ? 'First' : `Signer ${place + 1}`, claims })))}${seen.length > MOST_SIGNERS ? html`<p class="soft">and ${seen.length - MOST_SIGNERS} more</p>` : undefined}</section>
`
}

/** beside one another */
const MOST_SIGNERS = 4

interface Shown {
  readonly from: number
  readonly query: URLSearchParams
  readonly trust: TrustStatus['source']
}

function releases(project: ProjectNow, { from, query, trust }: Shown): Html {
  const page = from / RELEASES + 1
  const index = wordIn(query, 'index')
  const to = (number: number) => addressOf(projectPath(project.project), { index, page: number })
  return html`<section>
<h2>Releases</h2>
<p class="soft">Each file by the policy in force and by what is remembered of it; nobody was asked. ${count(project.releases)} in all, the newest version first.</p>
<ol class="timeline">
${project.shown.map(one => release(one, trust))}</ol>
<nav class="pages" aria-label="Pages of releases">
${page > 1 ? html`<a rel="prev" href="${to(page - 1)}">Newer</a>\n` : undefined}${from + RELEASES < project.releases ? html`<a rel="next" href="${to(page + 1)}">Older</a>\n` : undefined}</nav>
</section>
`
}

function release({ version, came, files }: ReleaseNow, trust: TrustStatus['source']): Html {
  return html`<li>
<h3>${version} <span class="soft">${at(came)}</span></h3>
<ul class="files">
${files.map(file => fileOf(file, trust))}</ul>
</li>
`
}

function fileOf(file: FileNow, trust: TrustStatus['source']): Html {
  const { filename, sha256, verdict, attestations, yanked } = file
  return html`<li>
<div class="file"><b>${filename}</b> ${badge(verdict.outcome)} ${yanked ? html`<span class="badge doubt">yanked</span> ` : undefined}${verdict.outcome === 'unknown' ? undefined : codeOf(verdict.code)}</div>
${verdict.outcome === 'unknown' || verdict.detail === '' ? undefined : html`<p class="soft">${verdict.detail}</p>\n`}<p class="soft">sha256 ${digest(sha256)} · ${rowsOf(file)}</p>
${
  attestations.length === 0
    ? undefined
    : html`<details><summary>Provenance${attestations.length === 1 ? undefined : ` (${attestations.length} attestations)`} of <span class="name">${filename}</span></summary>
${attestations.map(facts => provenanceCard(facts, trust))}</details>
`
}</li>
`
}

function rowsOf({ filename, sha256 }: FileNow): Content {
  const filter = sha256 === undefined ? { filename } : { sha256 }
  return html`${linked(downloadsPath(filter), 'who got it', `: ${filename}`)} · ${linked(journalPath(filter), 'journal', `: ${filename}`)}`
}

function whoGotIt(project: string, rows: readonly DownloadSums[]): Html {
  return html`<section>
<h2>Who got it</h2>
${downloadTable(rows, 'The latest downloads')}<p>${linked(downloadsPath({ project }), 'All downloads')}</p>
</section>`
}
