// guards: src/store/sqlite/tables/mirror/holdings-table.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import type { UpstreamUrl } from '../../../src/domain/packaging/artifact.ts'
import { OTHER, PKG } from '../facts.ts'
import { diskSubject, START } from '../stores.ts'
import { heldFile } from '../written.ts'

t.test('what a mirror holds', async t => {
  t.test('is found by project and file name, and outlives a restart', async t => {
    const subject = await diskSubject(t)
    const [first, second] = [heldFile('pkg-1.0.tar.gz'), heldFile('pkg-0.9.tar.gz')]
    await subject.holdings.put([first, second])
    for (const round of [1, 2]) {
      const { holdings } = subject
      t.strictSame(await holdings.projects(), [PKG], `round ${round}`)
      t.strictSame([...(await holdings.of(PKG))].map(({ filename }) => filename.text).sort(), [
        'pkg-0.9.tar.gz',
        'pkg-1.0.tar.gz',
      ])
      t.strictSame(await holdings.of(OTHER), [])
      t.strictSame(await holdings.all(), [second, first], 'by file name')
      await subject.reopen()
    }
  })
  t.test('is replaced by what is put under the same name', async t => {
    const { holdings } = await diskSubject(t)
    await holdings.put([heldFile()])
    await holdings.put([heldFile('pkg-1.0.tar.gz', { size: 7 })])
    t.strictSame(
      (await holdings.all()).map(({ size }) => size),
      [7],
    )
  })
  t.test('is kept apart by source, and gives way to the same bytes that say theirs', async t => {
    const { holdings } = await diskSubject(t)
    const [acme, pypi] = ['acme', 'pypi'].map(name => name as SourceName)
    const sources = async () => (await holdings.of(PKG)).map(({ source }) => source)
    await holdings.put([heldFile()])
    await holdings.put([heldFile('pkg-1.0.tar.gz', { source: acme })])
    t.strictSame(await sources(), [acme], 'nobody wrote it down before')
    await holdings.put([heldFile()])
    t.strictSame(await sources(), [acme], 'nor takes it back')
    await holdings.put([heldFile('pkg-1.0.tar.gz', { source: pypi, sha256: sha256Of('other') })])
    t.strictSame(await sources(), [acme, pypi])
    await holdings.put([heldFile('pkg-1.0.tar.gz', { sha256: sha256Of('third') })])
    t.strictSame(await sources(), [undefined, acme, pypi], 'other bytes are another file')
  })
  t.test('stays where another source brings the same bytes from elsewhere', async t => {
    const { holdings } = await diskSubject(t)
    const source = 'acme' as SourceName
    const url = 'https://acme.example/pkg-1.0.tar.gz' as UpstreamUrl
    const nameless = heldFile()
    for (const files of [[nameless], [heldFile('pkg-1.0.tar.gz', { source, url })], [nameless]])
      await holdings.put(files)
    t.strictSame(
      (await holdings.all()).map(file => file.source),
      [undefined, source],
    )
  })
  t.test('that comes from its source again has stood behind all that it ever stood behind', async t => {
    const { holdings } = await diskSubject(t)
    const [acme, pypi, torch] = ['acme', 'pypi', 'torch'].map(name => name as SourceName)
    if (acme === undefined || torch === undefined) return
    const put = async (behind?: readonly SourceName[], sha256 = sha256Of('one')) => {
      await holdings.put([heldFile('pkg-1.0.tar.gz', { source: pypi, sha256, behind })])
      return (await holdings.all()).map(file => file.behind)
    }
    t.strictSame(await put([torch]), [[torch]])
    t.strictSame(await put([acme]), [[acme, torch]])
    t.strictSame(await put([]), [[acme, torch]])
    t.strictSame(await put([], sha256Of('other')), [[]], 'of other bytes nothing is known')
    t.strictSame(await put(), [undefined])
  })
  t.test('is put whole or not at all, with its import', async t => {
    const { holdings } = await diskSubject(t)
    const broken = { ...heldFile('pkg-2.0.tar.gz'), sha256: null as never }
    const imported = { sequence: 1, manifest: sha256Of('manifest'), signer: 'key', at: START }
    await t.rejects(holdings.put([heldFile(), broken], imported))
    t.strictSame(await holdings.all(), [])
    t.strictSame(await holdings.imports('key'), [])
  })
  t.test('imports of a signer and exports are told apart, the latest last', async t => {
    const { holdings } = await diskSubject(t)
    const [one, two] = [1, 2].map(sequence => ({ sequence, manifest: sha256Of(`manifest ${sequence}`) }))
    if (one === undefined || two === undefined) return
    await holdings.put([], { ...two, signer: 'key', at: instant(START + 1) })
    await holdings.put([], { ...one, signer: 'key', at: START })
    await holdings.exported(one)
    t.strictSame(await holdings.imports('key'), [one, two])
    t.strictSame(await holdings.imports('other'), [])
    t.strictSame(await holdings.exports(), [one])
  })
})
