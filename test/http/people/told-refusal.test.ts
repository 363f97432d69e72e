import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { html } from '../../../src/http/markup/html.ts'
import { renderToldRefusal } from '../../../src/http/people/explain-page.ts'
import { tellRefusal } from '../../../src/http/people/told-refusal.ts'
import { listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

const POLICY = policyOf('version: 1\nprojects: [{ match: pkg, identity: first-seen }]')
const REFUSED = decide(listed(), UNATTESTED, POLICY, NO_HISTORY, NOW) as Refused

t.test('all that is known of a refusal is told, with what helps', async t =>
  t.match(tellRefusal('abc', 'https://gate.example/x/abc', { refused: REFUSED, at: NOW }), {
    id: 'abc',
    outcome: 'refused',
    code: 'unattested',
    remedy: /\w/,
    filename: 'pkg-1.0.0.tar.gz',
    rule: /projects\[0\] pkg.*policy\.yaml:2/,
    identity: null,
    admit_with: /exemptions:/,
    at: '2026-11-24T12:00:00.000Z',
  }),
)

t.test('the newest version that passes is not named again among the others', async t => {
  const notes = (...versions: readonly string[]) => {
    const refused = { ...REFUSED, notes: ['a mirror', `Other versions that pass: ${versions.join(', ')}.`] }
    const passes = { version: '2.0', filename: 'pkg-2.0.tar.gz' }
    return tellRefusal('abc', '', { refused, at: NOW }, { contact: undefined, passes }).notes
  }
  t.strictSame(notes('2.0', '1.0'), ['a mirror', 'Other versions that pass: 1.0.'])
  t.strictSame(notes('2.0'), ['a mirror'])
  t.strictSame(notes('1.0', '0.9'), ['a mirror', 'Other versions that pass: 1.0, 0.9.'])
})

t.test('whether a file was let through, and when, is told with its refusal', async t => {
  const letThrough = { at: NOW, policyDigest: 'watching' }
  const now = tellRefusal('abc', 'x', { refused: { ...REFUSED, letThrough }, at: NOW })
  t.match(now, { watched: false, let_through: { policy: 'watching' } })
  const refused = /Refused by policy: [\s\S]*<dt>Refused<[\s\S]*<dt>Let through before<[\s\S]*watching/
  t.match(renderToldRefusal(now).text, refused)
  const then = tellRefusal('abc', 'x', { refused: { ...REFUSED, watched: true }, at: NOW })
  t.match(then, { watched: true, let_through: null })
  t.match(renderToldRefusal(then).text, /Let through, and would be refused: [\s\S]*<dt>Let through</)
})

t.test('what is absent is null, and never left out', async t => {
  const poor: Refused = {
    ...REFUSED,
    file: { project: 'pkg', version: undefined, filename: 'x', sha256: undefined },
    rule: undefined,
    admitWith: undefined,
    steps: [{ mark: 'pass', check: 'c' }],
  }
  const told = tellRefusal('abc', '', { refused: poor, at: NOW })
  t.match(told, { version: null, sha256: null, rule: null, admit_with: null, steps: [{ expected: null, found: null }] })
  t.strictSame(JSON.parse(JSON.stringify(told)), told)
})

t.test('the page of a refusal for want of a rule says so once, has the rule itself, and one way to ask', async t => {
  const detail = 'No rule of the policy names pkg, and it denies what it does not name.'
  const refused: Refused = { ...REFUSED, code: 'no-rule', detail, admitWith: 'version: 1' }
  const help = { contact: { name: 'Platform team', url: 'https://t.example/' }, passes: undefined }
  const told = tellRefusal('abc', '', { refused, at: NOW }, help)
  t.match(told.remedy, /The page of the refusal has one/, 'elsewhere it is on another page')
  const alone = renderToldRefusal(told).text
  t.match(alone, 'One stands below, ready to paste.')
  t.notMatch(alone, 'The page of the refusal')
  t.notMatch(alone, 'No rule of the policy names')
  t.match(alone, /<a class="button" [^>]*>Ask Platform team/)
  const beside = renderToldRefusal(told, html`<form></form>`).text
  t.match(beside, /For anything else there is <a [^>]*>Platform team/)
  t.notMatch(beside, 'class="button"')
  const more = tellRefusal('abc', '', { refused: { ...refused, detail: `${detail} And more.` }, at: NOW }, help)
  t.match(renderToldRefusal(more).text, 'And more.', 'what says more is said')
})
