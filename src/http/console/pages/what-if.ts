import { GateError } from '../../../domain/base/errors.ts'
import type { Effect } from '../../../domain/policy/change.ts'
import type { PolicyChange } from '../../../domain/policy/compare-policies.ts'
import type { Changed, Untold } from '../../../gate/records/replay.ts'
import type { WhatIf } from '../../../gate/records/what-if.ts'
import { formatDiagnostic } from '../../../protocol/yaml/diagnostic.ts'
import type { TextFile } from '../../../protocol/yaml/yaml-document.ts'
import type { Fields } from '../../door/body.ts'
import { type Html, html } from '../../markup/html.ts'
import { csrfField } from '../layout.ts'
import type { Visit } from '../visit.ts'
import type { PageData } from './data.ts'
import { journalPath, linked, projectPath } from './parts/links.ts'
import { at, codeOf, count, counted, table, withoutFolders } from './parts/table.ts'

const MIB = 1024 * 1024
/** bytes: of all that is pasted and uploaded */
export const WHAT_IF_BYTES = 2 * MIB
/** bytes, of the policy alone */
const LONGEST_POLICY = MIB / 2
/** of a list that are named one by one */
const MOST = 200

export function showWhatIf(data: PageData, visit: Pick<Visit, 'csrf'>): Html {
  return html`<h1>What would happen</h1>
<section>
<p>Another policy is compared with the one in force, and the requests of the last 30 days are decided by both. Nothing is put in force, and the text is kept nowhere: policy stays in its repository.</p>
${form(data, visit)}</section>`
}

function form({ indexes }: PageData, visit: Pick<Visit, 'csrf'>): Html {
  const several = indexes.length > 1
  return html`<form method="post" action="/what-if" enctype="multipart/form-data" class="stack">
${csrfField(visit)}
${several ? html`<div><label for="index">Index</label><select id="index" name="index">${indexes.map(({ name }) => html`<option value="${name}">${name}</option>`)}</select></div>\n` : undefined}<div><label for="policy">Policy</label><textarea id="policy" name="policy" rows="12" spellcheck="false" autocomplete="off" aria-describedby="policy-hint"></textarea><p class="soft" id="policy-hint">YAML, one or more documents. What it names beside itself, pins and trusted roots, is as the policy in force read it.</p></div>
<div><label for="file">or files</label><input type="file" id="file" name="file" multiple accept=".yaml,.yml"></div>
<div><label for="pins">Pins, in the place of every pins file that it names</label><input type="file" id="pins" name="pins"></div>
<div class="actions"><button>What would happen?</button></div>
</form>
`
}

/** Throws `bad-form`, `not-found`, and what cannot be told. */
export async function askWhatIf(
  data: PageData,
  visit: Pick<Visit, 'csrf' | 'exchange'>,
  fields: Fields,
): Promise<Html> {
  const named = fields.get('index') ?? data.indexes[0].name
  const index = data.indexes.find(({ name }) => name === named)
  if (index === undefined) throw new GateError('not-found', 'there is no index of this name')
  const files = filesIn(fields)
  const pins = fields.get('pins')
  const found = await index.whatIf(files, pins === undefined || pins === '' ? undefined : pins, visit.exchange.asker)
  return html`<h1>What would happen</h1>
${'diagnostics' in found ? renderObjections(found) : renderWhatIf(found, data.indexes.length > 1 ? index.name : undefined)}
<section><h2>Another one</h2>
${form(data, visit)}</section>`
}

function filesIn(fields: Fields): readonly TextFile[] {
  const pasted = fields.get('policy') ?? ''
  const uploaded = fields.all('file').filter(text => text.trim() !== '')
  const files = [
    ...(pasted.trim() === '' ? [] : [{ path: 'pasted.yaml', text: pasted.replaceAll('\r\n', '\n') }]),
    ...uploaded.map((text, place) => ({ path: `file-${place + 1}.yaml`, text })),
  ]
  if (files.length === 0) throw new GateError('bad-form', 'there is no policy: paste one, or choose a file')
  if (files.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0) > LONGEST_POLICY)
    throw new GateError('bad-form', `the policy is larger than ${LONGEST_POLICY / 1024} KiB`)
  return files
}

type Objections = Extract<WhatIf, { readonly diagnostics: unknown }>
type Outlook = Exclude<WhatIf, Objections>

export function renderObjections({ diagnostics }: Objections): Html {
  return html`<section class="notice no">
<h2>It does not load</h2>
<p>A gate would refuse it as a whole, and keep the one in force.</p>
<pre tabindex="0">${diagnostics.slice(0, MOST).map(diagnostic => `${withoutFolders(formatDiagnostic(diagnostic))}\n`)}</pre>
${more(diagnostics.length)}</section>`
}

const MARKS: Readonly<Record<Effect, string>> = { wider: 'admits more', stricter: 'admits less', other: 'otherwise' }
const BADGES: Readonly<Record<Effect, string>> = { wider: 'doubt', stricter: 'yes', other: '' }

