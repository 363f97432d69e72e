// guards: src/store/sqlite/tables/holdings-table.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
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
      t.strictSame(await holdings.file(PKG, 'pkg-1.0.tar.gz'), first)
      t.equal(await holdings.file(PKG, 'pkg-2.0.tar.gz'), undefined)
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
