import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import {
  documentsOf,
  type MirrorManifest,
  readManifest,
  renderManifest,
  renderSums,
} from '../../../src/protocol/carry/mirror-manifest.ts'
import { held } from './held-files.ts'

const [WHEEL, SDIST] = [held('pkg-1.0-py3-none-any.whl'), held('pkg-1.0.tar.gz')]
const document = (name: string) => ({ name, sha256: sha256Of(name), size: 7 })
const blob = ({ sha256, size }: typeof WHEEL) => ({ sha256, size })
const part = (name: string, ...files: readonly (typeof WHEEL)[]) => ({ ...document(name), blobs: files.map(blob) })
const GOOD: MirrorManifest = {
  tool: 'portcullis test',
  sequence: 2,
  parent: sha256Of('the one before'),
  policy: { digest: 'a', files: [document('policy/01-acme.yaml')] },
  trust: { digest: 'b', source: 'tuf', file: document('trust/trusted_root.json') },
  verdicts: document('verdicts.ndjson'),
  files: [WHEEL, SDIST],
  parts: [part('part-0001.tar.zst', WHEEL, SDIST)],
}

t.test('a manifest is read back as it was written', async t => {
  for (const manifest of [GOOD, { ...GOOD, parent: undefined }]) {
    const bytes = renderManifest(manifest)
    t.match(readManifest(bytes), manifest)
    t.same(renderManifest(readManifest(bytes)), bytes)
  }
})

t.test('the same holdings make the same bytes, in whatever order they come', async t =>
  t.same(renderManifest({ ...GOOD, files: [SDIST, WHEEL] }), renderManifest(GOOD)),
)

t.test('what contradicts itself is refused', async t => {
  const [only] = GOOD.parts
  const wrong: readonly (readonly [what: string, changes: Partial<MirrorManifest>, code: string])[] = [
    ['a file that stands twice', { files: [WHEEL, WHEEL, SDIST] }, 'manifest-invalid'],
    ['a blob that is carried twice', { parts: [part('part-0001.tar.zst', WHEEL, WHEEL)] }, 'manifest-invalid'],
    [
      'a part that stands twice',
      { parts: only === undefined ? [] : [only, { ...only, blobs: [] }] },
      'manifest-invalid',
    ],
    [
      'bytes of another length than the file',
      { parts: [part('part-0001.tar.zst', { ...WHEEL, size: 1 })] },
      'manifest-invalid',
    ],
    ['a blob that no file needs', { files: [SDIST] }, 'blob-unexpected'],
    ['a name that leads elsewhere', { policy: { digest: 'a', files: [document('policy/../x')] } }, 'manifest-invalid'],
    ['an export before the first', { sequence: 0 }, 'manifest-invalid'],
  ]
  for (const [what, changes, code] of wrong)
    t.throws(() => readManifest(renderManifest({ ...GOOD, ...changes })), { name: 'ImportRefusal', code }, what)
  for (const text of ['', '{}', '[]', '{"format":"portcullis-mirror/2"}'])
    t.throws(() => readManifest(Buffer.from(text)), { code: 'manifest-invalid' }, text)
})

t.test('files that stand out of order are refused', async t => {
  const read = JSON.parse(renderManifest(GOOD).toString('utf8'))
  const turned = { ...read, files: read.files.toReversed() }
  t.throws(() => readManifest(Buffer.from(JSON.stringify(turned))), {
    code: 'manifest-invalid',
    detail: /out of order/,
  })
})

t.test('the sums are of everything in the folder, as sha256sum reads them', async t => {
  const sums = renderSums(documentsOf(GOOD))
  t.equal(sums.split('\n').length, 5)
  t.match(sums, /^[0-9a-f]{64} {2}part-0001\.tar\.zst\n[0-9a-f]{64} {2}policy\/01-acme\.yaml\n/)
  t.match(sums, `${sha256Of('verdicts.ndjson')}  verdicts.ndjson\n`)
})
