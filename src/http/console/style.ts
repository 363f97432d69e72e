/** The style sheet of the console: light and dark, a desk and a phone. */
export const CONSOLE_STYLE = `
:root {
  --paper: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #56616f; --line: #dfe3e8; --code: #f0f2f5;
  --no: #b3261e; --no-soft: #fdecea; --yes: #17703f; --yes-soft: #e5f4ec; --doubt: #8a5a00; --doubt-soft: #fdf3df; --accent: #2757c9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10151c; --card: #181f29; --ink: #e6eaf0; --soft: #9aa7b6; --line: #2b3542; --code: #10161e;
    --no: #ff8a80; --no-soft: #3a1d1c; --yes: #63d39b; --yes-soft: #15301f; --doubt: #f2c063; --doubt-soft: #33280f; --accent: #8fb0ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 1; }
body > header, main, body > footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
body > header { padding-top: 1rem; padding-bottom: .5rem; display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.25rem; }
.home { display: flex; align-items: center; gap: .6rem; font-weight: 700; color: var(--ink); text-decoration: none; }
.mark { width: 1.5rem; height: 1.5rem; border-radius: .75rem .75rem .15rem .15rem; border: .16rem solid var(--accent); background:
  repeating-linear-gradient(90deg, transparent 0 .2rem, var(--accent) .2rem .34rem),
  repeating-linear-gradient(0deg, transparent 0 .26rem, var(--accent) .26rem .38rem); }
body > header nav { order: 3; width: 100%; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .15rem; margin: 0; padding: 0; }
body > header nav ul { margin-left: -.65rem; }
nav a { display: block; padding: .3rem .65rem; border-radius: .45rem; color: var(--ink); text-decoration: none; }
nav a:hover { background: var(--code); text-decoration: underline; }
nav a[aria-current] { background: var(--card); box-shadow: inset 0 -.16rem 0 var(--accent); font-weight: 650; }
.who { margin-left: auto; display: flex; align-items: center; gap: .75rem; color: var(--soft); font-size: .9rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .6rem 0 .9rem; letter-spacing: -.01em; }
h2 { font-size: 1.08rem; margin: 0 0 .8rem; }
h3 { font-size: .95rem; margin: 0 0 .5rem; }
p { margin: 0 0 .8rem; }
section, .card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.1rem 1.25rem; margin: 0 0 1rem; }
section > :last-child, .card > :last-child { margin-bottom: 0; }
.lead { font-size: 1.08rem; }
.soft { color: var(--soft); }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.badge { display: inline-block; font-weight: 650; font-size: .82rem; padding: .1rem .55rem; border-radius: 1rem; background: var(--code); color: var(--soft); }
.badge.no { background: var(--no-soft); color: var(--no); }
.badge.yes { background: var(--yes-soft); color: var(--yes); }
.badge.doubt { background: var(--doubt-soft); color: var(--doubt); }
code, pre { font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { background: var(--code); border-radius: .3rem; padding: .1rem .35rem; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: 0 0 .8rem; overflow-x: auto; white-space: pre; overflow-wrap: normal; }
a { color: var(--accent); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, textarea:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: .18rem solid var(--accent); outline-offset: .1rem; }
label { display: block; font-weight: 600; margin: 0 0 .25rem; }
input, select, textarea { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .45rem; padding: .35rem .6rem; max-width: 100%; }
form.filters input, form.filters select { height: 2.4rem; }
input[type="checkbox"], input[type="radio"] { margin: 0 .4rem 0 0; }
textarea { width: 100%; min-height: 6rem; }
.words { white-space: pre-line; }
fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 0 0 .8rem; padding: .6rem .9rem; }
fieldset label { font-weight: 400; }
legend { font-weight: 600; padding: 0 .3rem; }
button, a.button { display: inline-block; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 1px solid var(--accent);
  border-radius: .5rem; padding: .35rem .9rem; text-decoration: none; cursor: pointer; }
button:hover, a.button:hover { filter: brightness(1.08); }
button { white-space: nowrap; }
main { padding-top: .5rem; padding-bottom: 1rem; }
main:focus { outline: none; }
button.quiet { background: transparent; color: var(--accent); }
button.danger { background: var(--no); border-color: var(--no); }
button[hidden] { display: none; }
form.filters { display: flex; flex-wrap: wrap; gap: .6rem .9rem; align-items: end; }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); padding: 0 0 .5rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-size: .85rem; font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .4rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; margin: 0 0 1rem; }
.tiles .card { margin: 0; }
.figure { font-size: 1.7rem; font-weight: 700; line-height: 1.2; font-variant-numeric: tabular-nums; }
.notice { border-left: .25rem solid var(--accent); }
.notice.no { border-left-color: var(--no); }
.notice.doubt { border-left-color: var(--doubt); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; margin: 0 0 .8rem; }
.pages { display: flex; gap: 1rem; margin-top: .8rem; }
.pages { flex-wrap: wrap; }
.pages .export { margin-left: 0; }
.pages .export:first-of-type, .pages a:not(.export) + .export { margin-left: auto; }
.choice ul { margin: 0 0 1rem; }
.choice a { border: 1px solid var(--line); background: var(--card); padding: .2rem .7rem; }
.choice a[aria-current] { border-color: var(--accent); }
.choice a[aria-current]::before { content: "✓ "; }
.halves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 1rem; }
.tiles h2 { font-size: .9rem; font-weight: 600; color: var(--soft); margin: 0; min-height: 2lh; display: flex; align-items: end; }
.tiles p { margin: 0; }
.list { font-size: .9rem; }
.list th[scope="row"] { font-weight: 600; }
.list td a, .list th a { text-decoration-thickness: .06em; }
.list time, td time, td .badge, .whole { white-space: nowrap; }
.list th .soft, .list th a ~ a { font-weight: 400; }
.list .badge { white-space: nowrap; }
form.filters { margin: 0 0 1rem; }
form.filters input, form.filters select { width: 12rem; }
form.stack > div { margin: 0 0 1rem; }
details { margin: 0 0 .8rem; }
dl + details, table + .card { margin-top: .8rem; }
table + h3 { margin-top: 1.2rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
details[open] > summary { margin-bottom: .6rem; }
figure { margin: 0 0 .8rem; }
figcaption { color: var(--soft); font-size: .875rem; }
.chart { display: block; width: 100%; height: 12rem; margin: 0 0 .4rem; }
.chart .open { fill: var(--paper); stroke: var(--accent); stroke-width: 1; vector-effect: non-scaling-stroke; }
.chart .attested { fill: var(--accent); }
.chart .refused { fill: var(--no); }
.chart .line { fill: var(--soft); }
ol.timeline, ul.files, ul.plain { list-style: none; margin: 0; padding: 0; }
.timeline > li { border-left: .16rem solid var(--line); padding: 0 0 1rem 1rem; position: relative; }
.timeline > li::before { content: ""; position: absolute; left: -.45rem; top: .3rem; width: .75rem; height: .75rem; border-radius: 50%; background: var(--card); border: .16rem solid var(--accent); }
.timeline h3 { font-size: 1.02rem; }
.timeline h3 .soft { font-weight: 400; font-size: .875rem; margin-left: .5rem; }
.files > li { padding: .5rem 0; border-top: 1px solid var(--line); }
.files > li:first-child { border-top: 0; padding-top: 0; }
.files p { margin: .1rem 0 .3rem; font-size: .9rem; }
.files details { margin: 0; font-size: .9rem; }
.provenance { border-left: .2rem solid var(--yes); padding: .2rem 0 .2rem 1rem; margin: .4rem 0; }
.axis { display: flex; justify-content: space-between; gap: 1rem; margin: .2rem 0 .4rem; color: var(--soft); font-size: .8rem; }
td strong { color: var(--doubt); }
code.digest { white-space: nowrap; }
thead th, td.number, td strong, table:not(.list) th[scope="row"], code.word, span.word { overflow-wrap: normal; }
.pages a { color: var(--accent); text-decoration: underline; padding-left: 0; }
body > footer { color: var(--soft); font-size: .875rem; padding-top: .4rem; padding-bottom: 2rem; }
/* as wide as the widest table, whose words stay whole */
@media (max-width: 64rem) {
  .list, .list tbody, .list tr, .list caption { display: block; }
  .list thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .list tr { border-top: 1px solid var(--line); padding: .6rem 0; }
  .list tr:first-child { border-top: 0; }
  .list th[scope="row"], .list td { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: 0 .8rem; border: 0; padding: .12rem 0; text-align: left; }
  .list td.number { text-align: left; }
  .list tbody [data-name]::before { content: attr(data-name); color: var(--soft); font-weight: 400; }
}
@media (max-width: 44rem) {
  .who { margin-left: 0; width: 100%; justify-content: space-between; }
  body > header, main, body > footer { padding-left: .9rem; padding-right: .9rem; }
  section, .card { padding: .9rem; }
  h1 { font-size: 1.3rem; }
  .pair { grid-template-columns: 1fr; }
  form.filters > div, form.filters input, form.filters select { width: 100%; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .6rem; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #999; --code: #fff; --accent: #000; }
  nav, .who form, .actions { display: none; }
  pre { white-space: pre-wrap; }
}
`
