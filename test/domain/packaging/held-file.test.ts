import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { blobsOf, compareHeld, type HeldFile } from '../../../src/domain/packaging/held-file.ts'
import { listed } from '../../world/judging/judging.ts'

function held(filename: string, changes: Partial<HeldFile> = {}): HeldFile {
  const { project, filename: dist, sha256, path, url } = listed(filename)
  return {
    project,
    filename: dist,
    sha256,
    size: 1,
    path,
    url,
    requiresPython: undefined,
    uploadTime: undefined,
    yanked: false,
    status: 'active',
    coreMetadata: undefined,
    provenance: undefined,
    said: 'unsaid',
    ...changes,
  }
}

t.test('a file needs itself, and the documents beside it where there are any', async t => {
  const file = held('pkg-1.0.tar.gz')
  t.strictSame(blobsOf(file), [file.sha256])
  const [coreMetadata, provenance] = [sha256Of('METADATA'), sha256Of('provenance')]
  t.strictSame(blobsOf({ ...file, coreMetadata, provenance }), [file.sha256, coreMetadata, provenance])
})

t.test('files stand in an order that is the same on every machine', async t => {
  const names = ['b-1.0.tar.gz', 'a-2.0.tar.gz', 'a-10.0.tar.gz', 'a_b-1.0.tar.gz']
  t.strictSame(
    names
      .map(name => held(name))
      .sort(compareHeld)
      .map(({ filename }) => filename.text),
    ['a-10.0.tar.gz', 'a-2.0.tar.gz', 'a_b-1.0.tar.gz', 'b-1.0.tar.gz'],
  )
  t.equal(compareHeld(held('a-1.0.tar.gz'), held('a-1.0.tar.gz', { size: 2 })), 0)
})
