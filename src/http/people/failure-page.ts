import type { IncomingMessage } from 'node:http'
import { errorEntry, type GateError } from '../../domain/base/errors.ts'
import { preferredType } from '../../protocol/simple/negotiate.ts'
import type { WholeAnswer } from '../exchange/answer.ts'
import { problemAnswer } from '../exchange/failures.ts'
import { capital, type Html, html } from '../markup/html.ts'
import { pageAnswer } from './html.ts'

type Asking = Pick<IncomingMessage, 'url' | 'headers'>

/** What people open: `/`, refusals, codes. Everywhere else clients ask for HTML, too. */
const FOR_PEOPLE = /^\/(?:$|\?|x\/|codes(?:$|[/?]))/
const BROWSER = /^Mozilla\//

/** Whether a person looks at what is answered: what takes HTML as gladly as anything, at a place for people or from what calls itself a browser. */
export function isForPerson({ url = '', headers: { accept, 'user-agent': agent = '' } }: Asking): boolean {
  if (accept?.includes('text/html') !== true || preferredType(accept, TYPES) !== 'text/html') return false
  return BROWSER.test(agent) || (FOR_PEOPLE.test(url) && !/[?&]format=[^&]*json/i.test(url))
}

const TYPES = [
  'text/html',
  'application/json',
  'application/problem+json',
  'application/vnd.pypi.simple.v1+json',
] as const

/** What is no verdict: to a person a page, to a program the problem document. Status and fields are the same. */
export function answerPersonOr(error: GateError, request: Asking): WholeAnswer {
  if (!isForPerson(request)) return problemAnswer(error)
  return failurePage(error, renderFailure(error), 'Not served')
}

/** The answer that `error` has anyway, with a page in the place of its body. */
export function failurePage(error: GateError, body: Html, title: string): WholeAnswer {
  const { status, reason, headers } = problemAnswer(error)
  const fields = headers.flatMap((name, at) =>
    at % 2 === 0 && KEPT.has(name.toLowerCase()) ? [name, headers[at + 1] ?? ''] : [],
  )
  const page = pageAnswer({ title, status, body, headers: fields, cache: 'no-store' })
  return reason === undefined ? page : { ...page, reason }
}

const KEPT: ReadonlySet<string> = new Set(['retry-after', 'www-authenticate', 'allow'])

function renderFailure(error: GateError): Html {
  if (error.code === 'unauthenticated') return renderSignIn(error.detail)
  const { title, remedy } = errorEntry(error.code)
  return page(
    'Not served',
    html`<h1>${capital(title)}</h1>
<p class="lead">${capital(error.detail)}</p>
${remedy.replace(/\.$/, '').toLowerCase() === error.detail.toLowerCase() ? undefined : html`<p>${remedy}</p>\n`}<p class="soft">Code <code>${error.code}</code></p>`,
  )
}

/** What a browser shows of a 401 when its person has cancelled the prompt, or typed what does not do. */
export function renderSignIn(detail: string): Html {
  return page(
    'Sign in',
    html`<h1>The gate has to know who asks</h1>
<p class="lead">Reload this page. The browser asks for a name and a password:</p>
<dl>
<dt>Name</dt><dd>anything, such as your own; it is not looked at</dd>
<dt>Password</dt><dd>your token of this gate: it begins with <code>pcl_</code></dd>
</dl>
<p class="soft">What the gate says: ${detail}. Code <code>unauthenticated</code></p>
</section>
<section>
<h2>Where your token is</h2>
<p>What installs packages for you has it already. It stands in the URL of the index, before the <code>@</code>, or beside it:</p>
<dl>
<dt>pip</dt><dd><code>pip config list</code>, <code>PIP_INDEX_URL</code>, or the file <code>.netrc</code> in your home folder</dd>
<dt>uv</dt><dd><code>UV_DEFAULT_INDEX</code>, <code>UV_INDEX_…_PASSWORD</code>, <code>uv.toml</code>, or <code>.netrc</code></dd>
<dt>others</dt><dd>their own configuration, or your keyring</dd>
</dl>
<p>You have none? Ask whoever runs this gate: it is made with <code>portcullis token create</code>, or through the API of the console. If your organisation has you sign in before you reach this page, the sign-in did not reach the gate: tell whoever runs it.</p>`,
  )
}

function page(what: string, section: Html): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>${what}</span></header>
<main>
<section class="verdict">
${section}
</section>
</main>`
}
