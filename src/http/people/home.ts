import type { Router } from '../door/router.ts'
import { assertMayEnter } from '../exchange/permissions.ts'
import type { Servings } from '../exchange/settings.ts'
import { type Html, html } from '../markup/html.ts'
import { sendPage } from './html.ts'

/** `/`: what this is, and what to type for the indexes that whoever asks may use; nobody is told of others. */
export function addHome(router: Router, servings: Servings): void {
  const [first] = servings
  router.add('/', 'home', exchange => {
    const { may } = exchange.client
    const shown = servings.filter(({ index }) => may?.indexes.has(index) !== false)
    if (shown.length === 0) assertMayEnter(exchange.client, first.index)
    const indexes = shown.map(({ path, name }) => ({ name, url: `${first.base()}${path}/simple/` }))
    sendPage(exchange, { title: 'Portcullis', body: renderHome(indexes, first.settings.version) })
  })
}

interface ShownIndex {
  readonly name: string | undefined
  readonly url: string
}

function renderIndexes(indexes: readonly ShownIndex[]): Html {
  const [only, ...others] = indexes
  if (others.length === 0) return html`<p>The index is <code>${only?.url}</code></p>`
  const items = indexes.map(({ name, url }) => html`<li>${name}: <code>${url}</code></li>`)
  return html`<p>The indexes are</p><ul>${items}</ul><p>What follows is for the first; of another, take its URL.</p>`
}

function renderHome(indexes: readonly ShownIndex[], version: string): Html {
  const index = indexes[0]?.url ?? ''
  return html`<header><div class="mark"></div><b>Portcullis</b><span>${version}</span></header>
<main>
<section class="fine">
<h1>A Python package index that checks who published what</h1>
<p class="lead">Files come from the public index, and leave here only when their attestation proves that they were published by whom the policy names. Everything else is refused with a reason.</p>
${renderIndexes(indexes)}
</section>
<section>
<h2>pip</h2>
<pre>pip config set global.index-url ${index}</pre>
<h2>uv</h2>
<pre>export UV_DEFAULT_INDEX=${index}</pre>
<h2>poetry</h2>
<pre>poetry source add --priority=primary portcullis ${index}</pre>
<h2>pdm</h2>
<pre>pdm config pypi.url ${index}</pre>
<h2>pipenv</h2>
<pre>export PIPENV_PYPI_MIRROR=${index}</pre>
</section>
<section>
<h2>When an install is refused</h2>
<p>The message names a code and a page here, under <code>/x/</code>. The page says what was expected, what was found, which rule decided, and what would admit the file.</p>
</section>
<section>
<h2>Keep exactly one index</h2>
<p>A second index beside this one, or a lock file that holds the public index’s own URLs, goes round the gate.</p>
</section>
</main>
<footer><p><a href="readyz">Readiness</a> · <a href="metrics">Metrics</a></p></footer>`
}
