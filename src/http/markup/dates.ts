import { type Html, html } from './html.ts'

/** A moment, as ISO 8601: so it is read where no script runs, and on hover where {@link DATES} has written it in the reader's zone. */
export function moment(iso: string): Html {
  return html`<time datetime="${iso}" title="${iso}">${iso}</time>`
}

/** What runs in a page with moments: each is written as its reader is used to, zone and all. */
export const DATES = `for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime)
  if (!Number.isNaN(at.getTime())) time.textContent = at.toLocaleString(undefined, {
    year: 'numeric', month: 'long', day: 'numeric', hour: 'numeric', minute: '2-digit', timeZoneName: 'short',
  })
}
`
