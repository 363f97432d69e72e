import { escapeHtml } from '../../protocol/simple/simple-html.ts'
import { inert } from '../terminal/screen.ts'
import type { Row, Said, Section, Told, Weight } from './told.ts'

const MARKS: Readonly<Record<Weight, readonly [mark: string, word: string]>> = {
  bad: ['✗', 'wrong'],
  doubt: ['!', 'look at it'],
  good: ['✓', 'well'],
  note: ['·', 'for the record'],
}

/** One page that needs nothing else: no script, no font, no address but those that somebody reads. */
export function renderHtml({ locks, against, headline, change, figures, sections, ended }: Told, at: string): string {
  const of = `${locks.join(', ')}${against.length === 0 ? '' : `, against ${against.join(', ')}`}`
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${text(headline)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><b>portcullis report</b> <span>${text(of)}</span> <time datetime="${text(at)}">${text(at.slice(0, 16).replace('T', ' '))} UTC</time></header>
<main>
<section class="head">
<h1>${text(headline)}</h1>
${change === undefined ? '' : `<p class="change">${text(change)}</p>\n`}${ended.map(why => `<p class="ended">✗ ${text(why)}</p>\n`).join('')}<ul>
${figures.map(figure => `<li>${html(figure)}</li>\n`).join('')}</ul>
</section>
${sections.map(renderSection).join('')}</main>
</body>
</html>
`
}

function renderSection({ id, title, weight, intro, rows, as }: Section): string {
  const [mark, word] = MARKS[weight]
  const open = as === 'open' ? ' open' : ''
  const body = as === 'names' ? renderNames(rows) : renderRows(rows)
  return `<details id="${text(id)}" class="${weight}"${open}>
<summary><i role="img" aria-label="${word}">${mark}</i> <h2>${text(title)}</h2> <span>${rows.length}</span></summary>
${intro === '' ? '' : `<p>${text(intro)}</p>\n`}${body}</details>
`
}

function renderNames(rows: readonly Row[]): string {
  return `<ul class="names">\n${rows.map(({ head }) => `<li>${html([head])}</li>\n`).join('')}</ul>\n`
}

function renderRows(rows: readonly Row[]): string {
  return `<dl>\n${rows.map(({ head, said }) => `<dt>${html([head])}</dt><dd>${html(said)}</dd>\n`).join('')}</dl>\n`
}

function html(said: readonly Said[]): string {
  return said.map(it => (typeof it === 'string' ? text(it) : `<code>${text(it.foreign)}</code>`)).join('')
}

function text(plain: string): string {
  return escapeHtml(inert(plain))
}

const STYLE = `
:root { --paper: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #5a6675; --line: #dfe3e8; --code: #f0f2f5;
  --bad: #b3261e; --doubt: #8a5a00; --good: #1a7f4b; --note: #5a6675; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #10151c; --card: #181f29; --ink: #e6eaf0; --soft: #9aa7b6; --line: #2b3542; --code: #10161e;
    --bad: #ff8a80; --doubt: #f0c267; --good: #63d39b; --note: #9aa7b6; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
header, main { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: .2rem .8rem; padding-top: 1.2rem; padding-bottom: .8rem; color: var(--soft); font-size: .9rem; }
header b { color: var(--ink); }
header time { margin-left: auto; }
section, details { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.25rem; margin: 0 0 .8rem; }
details { border-left: .3rem solid var(--line); padding: .7rem 1.25rem; }
details.bad { border-left-color: var(--bad); } details.doubt { border-left-color: var(--doubt); } details.good { border-left-color: var(--good); }
h1 { font-size: 1.45rem; line-height: 1.3; margin: 0 0 .6rem; }
h2 { display: inline; font-size: 1.02rem; margin: 0; }
summary { cursor: pointer; }
summary span { color: var(--soft); }
summary i { font-style: normal; font-weight: 700; display: inline-block; width: 1em; text-align: center; }
.bad i, .ended { color: var(--bad); } .doubt i { color: var(--doubt); } .good i { color: var(--good); } .note i { color: var(--note); }
p { margin: .5rem 0; } details p { color: var(--soft); }
.change, .ended { font-weight: 600; }
ul { margin: .4rem 0 0; padding-left: 1.2rem; }
.names { list-style: none; padding: 0; columns: 17rem; column-gap: 1.5rem; }
.names li { padding: .1rem 0; break-inside: avoid; }
dl { display: grid; grid-template-columns: minmax(11rem, 20rem) 1fr; gap: 0 1.2rem; margin: .5rem 0 0; }
dt, dd { margin: 0; padding: .35rem 0; border-top: 1px solid var(--line); min-width: 0; }
code { font: .86rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--code); border-radius: .25rem; padding: .05rem .3rem; }
dt code { font-weight: 600; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { border-top: 0; padding-top: 0; } header time { margin-left: 0; } }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #999; --code: #fff; --bad: #000; --doubt: #000; --good: #000; --note: #333; } }
`
