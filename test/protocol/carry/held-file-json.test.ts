import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { heldFileJson, heldFileSchema } from '../../../src/protocol/carry/held-file-json.ts'
import { held, written } from './held-files.ts'

t.test('a held file is read back as it was written', async t => {
  const full = held(undefined, {
    requires_python: '>=3.9',
    upload_time: '2026-01-01T00:00:00Z',
    yanked: 'broken',
    status: 'archived',
    core_metadata: sha256Of('METADATA'),
    provenance: sha256Of('provenance'),
    said: 'offered',
  })
  for (const file of [held(), full])
    t.strictSame(heldFileSchema.parse(JSON.parse(JSON.stringify(heldFileJson(file)))), file)
})

t.test('a source distribution has no METADATA beside it, whatever is said', async t =>
  t.equal(held('pkg-1.0.tar.gz', { core_metadata: sha256Of('METADATA') }).coreMetadata, undefined),
)

t.test('what is not as strict as an index page is no held file', async t => {
  const wrong: readonly (readonly [what: string, changes: object])[] = [
    ['a file of another project', { project: 'other' }],
    ['a name that is not in normal form', { project: 'Pkg' }],
    ['no distribution', { filename: 'pkg-1.0.egg' }],
    ['a sha256 that is none', { sha256: 'ab' }],
    ['a size below nothing', { size: -1 }],
    ['a URL with credentials', { url: 'https://u:p@files.example/pkg-1.0-py3-none-any.whl' }],
    ['a URL of no file server', { url: 'file:///etc/passwd' }],
    ['a time that is none', { upload_time: 'yesterday' }],
    ['an empty reason to yank', { yanked: '' }],
    ['an unknown status', { status: 'gone' }],
    ['a key more', { admitted: true }],
  ]
  t.ok(heldFileSchema.safeParse(written()).success)
  for (const [what, changes] of wrong) t.notOk(heldFileSchema.safeParse({ ...written(), ...changes }).success, what)
})
