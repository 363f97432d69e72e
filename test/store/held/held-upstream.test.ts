import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { HeldFile } from '../../../src/domain/packaging/held-file.ts'
import { atOnce } from '../../../src/flow/steps.ts'
import { renderLegacyJson } from '../../../src/protocol/legacy/render-legacy.ts'
import { createHeldUpstream } from '../../../src/store/held/held-upstream.ts'
import { createMemoryBlobs } from '../../../src/store/memory-blobs.ts'
import { OTHER, PKG } from '../facts.ts'
import { heldFile } from '../written.ts'

const [METADATA, PROVENANCE] = [
  Buffer.from('Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\nSummary: what is held\n'),
  Buffer.from('{"version":1}'),
]
const WHEEL = heldFile('pkg-1.0-py3-none-any.whl', {
  coreMetadata: sha256Of(METADATA),
  provenance: sha256Of(PROVENANCE),
  said: 'offered',
})
const FILES = [heldFile('pkg-1.0.tar.gz'), WHEEL, heldFile('pkg-2.0rc1.tar.gz')]

async function upstreamOver(files: readonly HeldFile[], ...documents: readonly Buffer[]) {
  const blobs = createMemoryBlobs({ emit() {} })
  for (const bytes of documents) {
    const writer = await blobs.writer(sha256Of(bytes))
    await writer.write(bytes)
    await writer.commit()
  }
  const own = files.filter(({ project }) => project === PKG)
  const holdings = {
    of: async (project: HeldFile['project']) => (project === PKG ? own : []),
    file: async (_project: HeldFile['project'], filename: string) =>
      own.find(({ filename: { text } }) => text === filename),
  }
  return createHeldUpstream(holdings, blobs)
}

t.test('a page lists what is held of a project, and nothing of one of which nothing is', async t => {
  const { index } = await upstreamOver(FILES)
  const page = await index.project(PKG)
  if (page.kind !== 'page') throw new TypeError(page.kind)
  t.strictSame(
    page.index.files.map(({ filename }) => filename),
    FILES.map(({ filename }) => filename.text),
  )
  t.strictSame(page.index.versions, ['1.0', '2.0rc1'])
  t.strictSame(await index.project(OTHER), { kind: 'absent' })
})

t.test('what was offered outside does not become "there is none" where it was not carried', async t => {
  const { index } = await upstreamOver([heldFile('pkg-1.0.tar.gz', { said: 'offered' }), heldFile('pkg-2.0.tar.gz')])
  const page = await index.project(PKG)
  t.match(page, { index: { files: [{ provenance: 'offered' }, { provenance: 'none' }] } })
})

t.test('the JSON API shows the newest release that an installer would choose, with what METADATA says', async t => {
  const { index } = await upstreamOver(FILES, METADATA)
  const document = async (version?: string) => {
    const answer = await index.legacy(PKG, version)
    if (answer.kind === 'absent') throw new Error('there is none')
    return JSON.parse(
      atOnce(renderLegacyJson(answer.json, { keep: () => true, claims: 'as listed', urlOf: () => 'url' })).toString(),
    )
  }
  t.match(await document(), { info: { version: '1.0', summary: 'what is held' }, urls: { length: 2 } })
  t.match(await document('2.0rc1'), { info: { version: '2.0rc1' } })
  t.strictSame(await index.legacy(PKG, '3.0'), { kind: 'absent' })
})

t.test('provenance is the bytes that were carried', async t => {
  const { integrity } = await upstreamOver(FILES, PROVENANCE)
  t.match(await integrity.provenance(PKG, WHEEL.filename), { kind: 'provenance', bytes: PROVENANCE })
  const [sdist] = FILES
  t.strictSame(sdist && (await integrity.provenance(PKG, sdist.filename)), { kind: 'absent' })
})

t.test('bytes that are listed and gone are "cannot tell", never absent', async t => {
  const { integrity, origin } = await upstreamOver(FILES)
  const artifact = { filename: WHEEL.filename } as Parameters<typeof origin.file>[0]
  for (const asked of [
    () => integrity.provenance(PKG, WHEEL.filename),
    () => origin.file(artifact, new AbortController().signal),
    () => origin.metadata(artifact, async () => {}),
  ])
    await t.rejects(async () => void (await asked()), { code: 'unknown-store', detail: /mirror verify/ })
})
