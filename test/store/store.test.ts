// guards: src/store/disk/folder-lock.ts src/store/memory.ts src/store/open.ts src/store/sqlite/database.ts
// guards: src/store/sqlite/schema.ts src/store/sqlite/sqlite.ts src/store/sqlite/tables/journal-table.ts
// guards: src/store/sqlite/tables/refusals-table.ts src/store/sqlite/tables/refused-codec.ts
// guards: src/store/sqlite/watermark-fact.ts
import t, { type Test } from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import type { Refused } from '../../src/domain/decide/verdict.ts'
import type { Facts } from '../../src/domain/memory/project-memory.ts'
import type { JournalEntry } from '../../src/ports/store.ts'
import { NO_POSTGRES, startCluster } from '../world/engines/postgres.ts'
import { found, PKG, pageOf, proved } from './facts.ts'
import { diskSubject, memorySubject, START, type Subject, sharedSubject } from './stores.ts'
import { ENTRY, REFUSED } from './written.ts'

/** The contract of {@link Store}, as ports/store.ts has it in words. */
function storeConformance(t: Test, name: string, open: (t: Test) => Promise<Subject>): void {
  t.test(`the journal of a ${name} store`, async t => {
    t.test('an entry is kept with everything that it says', async t => {
      const subject = await open(t)
      const poor: JournalEntry = {
        ...ENTRY,
        sha256: undefined,
        outcome: 'refused',
        code: 'no-rule',
        rule: undefined,
        identity: undefined,
        trustDigest: undefined,
      }
      subject.store.journal.record(ENTRY)
      subject.store.journal.record(poor)
      t.strictSame(await subject.journal(), [
        { ...ENTRY, count: 1 },
        { ...poor, count: 1 },
      ])
      await subject.reopen?.()
      t.strictSame(await subject.journal(), [
        { ...ENTRY, count: 1 },
        { ...poor, count: 1 },
      ])
    })
    t.test('no hit is lost, whether hits share a row or not', async t => {
      const subject = await open(t)
      for (let hit = 0; hit < 100; hit += 1) subject.store.journal.record({ ...ENTRY, at: instant(START + hit) })
      await subject.store.journal.flush()
      subject.store.journal.record({ ...ENTRY, at: instant(START + 999) })
      t.equal(
        (await subject.journal()).reduce((sum, { count }) => sum + count, 0),
        101,
      )
    })
    t.test('entries that differ in anything never share a row', async t => {
      const subject = await open(t)
      const changes: readonly Partial<JournalEntry>[] = [
        {},
        { at: instant(START + 1_000) },
        { filename: 'x' },
        { project: 'x' },
        { sha256: sha256Of('x') },
        { outcome: 'refused' },
        { code: 'optional' },
        { rule: 'defaults' },
        { identity: undefined },
        { identity: { issuer: 'i', san: 's', repository: 'r', workflow: 'w', ref: undefined } },
        { policyDigest: sha256Of('x') },
        { trustDigest: undefined },
        { client: '192.0.2.2' },
      ]
      for (const change of changes) subject.store.journal.record({ ...ENTRY, ...change })
      t.strictSame(
        await subject.journal(),
        changes.map(change => ({ ...ENTRY, ...change, count: 1 })),
      )
    })
  })

  t.test(`refusals of a ${name} store`, async t => {
    t.test('a refusal comes back whole under its id', async t => {
      const subject = await open(t)
      const poor: Refused = {
        ...REFUSED,
        code: 'digest-missing',
        rule: undefined,
        identity: undefined,
        admitWith: undefined,
        file: { ...REFUSED.file, lookalike: 'acme-core', version: undefined, sha256: undefined },
        watched: true,
        letThrough: { at: START, policyDigest: 'earlier' },
        steps: [],
      }
      subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
      subject.store.refusals.put('bbbbbbbbbbbb', poor, instant(START + 1))
      for (const round of [1, 2]) {
        t.strictSame(
          await subject.store.refusals.get('aaaaaaaaaaaa'),
          { refused: REFUSED, at: START },
          `round ${round}`,
        )
        t.strictSame(
          await subject.store.refusals.get('bbbbbbbbbbbb'),
          { refused: poor, at: START + 1 },
          `round ${round}`,
        )
        t.equal(await subject.store.refusals.get('cccccccccccc'), undefined)
        await subject.reopen?.()
      }
    })
    t.test('kept again, it has the newer time', async t => {
      const subject = await open(t)
      subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
      await subject.reopen?.()
      subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, instant(START + 9))
      await subject.reopen?.()
      t.equal((await subject.store.refusals.get('aaaaaaaaaaaa'))?.at, START + 9)
    })
  })

  t.test(`the watermark of a ${name} store`, async t => {
    t.test('begins at zero, only rises, and outlives a restart', async t => {
      const subject = await open(t)
      t.equal(subject.store.watermark.newest(), 0)
      subject.store.watermark.raise(START)
      subject.store.watermark.raise(instant(START - 1))
      t.equal(subject.store.watermark.newest(), START)
      await subject.reopen?.()
      t.equal(subject.store.watermark.newest(), START)
    })
    t.test('is not raised by a clock that was a year ahead for a moment, whatever it wrote down', async t => {
      const subject = await open(t)
      subject.store.watermark.raise(START)
      const ahead = instant(START + 365 * 86_400_000)
      subject.store.journal.record({ ...ENTRY, at: ahead })
      await (await subject.memory()).learn(PKG, pageOf([], ahead))
      t.equal(subject.store.watermark.newest(), START)
      await subject.reopen?.()
      t.equal(subject.store.watermark.newest(), START)
      subject.store.watermark.raise(instant(START + 1))
      t.equal(subject.store.watermark.newest(), START + 1)
    })
    const learning =
      (facts: Facts) =>
      async (subject: Subject): Promise<void> =>
        void (await (await subject.memory()).learn(PKG, facts))
    const recordings: Readonly<Record<string, (subject: Subject) => Promise<void>>> = {
      'a finding': learning({ findings: [found()] }),
      'a proof': learning({ proofs: [proved()] }),
      'a page': learning(pageOf([])),
      'a page that is read again': learning({ ...pageOf([], instant(START - 9)), reread: START }),
      'a verdict': async ({ store }) => store.journal.record(ENTRY),
      'a refusal': async ({ store }) => store.refusals.put('aaaaaaaaaaaa', REFUSED, START),
    }
    for (const [what, record] of Object.entries(recordings))
      t.test(`is raised by ${what} that is recorded`, async t => {
        const subject = await open(t)
        await record(subject)
        t.equal(subject.store.watermark.newest(), START)
        await subject.reopen?.()
        t.equal(subject.store.watermark.newest(), START)
      })
  })

  t.test(`a ${name} store that is well`, async t => {
    const subject = await open(t)
    await t.resolves(subject.store.probe())
    subject.store.journal.record(ENTRY)
    await t.resolves(subject.store.probe())
    await t.resolves(subject.store.close())
    await t.resolves(subject.store.close(), 'twice')
  })
}

storeConformance(t, 'memory', memorySubject)
storeConformance(t, 'SQLite', diskSubject)

t.test('over PostgreSQL', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  storeConformance(t, 'PostgreSQL', async t => await sharedSubject(t, await cluster.database()))
})
