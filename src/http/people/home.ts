import type { Router } from '../door/router.ts'
import type { Serving } from '../exchange/settings.ts'
import { type Html, html, sendPage } from './html.ts'

/** `/`: what this is, and what to type. */
export function addHome(router: Router, serving: Serving): void {
  router.add('/', 'home', exchange =>
    sendPage(exchange, {
      title: 'Portcullis',
      body: renderHome(`${serving.base()}/simple/`, serving.settings.version),
    }),
  )
}

function renderHome(index: string, version: string): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>${version}</span></header>
<main>
<section class="fine">
<h1>A Python package index that checks who published what</h1>
<p class="lead">Files come from the public index, and leave here only when their attestation proves that they were published by whom the policy names. Everything else is refused with a reason.</p>
<p>The index is <code>${index}</code></p>
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
