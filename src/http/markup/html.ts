import { escapeHtml } from '../../protocol/simple/simple-html.ts'

/** Text that is HTML already: everything else is escaped on its way into a page. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Content = Html | string | number | undefined | readonly Content[]

/** Markup with what stands in it escaped, unless it is markup itself; nothing is written for `undefined`. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((text, next, index) => text + render(contents[index - 1]) + next))
}

function render(content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(`${content}`)
  return content.map(render).join('')
}

/** Words of ours, in which `backticks` are code. */
export function words(text: string): Html {
  return html`${text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

/** A sentence whose first word began in lower case. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
