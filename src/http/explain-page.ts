import type { Step } from '../domain/verdict.ts'
import type { Explanation } from './explanation.ts'
import { type Html, html } from './html.ts'

const MARKS = { pass: '✓', fail: '✗', skip: '–' } as const
const SAID = { pass: 'passed', fail: 'failed', skip: 'not looked at' } as const

/** A refusal for the person whose install it stopped, and for the one who may change the policy. */
export function renderExplanation(told: Explanation): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>Refusal ${told.id}</span></header>
<main>
<section class="verdict">
<span class="badge">Refused by policy: ${told.code}</span>
<h1>${told.filename}</h1>
<p class="lead">${sentence(told.detail)}</p>
<p>${told.remedy}</p>
</section>
${contrast(told.steps)}
<section>
<h2>What was checked</h2>
<ol class="steps">
${told.steps.map(line)}</ol>
</section>
${told.admit_with === null ? undefined : admission(told.admit_with)}
<section>
<h2>The file and the decision</h2>
<dl>
${row('Project', told.project)}${row('Version', told.version)}${code('sha256', told.sha256)}${rule(told)}${identity(told)}${code('Policy', told.policy)}${row('First refused', told.at)}${row('Means', told.meaning)}</dl>
</section>
</main>
<footer>
<p>Show this page to whoever looks after the policy: <a href="${told.url}">${told.url}</a><span class="screen"> · <a href="?format=json">as JSON</a></span></p>
</footer>`
}

function sentence(text: string): string {
  const said = /[.!?]$/.test(text) ? text : `${text}.`
  return said.charAt(0).toUpperCase() + said.slice(1)
}

/** The first check that failed, if it has two sides to compare. */
function contrast(steps: readonly Step[]): Html | undefined {
  const failed = steps.find(
    ({ mark, expected, found }) => mark === 'fail' && expected !== undefined && found !== undefined,
  )
  if (failed === undefined) return undefined
  return html`<section>
<div class="pair">
<div><h3>Expected</h3>${failed.expected}</div>
<div><h3>Found</h3>${failed.found}</div>
</div>
</section>`
}

function line({ mark, check, expected, found }: Step): Html {
  return html`<li class="${mark}"><i title="${SAID[mark]}">${MARKS[mark]}</i><div><b>${check}</b>${
    expected === undefined ? undefined : html`<small>expected: ${expected}</small>`
  }${found === undefined ? undefined : html`<small>found: ${found}</small>`}</div></li>
`
}

function admission(yaml: string): Html {
  return html`<section>
<h2>What would admit it</h2>
<p class="soft">For the platform team, to be put into the policy after looking at who is asking for what.</p>
<pre>${yaml.trimEnd()}</pre>
</section>`
}

function row(name: string, value: string | null): Html | undefined {
  return value === null ? undefined : html`<dt>${name}</dt><dd>${value}</dd>\n`
}

function code(name: string, value: string | null): Html | undefined {
  return value === null ? undefined : html`<dt>${name}</dt><dd><code>${value}</code></dd>\n`
}

function rule({ rule }: Explanation): Html {
  const where = rule === null ? 'none' : html`${rule.id} <code>${rule.file}:${rule.line}</code>`
  return html`<dt>Rule</dt><dd>${where}</dd>\n`
}

function identity({ identity }: Explanation): Html | undefined {
  if (identity === null) return undefined
  return html`${row('Signed by', identity.san)}${row('Issuer', identity.issuer)}${row('Repository', identity.repository)}${row('Workflow', identity.workflow)}${row('Ref', identity.ref)}`
}
