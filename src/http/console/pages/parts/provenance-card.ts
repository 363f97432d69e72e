import { instant } from '../../../../domain/base/instant.ts'
import type { AttestationFacts } from '../../../../domain/identity/attestation.ts'
import type { Claims } from '../../../../domain/identity/claims.ts'
import type { TrustStatus } from '../../../../ports/trust.ts'
import { type Content, type Html, html } from '../../../markup/html.ts'
import { httpsUrl, journalPath, linked, outward } from './links.ts'
import { at } from './table.ts'

/** Hosts whose pages of a commit are known: any other authority's repository is named without them. */
const COMMITS: Readonly<Record<string, string>> = { 'github.com': '/commit/', 'gitlab.com': '/-/commit/' }

/** Where a log entry can be looked up by anybody. */
const LOG = 'https://search.sigstore.dev/?logIndex='

/**
 * What one attestation proves, each part under its name; nothing leads out but https to the repository's own host, and to the log where that is the public
 * one. `trust`: where the root comes from that is called Sigstore's; a pinned one may be of an instance of one's own, of which the public log knows nothing.
 */
export function provenanceCard(
  facts: Omit<AttestationFacts, 'leafSha256' | 'contradiction' | 'uncompared'>,
  trust: TrustStatus['source'],
): Html {
  const { claims, predicateType, root, logIndex, signedAt } = facts
  const isPublic = root === 'sigstore' && trust !== 'pinned'
  const rows: readonly (readonly [string, Content])[] = [
    ...claimRows(claims).filter(([name]) => name !== 'Workflow' || !isTwice({ claims })),
    ['Statement', typeof predicateType === 'string' ? predicateType : predicateType.unknown],
    ['Vouched for by', voucher(root, isPublic)],
    ['Log entry', logEntry(logIndex, isPublic)],
    ['Logged', at(instant(signedAt))],
  ]
  return html`<dl class="provenance">
${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
`
}

function voucher(root: AttestationFacts['root'], isPublic: boolean): Content {
  if (root !== 'sigstore') return html`a root of the policy, <code>${root}</code>`
  return isPublic ? 'the public-good Sigstore' : 'the root that is pinned here'
}

/** What a certificate says of who signed, as people look for it. */
export function claimRows(claims: Claims): readonly (readonly [string, Content])[] {
  const repository = claims.sourceRepositoryUri
  const host = httpsUrl(repository)?.host
  const own = (text: string | undefined) =>
    text === undefined ? undefined : host === undefined ? text : outward(text, text, host)
  const known: readonly (readonly [string, Content])[] = [
    ['Signed by', claims.san.value],
    ['Issuer', claims.issuer],
    ['Repository', own(repository)],
    ['Repository id', claims.sourceRepositoryId],
    ['Owner', own(claims.sourceRepositoryOwnerUri)],
    ['Owner id', claims.sourceRepositoryOwnerId],
    ['Workflow', claims.buildConfigUri],
    ['Ref', claims.sourceRepositoryRef],
    ['Commit', commitOf(claims, host)],
    ['Environment', claims.deploymentEnvironment],
    ['Runner', claims.runnerEnvironment],
    ['Trigger', claims.buildTrigger],
    ['Run', own(claims.runInvocationUri)],
    ['Visibility', claims.sourceRepositoryVisibility],
  ]
  return known.filter(([, value]) => value !== undefined && value !== '')
}

function commitOf({ sourceRepositoryDigest: commit, sourceRepositoryUri }: Claims, host: string | undefined): Content {
  if (commit === undefined) return undefined
  const path = host === undefined ? undefined : COMMITS[host]
  const isPlain = /^[0-9a-f]{40,64}$/.test(commit)
  const text = html`<code>${commit}</code>`
  const shown =
    path === undefined || !isPlain || host === undefined
      ? text
      : outward(commit, `${sourceRepositoryUri?.replace(/\/+$/, '')}${path}${commit}`, host)
  return html`${shown} ${linked(journalPath({ commit }), 'in the journal', `: commit ${commit}`)}`
}

function logEntry(logIndex: string, isPublic: boolean): Content {
  return isPublic && /^\d{1,20}$/.test(logIndex) ? outward(logIndex, `${LOG}${logIndex}`) : logIndex
}

/** Signers beside one another, a row for each claim; one that is not the same for all says so. */
export function compareSigners(signers: readonly { readonly name: Content; readonly claims: Claims }[]): Html {
  const columns = signers.map(({ claims }) => new Map(claimRows(claims)))
  const names = [...new Set(columns.flatMap(column => [...column.keys()]))].filter(
    name => name !== 'Run' && (name !== 'Workflow' || !signers.every(isTwice)),
  )
  const isOne = signers.length === 1
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Who signed"><table class="list">
<caption>${isOne ? 'What its certificate says' : 'Who signed, side by side'}</caption>
<thead><tr><th scope="col">Claim</th>${signers.map(({ name }) => html`<th scope="col">${name}</th>`)}${isOne ? undefined : html`<th scope="col">Compared</th>`}</tr></thead>
<tbody>
${names.map(name => {
  const values = columns.map(column => column.get(name))
  const isSame = new Set(values.map(value => textOf(value))).size === 1
  return html`<tr><th scope="row" class="whole" data-name="Claim"><div>${name}</div></th>${values.map((value, at) => html`<td data-name="${signers[at]?.name}"><div>${value ?? '–'}</div></td>`)}${isOne ? undefined : html`<td data-name="Compared"><div>${isSame ? html`<span class="soft">same</span>` : html`<strong>differs</strong>`}</div></td>`}</tr>
`
})}</tbody>
</table></div>
`
}

/** Most workflows sign in their own name, which then stands there already. */
function isTwice({ claims }: { readonly claims: Claims }): boolean {
  return claims.buildConfigUri === claims.san.value
}

/** What people read of it: where its links lead is no difference. */
function textOf(value: Content): string {
  return html`${value}`.text.replace(/<[^>]*>/g, '')
}
