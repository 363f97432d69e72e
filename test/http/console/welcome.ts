import { layout } from '../../../src/http/console/layout.ts'
import type { ConsoleRouter } from '../../../src/http/console/router.ts'
import { html } from '../../../src/http/markup/html.ts'

/** `/`: who is signed in, and as what. */
export function addWelcome(router: ConsoleRouter): void {
  router.page('/', 'viewer', visit =>
    layout(visit, {
      title: 'Overview',
      here: '/',
      body: html`<h1>Overview</h1>
<section><p>You are signed in as <code>${visit.person.subject}</code>, with the role ${visit.person.role}.</p></section>`,
    }),
  )
}
