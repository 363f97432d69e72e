import t from 'tap'
import { atOnce } from '../../../src/flow/steps.ts'
import { escapeHtml, renderSimpleHtml } from '../../../src/protocol/simple/simple-html.ts'
import { FILE, METADATA, PAGE, WHEEL } from './page-of-demo.ts'

const html = (changes: Partial<typeof PAGE> = {}): string =>
  atOnce(renderSimpleHtml({ ...PAGE, ...changes })).toString('utf8')

t.test('a page has a link for each file, with its digest and all that installers read', async t => {
  const page = html()
  t.match(page, `demo-1.0-py3-none-any.whl#sha256=${WHEEL}"`)
  t.match(page, `data-core-metadata="sha256=${METADATA}"`)
  t.match(page, 'data-requires-python="&gt;=3.9"')
  t.match(page, 'data-provenance="https://gate.example/')
  t.match(page, '<meta name="pypi:repository-version" content="1.4">')
  t.match(page, '<meta name="pypi:project-status" content="archived">')
  t.match(page, '<!--SERIAL 7-->')
})

t.test('text from outside ends no attribute and opens no tag', async t => {
  const page = html()
  t.match(page, 'data-yanked="broken &amp; &quot;old&quot;"')
  t.match(page, 'content="moved &lt;elsewhere&gt;"')
  t.equal(escapeHtml(`<a href='x' title="y">&</a>`), '&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;&lt;/a&gt;')
})

t.test('a file that is yanked without a reason is yanked all the same, one that is not says nothing', async t => {
  t.match(html({ files: [{ ...FILE, yanked: true }] }), 'data-yanked=""')
  t.notMatch(html({ files: [{ ...FILE, yanked: false }] }), 'data-yanked')
})

t.test('an older version says no status and no provenance', async t => {
  const page = html({ minor: 1 })
  t.match(page, 'content="1.1"')
  t.notMatch(page, /project-status|data-provenance/)
})
