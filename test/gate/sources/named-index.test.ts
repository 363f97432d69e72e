import t from 'tap'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { createNamedIndex } from '../../../src/gate/sources/named-index.ts'
import type { Index } from '../../../src/ports/outward.ts'

const [TOOLS, OTHER] = ['tools', 'other'].map(parseProjectName) as [
  ReturnType<typeof parseProjectName>,
  ReturnType<typeof parseProjectName>,
]
const ACME = 'acme' as SourceName

t.test('a page says whose it is where that is known, and keeps its tag', async t => {
  const plain: Index = {
    project: async (name, known) =>
      known?.etag === '"1"'
        ? { kind: 'unchanged' }
        : { kind: 'page', index: { name, files: [] } as never, etag: '"1"' },
    legacy: async () => ({ kind: 'absent' }),
  }
  const named = createNamedIndex(plain, project => (project === TOOLS ? ACME : undefined))
  t.match(await named.project(TOOLS), { index: { name: TOOLS, source: ACME }, etag: '"1"' })
  t.notMatch(await named.project(OTHER), { index: { source: /./ } })
  t.same(await named.project(TOOLS, { etag: '"1"' }), { kind: 'unchanged' })
  t.equal(named.sourceOf?.(TOOLS), ACME)
})
