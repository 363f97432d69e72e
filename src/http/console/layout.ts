import { sha256Of } from '../../domain/base/digest.ts'
import { type Html, html } from '../markup/html.ts'
import type { ConsoleRouter } from './router.ts'
import { CONSOLE_STYLE } from './style.ts'
import type { Visit } from './visit.ts'

const NAVIGATION = [
  ['Overview', '/'],
  ['Projects', '/projects'],
  ['Refusals', '/refusals'],
  ['Requests', '/requests'],
  ['Exemptions', '/exemptions'],
  ['What if', '/what-if'],
  ['Revocations', '/revocations'],
  ['Journal', '/journal'],
  ['Audit', '/audit'],
] as const

export interface ConsolePage {
  readonly title: string
  /** the place in the navigation, such as `/refusals`; absent: none of them */
  readonly here?: (typeof NAVIGATION)[number][1]
  /** what stands in `main`; its first heading is an `h1` */
  readonly body: Html
  /** paths of scripts of ours, below `/assets/`; default: nothing runs */
  readonly scripts?: readonly string[]
}

/** Who looks at a page; `undefined`: nobody is signed in. */
export type Looking = Pick<Visit, 'person' | 'csrf'> | undefined

// what a browser keeps is of this style sheet
const STYLE_PATH = `/assets/console.css?${sha256Of(CONSOLE_STYLE).slice(0, 12)}`

/** A whole document of the console. */
export function layout(looking: Looking, { title, here, body, scripts = [] }: ConsolePage): Html {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Portcullis</title>
<link rel="stylesheet" href="${STYLE_PATH}">
<link rel="icon" href="/assets/mark.svg">
${scripts.map(script => html`<script src="${script}" defer></script>\n`)}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="home" href="/"><span class="mark"></span>Portcullis</a>
${looking === undefined ? undefined : html`${navigation(here)}${who(looking)}`}</header>
<main id="main" tabindex="-1">
${body}
</main>
</body>
</html>
`
}

/** The style sheet and the mark, which every page names. */
export function addLayoutAssets(router: Pick<ConsoleRouter, 'asset'>): void {
  router.asset('/assets/console.css', 'text/css; charset=utf-8', CONSOLE_STYLE)
  router.asset('/assets/mark.svg', 'image/svg+xml', MARK)
}

/** What every form carries, so that no other site sends it for somebody. */
export function csrfField({ csrf }: Pick<Visit, 'csrf'>): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`
}

const MARK = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#4c7ae6" stroke-width="1.6"><path d="M2 14V7a6 6 0 0 1 12 0v7zM6 2v12M10 2v12M2 7h12M2 11h12"/></svg>
`

function navigation(here: ConsolePage['here']): Html {
  return html`<nav aria-label="Console"><ul>
${NAVIGATION.map(([name, path]) => html`<li><a href="${path}"${path === here ? html` aria-current="page"` : undefined}>${name}</a></li>\n`)}</ul></nav>
`
}

function who({ person, csrf }: NonNullable<Looking>): Html {
  return html`<div class="who"><span>${person.name ?? person.email ?? person.subject} · ${person.role}</span>
<form method="post" action="/sign-out">${csrfField({ csrf })}<button class="quiet">Sign out</button></form></div>
`
}
