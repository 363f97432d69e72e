import t from 'tap'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { type Artifact, strangerSource } from '../../../src/domain/packaging/artifact.ts'

const [ACME, PYPI] = ['acme', 'pypi'] as SourceName[] as [SourceName, SourceName]

t.test('the source that lists a file is named apart only where the name belongs to another', t => {
  const file = { source: PYPI } as Artifact
  t.equal(strangerSource(file), undefined)
  t.equal(strangerSource({ ...file, belongsTo: ACME }), PYPI)
  t.end()
})
