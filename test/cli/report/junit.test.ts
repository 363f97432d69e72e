import t from 'tap'
import { junitOf } from '../../../src/cli/report/junit.ts'
import type { UnjudgedEntry } from '../../../src/cli/report/unjudged.ts'
import { EVERY, REFUSED, surveyed } from './explanations.ts'

const FINDING: UnjudgedEntry = {
  lock: '/src/uv.lock',
  kind: 'url',
  name: 'direct',
  version: undefined,
  why: 'it comes from a URL',
  index: undefined,
  line: 3,
}

t.test('a lock is a suite: what is refused fails, what is not known is an error, what is not judged fails', async t => {
  const xml = junitOf({ surveyed: EVERY.map(it => surveyed(it)), findings: [FINDING] })
  t.match(xml, '<testsuite name="/src/uv.lock" tests="6" failures="3" errors="1">')
  t.match(xml, '<testcase classname="pkg.1.0" name="pkg-1.0-py3-none-any.whl" line="10"/>', 'admitted')
  t.match(xml, /name="pkg-1\.0\.tar\.gz" line="10"><failure type="unattested"/)
  t.match(xml, /name="pkg-1\.1\.tar\.gz" line="10"><system-out>unattested: would be refused/, 'only watched')
  t.match(xml, /<failure type="not-listed" message="it is gone"\/>/)
  t.match(xml, '<testcase classname="not-judged-url" name="direct" line="3"><failure type="not-judged-url"')
})

t.test('every lock is a suite of its own', async t => {
  const xml = junitOf({ surveyed: [surveyed(REFUSED, 'a.lock'), surveyed(REFUSED, 'b.lock')], findings: [] })
  t.strictSame(
    [...xml.matchAll(/<testsuite name="([^"]*)" tests="(\d+)"/g)].map(([, name, tests]) => [name, tests]),
    [
      ['a.lock', '1'],
      ['b.lock', '1'],
    ],
  )
})

t.test('text from outside ends no attribute, and what XML has no room for is gone', async t => {
  const xml = junitOf({ surveyed: [surveyed(REFUSED, 'a"<&>\u0000\n.lock')], findings: [] })
  t.match(xml, 'name="a&quot;&lt;&amp;&gt;\ufffd&#10;.lock"')
  t.match(junitOf({ surveyed: EVERY.map(it => surveyed(it)), findings: [] }), 'message="no answer &lt;from&gt; it"')
})
