import t from 'tap'
import { atOnce } from '../../../src/flow/steps.ts'
import { looksTheSame, type PageView } from '../../../src/protocol/simple/page-view.ts'
import { PAGE } from './page-of-demo.ts'

const sameAs = (changes: Partial<PageView>): boolean => atOnce(looksTheSame(PAGE, { ...PAGE, ...changes }))

t.test('two views are the same where nobody could tell one from the other', async t => {
  t.ok(sameAs({}))
  t.ok(sameAs({ files: PAGE.files.map(file => ({ ...file })), versions: PAGE.versions && [...PAGE.versions] }))
  t.notOk(sameAs({ files: PAGE.files.slice(1) }))
  t.notOk(sameAs({ versions: ['9.9'] }))
  t.notOk(sameAs({ versions: undefined }))
  for (const change of [{ url: '/elsewhere' }, { yanked: 'Refused by policy' }, { provenance: 'https://else.example' }])
    t.notOk(sameAs({ files: PAGE.files.map(file => ({ ...file, ...change })) }), Object.keys(change).join())
})
