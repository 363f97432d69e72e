import t from 'tap'
import { instant } from '../../../../../src/domain/base/instant.ts'
import { type Claims, optionalClaims } from '../../../../../src/domain/identity/claims.ts'
import { verdictChart } from '../../../../../src/http/console/pages/parts/chart.ts'
import { allRows, each, exportOf, formatIn } from '../../../../../src/http/console/pages/parts/export.ts'
import {
  choiceIn,
  cursorIn,
  filterForm,
  momentIn,
  turnPages,
  valueIn,
  wordIn,
} from '../../../../../src/http/console/pages/parts/filters.ts'
import {
  addressOf,
  httpsUrl,
  journalPath,
  NONE,
  outward,
  projectPath,
} from '../../../../../src/http/console/pages/parts/links.ts'
import { compareSigners } from '../../../../../src/http/console/pages/parts/provenance-card.ts'
import { count, isNeverWaived, share, until, whom } from '../../../../../src/http/console/pages/parts/table.ts'

const query = (text: string) => new URLSearchParams(text)

t.test('an empty field of a form asks for nothing, and rows that have none are asked for by a word', async t => {
  t.equal(wordIn(query('rule=++'), 'rule'), undefined)
  t.equal(valueIn(query('rule='), 'rule'), undefined)
  t.equal(valueIn(query(`rule=${encodeURIComponent(NONE)}`), 'rule'), '')
  t.equal(journalPath({ rule: '', project: 'a b' }), '/journal?rule=%28none%29&project=a+b')
  t.throws(() => wordIn(query(`rule=${'x'.repeat(513)}`), 'rule'), { code: 'bad-request' })
})

t.test('a day begins at midnight UTC, and one that no month has is none', async t => {
  t.equal(momentIn(query('since=2027-01-31'), 'since'), Date.UTC(2027, 0, 31))
  t.equal(momentIn(query('since=2027-01-31T10:00:00Z'), 'since'), Date.UTC(2027, 0, 31, 10))
  for (const wrong of ['2027-02-30', '2027', 'yesterday', '2027-01-31T10:00'])
    t.throws(() => momentIn(query(`since=${wrong}`), 'since'), { code: 'bad-request' }, wrong)
  t.throws(() => choiceIn(query('outcome=x'), 'outcome', ['a', 'b']), { code: 'bad-request', detail: /a, b/ })
})

t.test(
  'pages lead to the next and back with the same filter, and the list begins anew where the filter changes',
  async t => {
    const first = turnPages({ path: '/journal', query: query('project=demo'), next: 'c1' }).text
    t.match(first, 'rel="next" href="/journal?project=demo&amp;cursor=c1&amp;back="')
    t.notMatch(first, 'rel="prev"')
    const second = turnPages({ path: '/journal', query: query('project=demo&cursor=c1&back='), next: 'c2' }).text
    t.match(second, 'rel="prev" href="/journal?project=demo"')
    t.match(second, 'href="/journal?project=demo&amp;cursor=c2&amp;back=&amp;back=c1"')
    const third = turnPages({
      path: '/journal',
      query: query('project=demo&cursor=c2&back=&back=c1'),
      next: undefined,
    }).text
    t.match(third, 'rel="prev" href="/journal?project=demo&amp;cursor=c1&amp;back="')
    t.notMatch(third, 'rel="next"')
    t.match(third, 'href="/journal?project=demo&amp;format=csv"', 'what is exported is the whole list')
    t.equal(cursorIn(query('cursor=')), undefined)
    t.notMatch(
      filterForm('/journal', [{ name: 'project', label: 'Project' }], query('project=demo&cursor=c2')).text,
      'c2',
    )
  },
)

t.test('nothing leads out of the console but https to the host that is meant', async t => {
  for (const wrong of [
    'http://github.com/acme',
    'javascript:alert(1)',
    'https://user@github.com/acme',
    'https://github.com:444/acme',
    ' https://github.com/acme',
    'https://',
    undefined,
  ])
    t.equal(httpsUrl(wrong), undefined, wrong ?? 'nothing')
  t.equal(outward('text', 'https://evil.example/acme', 'github.com').text, 'text')
  t.equal(
    outward('a<b', 'https://github.com/acme', 'github.com').text,
    '<a href="https://github.com/acme" rel="noreferrer noopener">a&lt;b</a>',
  )
  t.equal(projectPath('../<x>', 'a&b'), '/projects/..%2F%3Cx%3E?index=a%26b')
  t.equal(addressOf('/x', { a: undefined, b: '', c: 0 }), '/x?c=0')
})

