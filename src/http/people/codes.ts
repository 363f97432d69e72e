import { GateError } from '../../domain/base/errors.ts'
import { REFUSALS, type RefusalCode, refusalEntry } from '../../domain/base/refusal.ts'
import type { Router } from '../door/router.ts'
import { type Html, html, sendPage } from './html.ts'

const CODES = Object.keys(REFUSALS) as readonly RefusalCode[]

/** `/codes/<code>`: what a refusal code means and how to get past it; `/codes`: all of them. */
export function addCodePages(router: Router): void {
  router.add('/codes', 'codes', exchange =>
    sendPage(exchange, { title: 'Refusal codes', body: page('Refusal codes', CODES.map(entry)) }),
  )
  router.add('/codes/:code', 'codes', (exchange, segments) => {
    const code = CODES.find(known => known === segments['code'])
    if (code === undefined) throw new GateError('not-found', 'no refusal has this code')
    sendPage(exchange, { title: code, body: page(code, [entry(code)]) })
  })
}

function page(title: string, entries: readonly Html[]): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>${title}</span></header>
<main>
${entries}</main>`
}

function entry(code: RefusalCode): Html {
  const { title, meaning, remedy, hard, waive } = { waive: undefined, ...refusalEntry(code) }
  const past = hard
    ? 'Hard: no exemption helps, and audit mode refuses it too.'
    : waive === undefined
      ? 'No exemption helps; the policy has to change.'
      : `An exemption that pins the file and waives ${waive} lets it pass.`
  return html`<section id="${code}">
<h2><code>${code}</code>: ${title}</h2>
<p>${meaning}</p>
<p>${remedy}</p>
<p class="soft">${past}</p>
</section>
`
}
