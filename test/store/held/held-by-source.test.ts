import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import type { HeldFile } from '../../../src/domain/packaging/held-file.ts'
import { heldOfSource, heldUndivided } from '../../../src/store/held/held-by-source.ts'
import { OTHER, PKG } from '../facts.ts'
import { heldFile } from '../written.ts'

const [ACME, PYPI] = ['acme' as SourceName, 'pypi' as SourceName]

function holding(...files: readonly HeldFile[]) {
  return {
    of: async (project: HeldFile['project']) => files.filter(file => file.project === project),
    projects: async () => [...new Set(files.map(({ project }) => project))],
  }
}

t.test('a source has its own files and projects, and nobody else’s', async t => {
  const held = holding(
    heldFile('pkg-1.0.tar.gz', { source: PYPI }),
    heldFile('pkg-1.0.tar.gz', { source: ACME, sha256: sha256Of('another') }),
    heldFile('pkg-0.9.tar.gz'),
    heldFile('pkg-0.8.tar.gz', { project: OTHER, source: ACME }),
  )
  const of = (name: SourceName) => heldOfSource(held, { name, holderOf: ({ source }) => source ?? PYPI })
  const names = async (name: SourceName) => (await of(name).of(PKG)).map(({ filename }) => filename.text)
  t.strictSame(await names(PYPI), ['pkg-1.0.tar.gz', 'pkg-0.9.tar.gz'])
  t.strictSame(await names(ACME), ['pkg-1.0.tar.gz'])
  t.match(await of(ACME).of(PKG), [{ sha256: sha256Of('another') }])
  t.strictSame(await of(PYPI).projects(), [PKG])
  t.strictSame(await of(ACME).projects(), [PKG, OTHER])
})

t.test('of two files of one name the one counts that says its source', async t => {
  for (const files of [[{ source: PYPI }, {}] as const, [{}, { source: PYPI }] as const]) {
    const held = holding(...files.map((its, at) => heldFile('pkg-1.0.tar.gz', { ...its, size: at })))
    const own = heldOfSource(held, { name: PYPI, holderOf: () => PYPI })
    t.match(await own.of(PKG), [{ source: PYPI }])
    t.equal((await heldUndivided(held).of(PKG)).length, 1)
  }
})

t.test(
  'where no sources are told apart, a name that two of them brought is unknown, and the others are not',
  async t => {
    const held = holding(
      heldFile('pkg-1.0.tar.gz', { source: PYPI }),
      heldFile('pkg-2.0.tar.gz', { source: ACME }),
      heldFile('pkg-0.8.tar.gz', { project: OTHER, source: ACME }),
    )
    const all = heldUndivided(held)
    await t.rejects(all.of(PKG), { code: 'unknown-store', detail: /^pkg is held of acme and of pypi: / })
    t.equal((await all.of(OTHER)).length, 1)
  },
)
