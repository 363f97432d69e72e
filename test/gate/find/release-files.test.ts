import t from 'tap'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { createReleaseFiles } from '../../../src/gate/find/release-files.ts'

const demo = parseProjectName('demo')

t.test('a release is the files whose version is equal, however it is spelled', async t => {
  const names = ['demo-1.0.tar.gz', 'demo-1.0.0-py3-none-any.whl', 'demo-1.0.1.tar.gz', 'demo-1.0.exe']
  const files = names.map(filename => ({ filename, dist: parseDistFilename(filename, demo) }))
  type Options = Parameters<typeof createReleaseFiles>[0]
  const release = createReleaseFiles({
    indexes: { current: async () => ({ index: { files } }) as unknown as ReturnType<Options['indexes']['current']> },
    sound: { artifact: async (_, { dist }) => ({ filename: dist }) as unknown as Artifact },
  })
  const version = parseVersion('1.0')
  if (version === undefined) throw new TypeError('a version')
  const found = await release(demo, version)
  t.strictSame(
    found.map(one => ('kind' in one ? one.file.filename : one.filename.text)),
    names.slice(0, 2),
  )
})
