import t from 'tap'
import { atOnce } from '../../../src/flow/steps.ts'
import type { PageView } from '../../../src/protocol/simple/page-view.ts'
import { renderSimpleJson } from '../../../src/protocol/simple/simple-json.ts'
import { FILE, METADATA, PAGE, WHEEL } from './page-of-demo.ts'

const read = (view: PageView) => JSON.parse(atOnce(renderSimpleJson(view)).toString('utf8'))

t.test('a page says everything that its version knows', async t =>
  t.match(read(PAGE), {
    meta: { '_last-serial': 7, 'api-version': '1.4' },
    name: 'demo',
    'project-status': { status: 'archived', reason: 'moved <elsewhere>' },
    versions: ['1.0'],
    files: [
      {
        filename: 'demo-1.0-py3-none-any.whl',
        hashes: { sha256: WHEEL },
        'core-metadata': { sha256: METADATA },
        'requires-python': '>=3.9',
        size: 100,
        yanked: 'broken & "old"',
        provenance: /^https:\/\/gate\.example\//,
      },
    ],
  }),
)

t.test('and nothing that an older version does not know', async t => {
  const { files, ...page } = read({ ...PAGE, minor: 0 })
  t.strictSame(Object.keys(page), ['meta', 'name'])
  for (const key of ['provenance', 'size', 'upload-time']) t.notOk(key in files[0], key)
})

t.test('what is not known is left out and never null, over which a client drops the whole page', async t => {
  const file = { ...FILE.file, size: undefined, uploadTime: undefined, coreMetadata: undefined }
  const { files } = read({ ...PAGE, files: [{ ...FILE, file, yanked: false }] })
  for (const key of ['size', 'upload-time']) t.notOk(key in files[0], key)
  t.match(files[0], { yanked: false, 'core-metadata': false })
})