export function renderWhatIf(
  { changes, warnings, approvals, replay, since, brokeOff }: Outlook,
  index: string | undefined,
): Html {
  const stopped = replay.changed.filter(({ to }) => to.outcome === 'refused')
  const passing = replay.changed.filter(({ to }) => to.outcome === 'admitted')
  const sum = (list: readonly Untold[]) => list.reduce((total, { requests }) => total + requests, 0)
  return html`<section class="notice">
<h2>${index === undefined ? 'In short' : `In short, at ${index}`}</h2>
<p>${count(replay.requests)} requests from ${at(since)} on were decided again${brokeOff === undefined ? '' : html`, as far as ${at(brokeOff)}: <strong>there are more than are looked at here</strong>, and <code>portcullis policy replay</code> looks at all of them`}.</p>
${approvedBeside(approvals)}
<ul>
<li><strong>${count(sum(stopped))}</strong> that passed would be refused</li>
<li><strong>${count(sum(passing))}</strong> that were refused would pass</li>
<li><strong>${count(sum(replay.watched))}</strong> would pass only because the policy watches</li>
<li><strong>${count(sum(replay.untold))}</strong> cannot be told: the provenance that it takes is not on record</li>
</ul>
${warnings.length === 0 ? undefined : html`<p>A load of it would say:</p><pre tabindex="0">${warnings.map(warning => `${withoutFolders(warning)}\n`)}</pre>`}
</section>
<section><h2>Who would be stopped</h2>
${changedTable(stopped, 'Files that passed and would be refused')}</section>
<section><h2>What would pass</h2>
${changedTable(passing, 'Files that were refused and would pass')}</section>
${replay.watched.length === 0 ? undefined : html`<section><h2>What would only be watched</h2>${changedTable(replay.watched, 'Files that would pass because the policy is in audit mode')}</section>`}
${replay.untold.length === 0 ? undefined : html`<section><h2>What cannot be told</h2>${untoldTable(replay.untold)}</section>`}
<section><h2>What the two policies say</h2>
${changeTable(changes)}</section>`
}

function approvedBeside({ taken, leftOut }: Outlook['approvals']): Html | undefined {
  if (taken + leftOut.size === 0) return undefined
  const left = [...leftOut].slice(0, MOST)
  return html`<p>What was approved here lies over both: ${count(taken)} of them beside this one${leftOut.size === 0 ? '.' : html`, and <strong>${count(leftOut.size)}</strong> would be left out, because they do not load beside it:`}</p>
${left.length === 0 ? undefined : html`<ul>${left.map(([request, why]) => html`<li>${linked(`/requests/${request}`, request)}: ${withoutFolders(why)}</li>`)}</ul>${more(leftOut.size)}`}`
}

function changeTable(changes: readonly PolicyChange[]): Html {
  return html`${table({
    caption: 'What differs in meaning, not in writing',
    columns: [
      { name: 'About', isHead: true, cell: ({ about }) => about },
      { name: 'Effect', cell: ({ effect }) => html`<span class="badge ${BADGES[effect]}">${MARKS[effect]}</span>` },
      { name: 'What', cell: ({ text }) => text },
    ],
    rows: changes.slice(0, MOST),
    none: 'They mean the same.',
  })}${more(changes.length)}`
}

function changedTable(rows: readonly Changed[], caption: string): Html {
  return html`${table({
    caption,
    columns: [
      {
        name: 'File',
        isHead: true,
        cell: ({ project, filename }) => html`${linked(projectPath(project), project)}<br>${filename}`,
      },
      { name: 'By the one in force', cell: ({ from }) => html`${from.outcome}: ${codeOf(from.code)}` },
      {
        name: 'By this one',
        cell: ({ to }) =>
          html`${to.outcome}: ${codeOf(to.code)}${to.detail === `admitted by ${to.code}` ? undefined : html`<br><span class="soft">${to.detail}</span>`}`,
      },
      {
        name: 'Times asked',
        isNumber: true,
        cell: row => counted(row.requests, journalPath({ project: row.project, filename: row.filename })),
      },
      { name: 'Addresses', isNumber: true, cell: ({ clients }) => count(clients) },
      { name: 'Last', cell: ({ last }) => at(last) },
    ],
    rows: rows.slice(0, MOST),
    none: 'None.',
  })}${more(rows.length)}`
}

function untoldTable(rows: readonly Untold[]): Html {
  return html`${table({
    caption: 'Files whose provenance is not on record',
    columns: [
      {
        name: 'File',
        isHead: true,
        cell: ({ project, filename }) => html`${linked(projectPath(project), project)}<br>${filename}`,
      },
      { name: 'By the one in force', cell: ({ from }) => html`${from.outcome}: ${codeOf(from.code)}` },
      { name: 'Times asked', isNumber: true, cell: ({ requests }) => count(requests) },
    ],
    rows: rows.slice(0, MOST),
    none: 'None.',
  })}${more(rows.length)}`
}

function more(length: number): Html | undefined {
  return length <= MOST ? undefined : html`<p class="soft">and ${count(length - MOST)} more</p>`
}
