import { READY } from '../../domain/decide/admit-with.ts'
import { tellLookalike, tellUnnamed } from '../../domain/decide/story.ts'
import { moment } from '../markup/dates.ts'
import { capital, type Html, html, words } from '../markup/html.ts'
import type { ToldRefusal, ToldStep } from './told-refusal.ts'

const MARKS = { pass: '✓', fail: '✗', skip: '–' } as const
const SAID = { pass: 'passed', fail: 'failed', skip: 'not looked at' } as const

/** A refusal for the person whose install it stopped, and for the one who may change the policy; `asking`: a section of its own. */
export function renderToldRefusal(told: ToldRefusal, asking?: Html): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>Refusal ${told.id}</span></header>
<main>
<section class="verdict">
<span class="badge">${told.watched ? 'Let through, and would be refused' : 'Refused by policy'}: ${told.code}</span>
<h1>${capital(told.title)}</h1>
<p class="file"><code>${told.filename}</code></p>
<p class="lead">${words(told.meaning)}</p>
${alike(told)}${contrast(told.steps)}${saysNoMore(told) ? undefined : html`<p class="soft">${told.detail}</p>`}
</section>
<section>
<h2>What to do</h2>
<p>${words(told.remedy.replace(READY, 'One stands below, ready to paste.'))}</p>
${passing(told)}${told.notes.map(note => html`<p>${note}</p>\n`)}${contacting(told, asking)}</section>
${asking}<section>
<h2>For whoever looks after the policy</h2>
${told.admit_with === null ? withheld(told) : admission(told.admit_with)}</section>
<section>
<h2>What was checked</h2>
<ol class="steps">
${told.steps.map(line)}</ol>
</section>
<section>
<h2>The file and the decision</h2>
<dl>
${row('Project', told.project)}${row('Source', told.source)}${row('Index', told.index)}${row('Version', told.version)}${code('sha256', told.sha256)}${code('Decided by', told.rule ?? 'no rule')}${identity(told)}${code('Policy', told.policy)}<dt>${told.watched ? 'Let through' : 'Refused'}</dt><dd>${moment(told.at)}${told.watched ? ', by a policy that only watches' : undefined}</dd>
${before(told)}
</dl>
</section>
</main>
<footer>
<p>Show this page to whoever looks after the policy: <a href="${told.url}">${told.url}</a><span class="screen"> · <a href="?format=json">as JSON</a> · <a href="../codes/${told.code}">about this code</a></span></p>
</footer>`
}

/** Loud: a person who only reads the code would not look for it. */
function alike({ project, lookalike }: ToldRefusal): Html | undefined {
  return lookalike === null
    ? undefined
    : html`<p class="lead"><strong>${tellLookalike(project, lookalike)}</strong></p>\n`
}

/** characters; more is a sentence, and stands below anyway */
const LONGEST_SIDE = 120

/** The first check that failed, if it has two sides to compare. */
function contrast(steps: readonly ToldStep[]): Html | undefined {
  const failed = steps.find(({ mark }) => mark === 'fail')
  if (failed === undefined || failed.expected === null || failed.found === null || failed.found.length > LONGEST_SIDE)
    return undefined
  return html`<div class="pair">
<div><p>Expected: ${failed.check}</p>${failed.expected}</div>
<div><p>Found</p>${failed.found}</div>
</div>
`
}

function line({ mark, check, expected, found }: ToldStep): Html {
  const asExpected = mark === 'pass' && (expected === null || expected === found)
  const sides = asExpected ? side('', found) : html`${side('expected', expected)}${side('found', found)}`
  return html`<li class="${mark}"><i role="img" aria-label="${SAID[mark]}" title="${SAID[mark]}">${MARKS[mark]}</i><div><b>${check}</b>${sides}</div></li>
`
}

function side(name: string, text: string | null): Html | undefined {
  return text === null ? undefined : html`<small><span>${name}</span>${text}</small>`
}

function admission(yaml: string): Html {
  return html`<p>This admits the file and nothing else, once somebody has looked at why it should: append it to a policy file, or put it into a file of its own beside it.</p>
<pre id="yaml" class="pick" tabindex="0">${yaml}</pre>
<p class="screen"><button type="button" data-copies="yaml" hidden>Copy</button> <a href="?format=yaml">as plain text</a></p>
`
}

function withheld({ nothing_admits: why }: ToldRefusal): Html {
  return html`<p>${why ?? 'What would admit it was not written down. Ask for the file again, and look here afterwards.'}</p>
`
}

function passing({ passes, project }: ToldRefusal): Html | undefined {
  if (passes === null) return undefined
  return html`<p>The newest version that passes: <code>${project}==${passes.version}</code> (<code>${passes.filename}</code>).</p>\n`
}

/** The detail of a refusal for want of a rule is what it means, with the name that stands beside it. */
function saysNoMore({ code, detail, project }: ToldRefusal): boolean {
  return code === 'no-rule' && detail === tellUnnamed(project)
}

/** Where there is a form, that is what to use: two buttons to ask with, and nobody knows which. */
function contacting({ contact }: ToldRefusal, asking: Html | undefined): Html | undefined {
  if (contact === null) return undefined
  if (asking !== undefined)
    return html`<p>To have this file let through, ask below: whoever decides sees it there, and so do you what was decided. For anything else there is <a href="${contact.url}" rel="noreferrer noopener">${contact.name}</a>.</p>\n`
  return html`<p><a class="button" href="${contact.url}" rel="noreferrer noopener">Ask ${contact.name}</a></p>\n`
}

function row(name: string, value: string | null): Html | undefined {
  return value === null ? undefined : html`<dt>${name}</dt><dd>${value}</dd>\n`
}

function code(name: string, value: string | null): Html | undefined {
  return value === null ? undefined : html`<dt>${name}</dt><dd><code>${value}</code></dd>\n`
}

function before({ let_through: earlier }: ToldRefusal): Html | undefined {
  if (earlier === null) return undefined
  return html`<dt>Let through before</dt><dd>${moment(earlier.at)}, by a policy that only watched (<code>${earlier.policy}</code>)</dd>\n`
}

function identity({ identity }: ToldRefusal): Html | undefined {
  if (identity === null) return undefined
  return html`${row('Signed by', identity.san)}${row('Issuer', identity.issuer)}${row('Repository', identity.repository)}${row('Workflow', identity.workflow)}${row('Ref', identity.ref)}`
}
