import t from 'tap'
import { DATES, moment } from '../../../src/http/markup/dates.ts'
import { html, words } from '../../../src/http/markup/html.ts'

t.test('what stands in markup is text, unless it is markup itself', async t => {
  const hostile = `<script>alert("1")</script>'&`
  t.notMatch(html`<p title="${hostile}">${hostile}</p>`.text, /<script|"1"|'&[^#a]/)
  t.equal(html`<ul>${['a', html`<b>b</b>`, 3, undefined, ['<']]}</ul>`.text, '<ul>a<b>b</b>3&lt;</ul>')
})

t.test('backticks are code, whatever stands in them', async t => {
  t.equal(words('see `--help` and <that>').text, 'see <code>--help</code> and &lt;that&gt;')
})

t.test('a moment is read where no script runs, and written for its reader where one does', async t => {
  t.equal(
    moment('2027-01-01T00:00:00.000Z').text,
    '<time datetime="2027-01-01T00:00:00.000Z" title="2027-01-01T00:00:00.000Z">2027-01-01T00:00:00.000Z</time>',
  )
  t.match(DATES, /toLocaleString/)
})
