import t from 'tap'
import type { FilePath } from '../../../src/domain/packaging/artifact.ts'
import { atOnce } from '../../../src/flow/steps.ts'
import { knownPage } from '../../../src/gate/find/known-page.ts'
import type { IndexFile, ProjectIndex } from '../../../src/protocol/simple/project-index.ts'
import { listed } from '../../world/judging/judging.ts'

const FILES = ['pkg-1.0.tar.gz', 'pkg-2.0.tar.gz'].map(name => {
  const { filename, path } = listed(name)
  return { filename: filename.text, path, url: '', hashes: {} } as unknown as IndexFile
})

t.test('a file of a page is found by its path and by its name', async t => {
  const page = atOnce(knownPage({ files: FILES, dropped: [] } as unknown as ProjectIndex, '"tag"'))
  for (const file of FILES) {
    t.equal(page.byPath.get(file.path), file)
    t.equal(page.byFilename.get(file.filename), file)
  }
  t.equal(page.byPath.get('/packages/elsewhere' as FilePath), undefined)
  t.equal(page.etag, '"tag"')
})
