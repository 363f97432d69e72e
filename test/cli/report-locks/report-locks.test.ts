// guards: src/cli/report-locks/tell-changes.ts src/cli/report-locks/tell-releases.ts

import t from 'tap'
import { renderHtml } from '../../../src/cli/report-locks/html.ts'
import { renderJson } from '../../../src/cli/report-locks/json.ts'
import { renderMarkdown } from '../../../src/cli/report-locks/markdown.ts'
import { type Reported, tell } from '../../../src/cli/report-locks/tell.ts'
import { renderText } from '../../../src/cli/report-locks/text.ts'
import { foreign, type Said } from '../../../src/cli/report-locks/told.ts'
import { age, day, listed, percent } from '../../../src/cli/report-locks/words.ts'
import { createScreen } from '../../../src/cli/terminal/screen.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { BARE, NOW, release, reported, signedBy } from './reports.ts'

function text(report: Reported): string {
  let out = ''
  const output = { out: (it: string) => (out += it), err() {}, colour: { out: false, err: false } }
  renderText(createScreen({ ...output, columns: undefined, progress: false }), tell(report))
  return out
}

const html = (report: Reported) => renderHtml(tell(report), '2026-11-28T12:00:00.000Z')
const ACME = signedBy('acme/demo')

t.test('what matters most stands first', async t => {
  const failed = { kind: 'failed', code: 'digest-mismatch', detail: 'other bytes' } as const
  const unknown = { kind: 'unknown', code: 'unknown-upstream', detail: 'no answer' } as const
  const now = [
    release('a', '1.0'),
    release('b', '2.0', BARE, { attestedBefore: { version: release('b', '1.0').version, uploaded: undefined } }),
    release('demo', '2.0', signedBy('mallory/demo')),
    release('f', '1.0', failed),
    release('u', '1.0', unknown),
    release('y', '1.0', BARE, { yanked: 'broken' }),
  ]
  const before = [release('b', '1.0', ACME), release('demo', '1.0', ACME)]
  const ids = tell(reported(now, before)).sections.map(({ id }) => id)
  const order = ['unknown', 'failed', 'lost', 'changed', 'not-compared', 'lost-earlier', 'yanked', 'signers', 'never']
  t.strictSame(
    ids.filter(id => order.includes(id)),
    order,
  )
  t.match(
    text(reported(now, before)),
    /^6 packages: 1 attested \(16 %\), 3 not attested, 1 with evidence that fails, 1 not determined\nAgainst old\.lock: 2 bumped, 4 new, 0 removed; 2 lost their attestations, 1 has another signer,/,
  )
})

const formats = (report: Reported) =>
  [text(report), renderMarkdown(tell(report)), html(report)].map(out => out.replace(/\s+/g, ' '))

t.test('what is not determined is in no count of what a policy could name', async t => {
  const unknown = { kind: 'unknown', code: 'unknown-upstream', detail: 'no answer' } as const
  const failed = { kind: 'failed', code: 'digest-mismatch', detail: 'other bytes' } as const
  for (const out of formats(reported([release('u', '1.0', unknown)]))) t.notMatch(out, 'A policy could name')
  for (const out of formats(reported([release('u', '1.0', unknown), release('d', '1.0', ACME), release('b', '1.0')])))
    t.match(
      out,
      'who publishes 1 of 2 today (50 %); the others want exemptions that are pinned to their bytes. Not counted in this: 1 not determined.',
    )
  for (const out of formats(reported([release('f', '1.0', failed), release('b', '1.0')])))
    t.match(out, 'who publishes 0 of 2 today (0 %); 1 of the others wants exemptions', 'no exemption helps what fails')
})

t.test('a file that is young by its signature alone is told by that', async t => {
  const old = instant(NOW - 800 * 86_400_000)
  const file = (uploaded: typeof NOW) => ({
    files: release('d', '1.0', { ...ACME, signedAt: NOW } as typeof ACME).files.map(it => ({ ...it, uploaded })),
    released: uploaded,
  })
  for (const out of formats(reported([release('d', '1.0', ACME, file(old))])))
    t.match(out, ', signed 0 d ago (2026-11-28), later than the index says that it came')
  for (const out of formats(reported([release('d', '1.0', ACME, file(NOW))]))) t.match(out, ', 0 d old (2026-11-28)')
})

t.test('an empty lock and one that comes from nowhere are told', async t => {
  t.match(text(reported([])), /^0 packages: 0 attested\n/)
  const asides = [
    { lock: 'uv.lock', line: 3, kind: 'vcs', name: 'tool', why: 'it comes from a repository', fresh: true },
  ] as const
  t.match(
    text(reported([], undefined, { asides })),
    /Not looked at \(1\)\n.*\n {2}tool\n {4}new: it comes from a repository uv\.lock:3/,
  )
})

const EVIL =
  '\u001b[31m</code></details><script>x</script><img src=x onerror=y> ``` @everyone #1 | [a](http://x) \u202e\u0007'

