import type { errorEntry, GateError } from '../../domain/base/errors.ts'
import { type Html, html } from '../markup/html.ts'
import { layout } from './layout.ts'

/** Why a page of the console is not shown, to whoever it may be. */
export function renderFailure({ code, detail }: GateError, { title, remedy }: ReturnType<typeof errorEntry>): Html {
  return layout(undefined, {
    title: capital(title),
    body: html`<section class="notice no">
<h1>${capital(title)}</h1>
<p class="lead">${capital(detail)}</p>
<p>${remedy}</p>
<p class="soft">Code <code>${code}</code> · <a href="/">To the console</a></p>
</section>`,
  })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
