/** The one style sheet of the pages for people: a phone, a dark room and paper all have to do. */
export const STYLE = `
:root {
  --paper: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #5a6675; --line: #dfe3e8; --code: #f0f2f5;
  --no: #b3261e; --no-soft: #fdecea; --yes: #17703f; --accent: #2757c9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10151c; --card: #181f29; --ink: #e6eaf0; --soft: #9aa7b6; --line: #2b3542; --code: #10161e;
    --no: #ff8a80; --no-soft: #3a1d1c; --yes: #63d39b; --accent: #8fb0ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
main, header, footer { max-width: 54rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; padding-bottom: 1rem; display: flex; align-items: center; gap: .6rem; }
header .mark { width: 1.5rem; height: 1.5rem; border-radius: .75rem .75rem .15rem .15rem; border: .16rem solid var(--accent); background:
  repeating-linear-gradient(90deg, transparent 0 .2rem, var(--accent) .2rem .34rem),
  repeating-linear-gradient(0deg, transparent 0 .26rem, var(--accent) .26rem .38rem); }
header b { letter-spacing: .01em; }
header span { color: var(--soft); margin-left: auto; font-size: .9rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem 1.4rem; margin: 0 0 1rem; }
section.verdict { border-top: .3rem solid var(--no); }
section.fine { border-top: .3rem solid var(--accent); }
section.waits { border-top: .3rem solid var(--line); }
h1 { font-size: 1.55rem; line-height: 1.25; margin: .35rem 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.02rem; margin: 0 0 .8rem; }
p { margin: 0 0 .8rem; }
p:last-child { margin-bottom: 0; }
.badge { display: inline-block; background: var(--no-soft); color: var(--no); font-weight: 650; font-size: .82rem;
  padding: .12rem .6rem; border-radius: 1rem; }
section.fine .badge { background: var(--code); color: var(--yes); }
section.waits .badge { background: var(--code); color: var(--soft); }
.lead { font-size: 1.08rem; }
.file code { font-size: 1rem; padding: .2rem .5rem; }
.soft { color: var(--soft); }
code, pre { font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { background: var(--code); border-radius: .3rem; padding: .1rem .35rem; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: 0 0 .8rem;
  overflow-x: auto; white-space: pre; overflow-wrap: normal; }
pre:last-child { margin-bottom: 0; }
a { color: var(--accent); }
a.button, button { display: inline-block; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0;
  border-radius: .5rem; padding: .4rem .95rem; text-decoration: none; cursor: pointer; }
a.button:hover, button:hover { filter: brightness(1.08); }
button[hidden] { display: none; }
button + a { margin-left: .6rem; }
label { display: block; font-weight: 600; margin: 0 0 .25rem; }
input, textarea { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .45rem;
  padding: .35rem .6rem; width: 100%; }
textarea { min-height: 5rem; }
.words { white-space: pre-line; }
.pick { user-select: all; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; margin: 0 0 .8rem; }
.pair div { border: 1px solid var(--line); border-left: .25rem solid var(--yes); border-radius: .5rem; padding: .6rem .9rem; }
.pair div + div { border-left-color: var(--no); }
.pair p, .steps small { display: block; font-size: .78rem; font-weight: 600; color: var(--soft); margin: 0 0 .15rem; }
ol.steps { list-style: none; margin: 0; padding: 0; }
.steps li { display: grid; grid-template-columns: 1.6rem 1fr; padding: .5rem 0; border-top: 1px solid var(--line); }
.steps li:first-child { border-top: 0; padding-top: 0; }
.steps li:last-child { padding-bottom: 0; }
.steps i { font-style: normal; font-weight: 700; }
.steps .pass i { color: var(--yes); } .steps .fail i { color: var(--no); } .steps .skip { color: var(--soft); }
.steps small { font-weight: 400; font-size: .875rem; margin: .1rem 0 0; }
.steps small { display: flex; }
.steps small span { flex: none; width: 4.6rem; }
.steps small span:empty { display: none; }
.steps .fail b { color: var(--no); }
.steps b { font-weight: 500; }
.steps .fail b { font-weight: 650; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .45rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
footer { color: var(--soft); font-size: .875rem; padding-top: .4rem; padding-bottom: 2rem; }
@media (max-width: 34rem) {
  main, header, footer { padding-left: .9rem; padding-right: .9rem; }
  section { padding: 1rem; }
  h1 { font-size: 1.3rem; }
  .pair { grid-template-columns: 1fr; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .6rem; }
  header span { display: none; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #999; --code: #fff; --no: #000; --no-soft: #fff; --yes: #000; --accent: #000; }
  body { font-size: 11pt; }
  section { break-inside: avoid; border-radius: 0; }
  pre { white-space: pre-wrap; }
  .screen { display: none; }
}
`