t.test('a share is never all or nothing where it is not', async t => {
  t.strictSame(
    [share(0, 0), share(999, 1000), share(1, 1000), share(1, 2), share(5, 5)],
    ['–', '99 %', '1 %', '50 %', '100 %'],
  )
  t.equal(count(1234567), '1,234,567')
})

async function textOf(format: 'csv' | 'json', rows: readonly { readonly name: string; readonly times: number }[]) {
  const answer = exportOf(format, { name: 'x', columns: ['name', 'times'], rows: each(rows), tell: row => row })
  let text = ''
  for await (const piece of answer.body as AsyncIterable<string>) text += piece
  return text
}

t.test('an export has every row, and nothing that a spreadsheet would calculate', async t => {
  const rows = [
    { name: '=1+1', times: -2 },
    { name: 'a,"b"\n', times: 3 },
  ]
  t.equal(await textOf('csv', rows), `name,times\r\n'=1+1,-2\r\n"a,""b""\n",3\r\n`)
  t.strictSame(JSON.parse(await textOf('json', rows)), rows)
  t.strictSame(JSON.parse(await textOf('json', [])), [])
  t.equal(
    JSON.parse(
      await textOf(
        'json',
        Array.from({ length: 5000 }, (_, times) => ({ name: 'n', times })),
      ),
    ).length,
    5000,
  )
  t.throws(() => formatIn(query('format=xml')), { code: 'bad-request' })
})

t.test('a list is read page by page, one in memory at a time', async t => {
  const asked: (string | undefined)[] = []
  const rows: number[] = []
  for await (const row of allRows(async ({ cursor, limit }) => {
    asked.push(cursor)
    t.ok(limit <= 500)
    const at = Number(cursor ?? 0)
    return { rows: [instant(at)], next: at < 2 ? String(at + 1) : undefined }
  }))
    rows.push(row)
  t.strictSame(rows, [0, 1, 2])
  t.strictSame(asked, [undefined, '1', '2'])
})

t.test('a form of several fields is folded until one of them is used', async t => {
  const fields = [
    { name: 'project', label: 'Project' },
    { name: 'code', label: 'Code' },
  ]
  t.match(filterForm('/refusals', fields, query('cursor=c2&code=')).text, /^<details><summary>Filter<\/summary>/)
  t.match(filterForm('/refusals', fields, query('code=unattested')).text, /^<details open>/)
  t.notMatch(filterForm('/projects', fields.slice(1), query('')).text, '<details')
})

t.test('a line ends within an address where people would end it', async t => {
  t.equal(whom('user:cyd@acme.example').text, '<span class="word">user:<wbr>cyd@<wbr>acme.example</span>')
  t.match(whom(`token:${'x'.repeat(40)}`).text, 'class="long"')
})

t.test('what ends with a day is said by it, and days of a chart are days', async t => {
  t.match(until(instant(Date.UTC(2027, 1, 28))).text, />2027-02-27<\/time> \(UTC\)/)
  t.match(until(instant(Date.UTC(2027, 1, 28, 9))).text, '2027-02-28 09:00 UTC')
  const DAY = 86_400_000
  const sum = (from: number, long: number) => ({
    from: instant(from),
    until: instant(from + long),
    admitted: 1,
    attested: 0,
    watched: 0,
    refused: 0,
  })
  const first = Date.UTC(2027, 0, 1)
  t.match(verdictChart([sum(first, DAY), sum(first + DAY, DAY)]).text, '<span><time>2027-01-02</time></span></p>')
  t.match(verdictChart([sum(first, DAY / 24)]).text, '2027-01-01 00:00 UTC</time></span></p>')
})

t.test('one signer is compared with nobody, and says once what is said twice', async t => {
  const claims = (workflow: string): Claims => ({
    ...optionalClaims(() => undefined),
    san: { kind: 'uri', value: 'https://h.example/w' } as const,
    issuer: 'https://i.example',
    buildConfigUri: workflow,
  })
  const one = compareSigners([{ name: 'First', claims: claims('https://h.example/w') }]).text
  t.notMatch(one, 'Compared')
  t.notMatch(one, 'Workflow')
  const other = { name: 'Then', claims: claims('https://h.example/other') }
  const two = compareSigners([{ name: 'First', claims: claims('https://h.example/w') }, other]).text
  t.match(two, /Workflow[\s\S]*differs/)
})

t.test('there is nothing to ask for where nothing is ever waived, watched or refused', async t => {
  for (const code of ['digest-mismatch', 'revoked', 'audit:rule-denies']) t.ok(isNeverWaived(code), code)
  for (const code of ['unattested', 'no-rule', 'audit:too-new', 'constructor', '']) t.notOk(isNeverWaived(code), code)
})