t.test('what is somebody else’s is harmless, whatever it says', async t => {
  const evil = signedBy(EVIL)
  const missing = { kind: 'missing', detail: EVIL } as const
  const failed = { kind: 'failed', code: 'digest-mismatch', detail: EVIL } as const
  const asides = [{ lock: EVIL, line: 3, kind: 'vcs', name: EVIL, why: EVIL, fresh: undefined }] as const
  const report = reported(
    [
      release('demo', '1.0', evil),
      release('m', '1.0', missing),
      release('f', '1.0', failed),
      release('y', '1.0', BARE, { yanked: EVIL }),
    ],
    [release('demo', '0.9', ACME)],
    { asides, locks: [EVIL], against: [EVIL] },
  )
  for (const [format, out] of [
    ['text', text(report)],
    ['markdown', renderMarkdown(tell(report))],
    ['html', html(report)],
    ['json', renderJson(report)],
  ] as const) {
    t.match(out, /onerror/, `${format} says it`)
    t.notMatch(out, /[^\P{C}\n]/u, `${format} has no control character and nothing invisible`)
  }
  t.notMatch(html(report), /<script|<img|<\/details><script/)
  t.equal(html(report).match(/<details/g)?.length, html(report).match(/<\/details>/g)?.length)
  const markdown = renderMarkdown(tell(report))
  const outside = markdown.replaceAll(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, '')
  t.notMatch(outside, /script|everyone|onerror|\[a\]/, 'in Markdown it stands in code alone')
  t.strictSame(JSON.parse(renderJson(report)).not_looked_at[0].name, EVIL, 'JSON has it as it is')
})

t.test('Markdown fits a comment, however much there is to tell', async t => {
  const many = Array.from({ length: 3_000 }, (_, at) =>
    release(`package-${at}`, '1.0', at % 3 === 0 ? signedBy(`${'long'.repeat(20)}/p-${at}`) : BARE),
  )
  const markdown = renderMarkdown(tell(reported(many, [])))
  t.ok(markdown.length < 65_536, `${markdown.length} characters`)
  t.match(markdown, /### 3000 packages: 1000 attested \(33 %\)/)
  t.match(markdown, /and \d+ more/)
  t.equal(markdown.match(/<details>/g)?.length, markdown.match(/<\/details>/g)?.length)
  t.match(
    renderMarkdown(tell(reported([release('a', '1.0')]))),
    /<details><summary>▫️ Never attested \(1\)<\/summary>\n\n/,
  )
})

t.test('many names stand in lines that fit a log', async t => {
  const many = Array.from({ length: 50 }, (_, at) => release(`package-${at}`, '1.0'))
  const lines = text(reported(many))
    .split('\n')
    .filter(line => /^ {2}package-/.test(line))
  t.ok(lines.length > 10 && lines.every(line => line.length < 80))
  t.match(lines.join(' '), /package-48 1\.0 · 16 months, +package-49 1\.0 · 16 months$/)
})

t.test('the page needs nothing but itself', async t => {
  const page = html(reported([release('demo', '1.0', ACME)]))
  t.notMatch(page, /<script|<link|src=|url\(|@import/)
  t.match(page, /default-src 'none'/)
  t.match(page, /prefers-color-scheme: dark/)
})

t.test('JSON has every fact, and null for what is not there', async t => {
  const old = [release('demo', '1.0', ACME)]
  const { summary, releases, changes, form } = JSON.parse(renderJson(reported([release('demo', '2.0', BARE)], old)))
  t.equal(form, 1)
  t.match(summary, { packages: 1, nameable: 0, standings: { attested: 0, unattested: 1 }, signers: [] })
  t.match(releases[0], {
    same_signer: null,
    released: '2025-07-16T12:00:00.000Z',
    files: [{ evidence: 'unattested', signer: null }],
  })
  t.match(changes, { bumped: [{ project: 'demo', from: ['1.0'], to: '2.0' }], lost: [{ last: '1.0' }], changed: [] })
  t.equal(JSON.parse(renderJson(reported([]))).changes, null)
})

t.test('words', async t => {
  const words = (said: readonly Said[]) => said.map(it => (typeof it === 'string' ? it : it.foreign)).join('')
  const from = (days: number) => instant(NOW - days * 86_400_000)
  t.strictSame(
    [3, 100, 1_000].map(days => age(from(days), NOW)),
    ['3 d', '3 months', '2.7 years'],
  )
  t.equal(age(instant(NOW + 1_000), NOW), '0 d')
  t.equal(day(NOW), '2026-11-28')
  t.equal(percent(999, 1_000), ' (99 %)')
  t.equal(words(listed(['a', foreign('b'), 'c'])), 'a, b and c')
  t.equal(words(listed(['a', 'b', 'c', 'd'], 2)), 'a, b and 2 more')
})
